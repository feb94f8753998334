"""Services: tasks that ECS keeps running. The id is the ARN, in which the cluster's name stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard import errors
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging

_CONNECT: Final = "serviceConnectConfiguration.services"
_BEHAVIOUR: Final = {
    "alarms": "alarms",
    "deploymentCircuitBreaker": "deploymentCircuitBreaker",
    "deploymentMaximumPercent": "maximumPercent",
    "deploymentMinimumHealthyPercent": "minimumHealthyPercent",
}
# Inputs that are not members of a call, or are put together with others.
_APART: Final = (
    *_BEHAVIOUR,
    "forceDelete",
    "iamRole",
    "networkConfiguration",
    "triggers",
    "waitForSteadyState",
)
_LATE: Final = (
    "Unable to assume the service linked role",
    "unable to assume",
    "does not have an associated load balancer",
    "Please verify that the ECS service role",
)


class Service(Table):
    """`aws:ecs/service:Service`."""

    service = "ecs"
    naming = Naming(prefix="")
    names = given(
        **{
            "arn": "serviceArn",
            "capacityProviderStrategies": "capacityProviderStrategy",
            "enableEcsManagedTags": "enableECSManagedTags",
            "iamRole": "role",
            "loadBalancers.elbName": "loadBalancerName",
            "name": "serviceName",
            "orderedPlacementStrategies": "placementStrategy",
            "volumeConfiguration.managedEbsVolume.sizeInGb": "sizeInGiB",
            f"{_CONNECT}.clientAlias": "clientAliases",
            f"{_CONNECT}.tls.issuerCertAuthority": "issuerCertificateAuthority",
        }
    )
    id = "serviceArn"
    replaces = ("cluster", "deploymentController", "iamRole", "launchType", "name", "schedulingStrategy")
    sets = (
        "capacityProviderStrategies",
        "loadBalancers",
        "networkConfiguration.securityGroups",
        "networkConfiguration.subnets",
        "placementConstraints",
    )
    computed = (
        "availabilityZoneRebalancing",
        "cluster",
        "deploymentConfiguration",
        "deploymentConfiguration.strategy",
        "deploymentConfiguration.bakeTimeInMinutes",
        "deploymentController",
        "deploymentMaximumPercent",
        "deploymentMinimumHealthyPercent",
        "healthCheckGracePeriodSeconds",
        "iamRole",
        "launchType",
        "networkConfiguration.assignPublicIp",
        "platformVersion",
        "propagateTags",
        "schedulingStrategy",
        "triggers",
    )
    unsupported = ("sigintRollback",)
    # A service that drains is not there for its name either.
    gone = ("ClusterNotFoundException", "ServiceNotActiveException")
    tagging = Tagging("ecs")
    making = Call("create_service", at="service")
    reading = Call("describe_services", at="services[0]")
    removing = Call("delete_service")
    waits_gone = True

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        if "desiredCount" not in inputs and inputs.get("schedulingStrategy") != "DAEMON":
            inputs = {**inputs, "desiredCount": 0}
        return aws.persist(lambda: super(Service, self).create(aws, inputs, token), *_LATE)

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs.get("waitForSteadyState") is True:
            aws.wait(f"service {id} to be steady", lambda: self._is_steady(aws, id))

    def _is_steady(self, aws: Aws, id: str) -> bool:
        found = aws.ecs.describe_services(cluster=_cluster(id), services=[id])["services"][0]
        failed = [each for each in found["deployments"] if each.get("rolloutState") == "FAILED"]
        if failed:
            reason = failed[0].get("rolloutStateReason", "no reason was given")
            raise errors.ProviderError(f"{self.token}: the deployment of {id} failed: {reason}")
        return len(found["deployments"]) == 1 and bool(found["runningCount"] == found["desiredCount"])

    def sent(self, inputs: Properties) -> Properties:
        found = {name: value for name, value in inputs.items() if name not in _APART}
        if inputs.get("iamRole"):
            found["iamRole"] = inputs["iamRole"]
        behaviour = {**(inputs.get("deploymentConfiguration") or {})}
        behaviour |= {member: inputs[name] for name, member in _BEHAVIOUR.items() if inputs.get(name) is not None}
        if behaviour:
            found["deploymentConfiguration"] = behaviour
        if inputs.get("networkConfiguration"):
            network = inputs["networkConfiguration"]
            public = "ENABLED" if network.get("assignPublicIp") is True else "DISABLED"
            found["networkConfiguration"] = {"awsvpcConfiguration": {**network, "assignPublicIp": public}}
        return found

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        arn = id if id.startswith("arn:") else aws.arn("ecs", f"service/{id}")
        answer = aws.ecs.describe_services(cluster=_cluster(arn), services=[arn], include=["TAGS"])
        found = next(iter(answer["services"]), None)
        if found is None or found["status"] == "INACTIVE":
            return None
        return self._outputs(found, known)

    def _outputs(self, found: Mapping[str, Any], known: Properties) -> Properties:
        behaviour = found.get("deploymentConfiguration") or {}
        network = (found.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
        cluster = str(found["clusterArn"])
        same = known.get("cluster") in (cluster, cluster.rpartition("/")[2])
        seen: Properties = {
            "arn": found["serviceArn"],
            "availabilityZoneRebalancing": found.get("availabilityZoneRebalancing"),
            "capacityProviderStrategies": found.get("capacityProviderStrategy") or [],
            "cluster": known["cluster"] if same else cluster,
            "deploymentCircuitBreaker": behaviour.get("deploymentCircuitBreaker"),
            "deploymentController": found.get("deploymentController"),
            "deploymentMaximumPercent": behaviour.get("maximumPercent"),
            "deploymentMinimumHealthyPercent": behaviour.get("minimumHealthyPercent"),
            "desiredCount": found["desiredCount"],
            "enableEcsManagedTags": bool(found.get("enableECSManagedTags")),
            "enableExecuteCommand": bool(found.get("enableExecuteCommand")),
            "healthCheckGracePeriodSeconds": found.get("healthCheckGracePeriodSeconds", 0),
            "id": found["serviceArn"],
            "launchType": found.get("launchType"),
            "loadBalancers": [_balanced(each) for each in found.get("loadBalancers") or ()],
            "name": found["serviceName"],
            "orderedPlacementStrategies": found.get("placementStrategy") or [],
            "placementConstraints": found.get("placementConstraints") or [],
            "platformVersion": found.get("platformVersion"),
            "propagateTags": found.get("propagateTags"),
            "schedulingStrategy": found.get("schedulingStrategy"),
            "serviceRegistries": next(iter(found.get("serviceRegistries") or ()), None),
            "taskDefinition": _told(str(found.get("taskDefinition", "")), known.get("taskDefinition")),
        }
        if network:
            seen["networkConfiguration"] = {
                "assignPublicIp": network.get("assignPublicIp") == "ENABLED",
                "securityGroups": sorted(network.get("securityGroups") or ()),
                "subnets": sorted(network.get("subnets") or ()),
            }
        alarms = behaviour.get("alarms")
        return {**seen, **({"alarms": alarms} if alarms and alarms.get("alarmNames") else {})}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        call = Call("update_service", given(cluster=_cluster(id), service=id))
        wanted = {name: value for name, value in change.new.items() if name in change.keys}
        if change.any(*_BEHAVIOUR, "deploymentConfiguration"):
            wanted |= {n: change.new[n] for n in (*_BEHAVIOUR, "deploymentConfiguration") if n in change.new}
        if change.new.get("forceNewDeployment") is True:
            wanted["forceNewDeployment"] = True
        said = self.arguments(aws, call, {}, wanted)
        for name, member in {"loadBalancers": "loadBalancers", "serviceRegistries": "serviceRegistries"}.items():
            if change.any(name) and not change.new.get(name):
                said[member] = []
        said.pop("role", None)
        aws.persist(lambda: aws.ecs.update_service(**said), *_LATE)
        self.complete(aws, id, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        cluster = _cluster(id)
        if known.get("schedulingStrategy") != "DAEMON" and known.get("desiredCount"):
            aws.ecs.update_service(cluster=cluster, service=id, desiredCount=0)
        force = {"force": True} if known.get("forceDelete") is True else {}
        aws.persist(
            lambda: aws.ecs.delete_service(cluster=cluster, service=id, **force),
            "DependencyViolation",
            "The service cannot be stopped while",
        )

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        cluster = str(inputs.get("cluster") or "default").rpartition("/")[2]
        return aws.arn("ecs", f"service/{cluster}/{inputs['name']}")


def _cluster(arn: str) -> str:
    """The name of the cluster in the ARN of a service."""
    parts = arn.rpartition(":")[2].split("/")
    return parts[1] if len(parts) > 2 else "default"


def _balanced(found: Mapping[str, Any]) -> Properties:
    """A load balancer, whose classic name has another word."""
    rest = {name: value for name, value in found.items() if name != "loadBalancerName"}
    return {**rest, "elbName": found.get("loadBalancerName", "")}


def _told(arn: str, given_: Any) -> str:
    """The task definition in the program's spelling: its ARN, `family:revision`, or its family."""
    short = arn.rpartition("/")[2]
    return str(given_) if given_ in (arn, short, short.rpartition(":")[0]) else arn
