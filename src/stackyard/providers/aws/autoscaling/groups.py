"""Groups of instances. The id is the name.

A group is made once it runs as many instances as it wants, unless `waitForCapacityTimeout` is `0`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from stackyard import errors
from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Properties, Value
from stackyard.providers.aws import connections, shapes
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming

NAMES: Final = {
    "arn": "AutoScalingGroupARN",
    "initialLifecycleHooks": "LifecycleHookSpecificationList",
    "initialLifecycleHooks.name": "LifecycleHookName",
    "initialLifecycleHooks.notificationTargetArn": "NotificationTargetARN",
    "initialLifecycleHooks.roleArn": "RoleARN",
    "launchConfiguration": "LaunchConfigurationName",
    "launchTemplate.id": "LaunchTemplateId",
    "launchTemplate.name": "LaunchTemplateName",
    "loadBalancers": "LoadBalancerNames",
    "name": "AutoScalingGroupName",
    "protectFromScaleIn": "NewInstancesProtectedFromScaleIn",
    "targetGroupArns": "TargetGroupARNs",
    "vpcZoneIdentifiers": "VPCZoneIdentifier",
}
# Each of these has calls of its own once the group is there.
_APART: Final = (
    "enabledMetrics",
    "initialLifecycleHooks",
    "loadBalancers",
    "metricsGranularity",
    "suspendedProcesses",
    "tags",
    "targetGroupArns",
    "trafficSources",
    "warmPool",
)
# What says how things are done, and is no setting of the group.
_MANNERS: Final = (
    "forceDelete",
    "forceDeleteWarmPool",
    "ignoreFailedScalingActivities",
    "instanceRefresh",
    "waitForCapacityTimeout",
)
_LAUNCHES: Final = ("launchConfiguration", "launchTemplate", "mixedInstancesPolicy")
_LATE: Final = ("Invalid IAM Instance Profile", "is not authorized", "assume the service linked role")
_UNITS: Final = {"h": 3600, "m": 60, "s": 1}


class Group(Kind):
    """`aws:autoscaling/group:Group`."""

    naming = Naming()
    defaults = fixed(
        forceDelete=False,
        forceDeleteWarmPool=False,
        ignoreFailedScalingActivities=False,
        metricsGranularity="1Minute",
        protectFromScaleIn=False,
        waitForCapacityTimeout="10m",
    )
    replaces = ("name", "namePrefix")
    sets = (
        "availabilityZones",
        "enabledMetrics",
        "loadBalancers",
        "suspendedProcesses",
        "tags",
        "targetGroupArns",
        "trafficSources",
        "vpcZoneIdentifiers",
    )
    computed = (
        "availabilityZoneDistribution",
        "availabilityZones",
        "capacityReservationSpecification",
        "defaultCooldown",
        "defaultInstanceWarmup",
        "desiredCapacity",
        "desiredCapacityType",
        "healthCheckGracePeriod",
        "healthCheckType",
        "instanceLifecyclePolicy",
        "launchTemplate.id",
        "launchTemplate.name",
        "launchTemplate.version",
        "loadBalancers",
        "maxInstanceLifetime",
        "mixedInstancesPolicy.instancesDistribution",
        "serviceLinkedRoleArn",
        "targetGroupArns",
        "terminationPolicies",
        "trafficSources",
        "vpcZoneIdentifiers",
    )
    volatile = ("predictedCapacity", "warmPoolSize")
    unsupported = ("minElbCapacity", "waitForElbCapacity")
    waits_gone = True

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        if not any(inputs.get(name) for name in _LAUNCHES):
            yield CheckFailure("launchTemplate", f"a group needs one of {', '.join(_LAUNCHES)}")
        text = inputs.get("waitForCapacityTimeout")
        if text is not UNKNOWN and _seconds(text) is None:
            yield CheckFailure("waitForCapacityTimeout", f"{text!r} is not a duration such as 10m or 0")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        wanted = {name: value for name, value in inputs.items() if name not in _MANNERS}
        said = self._said(aws, "create_auto_scaling_group", wanted)
        if inputs.get("tags"):
            said["Tags"] = [_tag(inputs["name"], each) for each in inputs["tags"]]
        aws.persist(lambda: aws.autoscaling.create_auto_scaling_group(**said), *_LATE)
        return cast("str", inputs["name"])

    def _said(self, aws: Aws, operation: str, wanted: Properties) -> dict[str, Any]:
        given = {name: value for name, value in wanted.items() if name != "tags"}
        if given.get("vpcZoneIdentifiers"):
            given["vpcZoneIdentifiers"] = ",".join(given["vpcZoneIdentifiers"])
        return shapes.request(shapes.model(aws.autoscaling, operation).input_shape, given, NAMES)

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        self._watch(aws, id, [], inputs)
        self._suspend(aws, id, [], inputs.get("suspendedProcesses"))
        if inputs.get("warmPool"):
            self._warm(aws, id, inputs["warmPool"])
        self._fill_up(aws, id, inputs)

    def _fill_up(self, aws: Aws, id: str, inputs: Properties) -> None:
        """Wait until as many instances serve as are wanted."""
        seconds = _seconds(inputs.get("waitForCapacityTimeout")) or 0
        if seconds:
            aws.wait(f"instances of group {id}", lambda: self._is_full(aws, id, inputs), seconds)

    def _is_full(self, aws: Aws, id: str, inputs: Properties) -> bool:
        found = _described(aws, id) or {}
        serving = [
            each
            for each in found.get("Instances") or ()
            if each.get("LifecycleState") == "InService" and str(each.get("HealthStatus", "")).lower() == "healthy"
        ]
        weights = sum(int(each.get("WeightedCapacity") or 1) for each in serving)
        wanted = found.get("DesiredCapacity") or found.get("MinSize") or 0
        if weights < wanted and not inputs.get("ignoreFailedScalingActivities"):
            self._refuse_failure(aws, id)
        return weights >= wanted

    def _refuse_failure(self, aws: Aws, id: str) -> None:
        """What keeps instances from starting is said, and not waited for."""
        activities = aws.autoscaling.describe_scaling_activities(AutoScalingGroupName=id, MaxRecords=5)["Activities"]
        failed = next((each for each in activities if each.get("StatusCode") == "Failed"), None)
        if failed:
            reason = failed.get("StatusMessage") or failed.get("Cause") or "no reason was given"
            raise errors.ProviderError(f"{self.token}: {id}: an instance could not be started: {reason}")

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = _described(aws, id)
        if found is None:
            return None
        members = {name: type_ for name, type_ in self.schema.outputs.items() if name not in (*_APART, *_MANNERS)}
        outputs = shapes.properties(self.schema, members, found, NAMES)
        subnets = str(found.get("VPCZoneIdentifier") or "")
        outputs["vpcZoneIdentifiers"] = sorted(filter(None, subnets.split(",")))
        if not found.get("LaunchTemplate"):
            outputs["launchTemplate"] = None
        return {**outputs, **_derived(found, known)}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        old, new = change.old, change.new
        wanted = {name: new[name] for name in change.keys if name in new and name not in (*_APART, *_MANNERS)}
        said = self._said(aws, "update_auto_scaling_group", wanted)
        if said:
            aws.persist(lambda: aws.autoscaling.update_auto_scaling_group(AutoScalingGroupName=id, **said), *_LATE)
        for name, (verb, member) in _ATTACHED.items():
            if change.any(name):
                self._attach(aws, id, (verb, member), old.get(name) or [], new.get(name) or [])
        self._rest(aws, id, change)
        if change.any("desiredCapacity", "minSize", "maxSize"):
            self._fill_up(aws, id, new)

    def _rest(self, aws: Aws, id: str, change: Change) -> None:
        old, new = change.old, change.new
        if change.any("tags"):
            self._tag(aws, id, old.get("tags") or [], new.get("tags") or [])
        if change.any("initialLifecycleHooks"):
            for each in new.get("initialLifecycleHooks") or ():
                said = self._said(aws, "create_auto_scaling_group", {"initialLifecycleHooks": [each]})
                hook = said["LifecycleHookSpecificationList"][0]
                aws.autoscaling.put_lifecycle_hook(AutoScalingGroupName=id, **hook)
        if change.any("enabledMetrics", "metricsGranularity"):
            self._watch(aws, id, old.get("enabledMetrics") or [], new)
        if change.any("suspendedProcesses"):
            self._suspend(aws, id, old.get("suspendedProcesses"), new.get("suspendedProcesses"))
        if change.any("warmPool"):
            if new.get("warmPool"):
                self._warm(aws, id, new["warmPool"])
            else:
                aws.autoscaling.delete_warm_pool(AutoScalingGroupName=id, ForceDelete=bool(new["forceDeleteWarmPool"]))
        refresh = new.get("instanceRefresh")
        if refresh and change.any(*_LAUNCHES, *(refresh.get("triggers") or ())):
            self._refresh(aws, id, refresh)

    def _attach(self, aws: Aws, id: str, how: tuple[str, str], old: list[Any], new: list[Any]) -> None:
        verb, member = how
        for operation, values in ((f"detach_{verb}", _less(old, new)), (f"attach_{verb}", _less(new, old))):
            for batch in _batches(values):
                getattr(aws.autoscaling, operation)(**{"AutoScalingGroupName": id, member: batch})

    def _tag(self, aws: Aws, id: str, old: list[Properties], new: list[Properties]) -> None:
        lost = [each for each in old if each["key"] not in {tag["key"] for tag in new}]
        if lost:
            aws.autoscaling.delete_tags(Tags=[_tag(id, each) for each in lost])
        if _less(new, old):
            aws.autoscaling.create_or_update_tags(Tags=[_tag(id, each) for each in _less(new, old)])

    def _watch(self, aws: Aws, id: str, old: list[Any], inputs: Properties) -> None:
        new = inputs.get("enabledMetrics") or []
        if _less(old, new):
            aws.autoscaling.disable_metrics_collection(AutoScalingGroupName=id, Metrics=_less(old, new))
        if new:
            aws.autoscaling.enable_metrics_collection(
                AutoScalingGroupName=id, Granularity=inputs["metricsGranularity"], Metrics=new
            )

    def _suspend(self, aws: Aws, id: str, old: Value, new: Value) -> None:
        had, wanted = set(old or ()), set(new or ())
        if had - wanted:
            aws.autoscaling.resume_processes(AutoScalingGroupName=id, ScalingProcesses=sorted(had - wanted))
        if wanted - had:
            aws.autoscaling.suspend_processes(AutoScalingGroupName=id, ScalingProcesses=sorted(wanted - had))

    def _warm(self, aws: Aws, id: str, pool: Properties) -> None:
        said = shapes.request(shapes.model(aws.autoscaling, "put_warm_pool").input_shape, pool, {})
        aws.autoscaling.put_warm_pool(AutoScalingGroupName=id, **said)

    def _refresh(self, aws: Aws, id: str, wanted: Properties) -> None:
        shape = shapes.model(aws.autoscaling, "start_instance_refresh").input_shape
        said = shapes.request(shape, {n: v for n, v in wanted.items() if n != "triggers"}, {})
        aws.persist(
            lambda: aws.autoscaling.start_instance_refresh(AutoScalingGroupName=id, **said),
            "InstanceRefreshInProgress",
            timeout=aws.timeout,
        )

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        forced = known.get("forceDelete") is True
        found = _described(aws, id)
        if found is None:
            return
        if found.get("WarmPoolConfiguration"):
            lost = forced or known.get("forceDeleteWarmPool") is True
            aws.autoscaling.delete_warm_pool(AutoScalingGroupName=id, ForceDelete=lost)
            aws.wait(f"warm pool of {id}", lambda: not (_described(aws, id) or {}).get("WarmPoolConfiguration"))
        if not forced:
            aws.autoscaling.update_auto_scaling_group(AutoScalingGroupName=id, MinSize=0, MaxSize=0, DesiredCapacity=0)
            aws.wait(f"instances of {id} to end", lambda: not (_described(aws, id) or {}).get("Instances"))
        aws.persist(
            lambda: aws.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=id, ForceDelete=forced),
            "ResourceInUse",
            "ScalingActivityInProgress",
            timeout=aws.timeout,
        )

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return cast("str", inputs["name"])

    def handles(self, name: str) -> bool:
        """Whether a call has a member for an input; needs botocore's models, no credentials."""
        service = connections.model("autoscaling")
        shape = service.operation_model("CreateAutoScalingGroup").input_shape
        return (NAMES.get(name) or shapes.match(name, shape.members)) in shape.members


# Input → the calls that attach and detach, and their member.
_ATTACHED: Final = {
    "loadBalancers": ("load_balancers", "LoadBalancerNames"),
    "targetGroupArns": ("load_balancer_target_groups", "TargetGroupARNs"),
    "trafficSources": ("traffic_sources", "TrafficSources"),
}


def _described(aws: Aws, id: str) -> Mapping[str, Any] | None:
    groups = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[id])["AutoScalingGroups"]
    return groups[0] if groups else None


def _derived(found: Mapping[str, Any], known: Properties) -> Properties:
    """The outputs that are told in other forms; what an answer leaves out stays as it is recorded."""
    seen: Properties = {}
    if "EnabledMetrics" in found:
        seen["enabledMetrics"] = sorted(each["Metric"] for each in found["EnabledMetrics"])
    if "SuspendedProcesses" in found:
        seen["suspendedProcesses"] = sorted(each["ProcessName"] for each in found["SuspendedProcesses"])
    for name, (_, member) in _ATTACHED.items():
        if member in found:
            seen[name] = found[member]
    if seen.get("trafficSources"):
        seen["trafficSources"] = [{n.lower(): v for n, v in each.items()} for each in seen["trafficSources"]]
    pool = found.get("WarmPoolConfiguration")
    if pool:
        names = {"maxGroupPreparedCapacity": "MaxGroupPreparedCapacity", "minSize": "MinSize", "poolState": "PoolState"}
        seen["warmPool"] = {name: pool[member] for name, member in names.items() if member in pool}
        if "ReuseOnScaleIn" in (pool.get("InstanceReusePolicy") or {}):
            seen["warmPool"]["instanceReusePolicy"] = {"reuseOnScaleIn": pool["InstanceReusePolicy"]["ReuseOnScaleIn"]}
    stated = {each["key"] for each in known.get("tags") or ()}
    seen["tags"] = [
        {"key": each["Key"], "propagateAtLaunch": bool(each.get("PropagateAtLaunch")), "value": each.get("Value", "")}
        for each in found.get("Tags") or ()
        if each["Key"] in stated or not each["Key"].startswith("aws:")
    ]
    return seen


def _tag(group: Value, tag: Properties) -> dict[str, Any]:
    return {
        "Key": tag["key"],
        "PropagateAtLaunch": bool(tag.get("propagateAtLaunch")),
        "ResourceId": group,
        "ResourceType": "auto-scaling-group",
        "Value": tag.get("value", ""),
    }


def _less(these: list[Any], those: list[Any]) -> list[Any]:
    return [each for each in these if each not in those]


def _batches(values: list[Any]) -> Iterator[list[Any]]:
    """Ten at a time, as many as one call takes."""
    for start in range(0, len(values), 10):
        batch = values[start : start + 10]
        yield [{n.capitalize(): v for n, v in each.items()} if isinstance(each, dict) else each for each in batch]


def _seconds(text: Value) -> int | None:
    """A duration as Go writes it, in seconds; None when it is none."""
    if text in (None, "", "0"):
        return 0
    if not isinstance(text, str) or not re.fullmatch(r"(\d+[hms])+", text):
        return None
    return sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)([hms])", text))
