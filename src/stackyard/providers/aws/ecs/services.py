"""Services: tasks that are kept running. The id is the ARN; an import is by `<cluster>/<name>`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging

_WHERE: Final = given(cluster="$cluster", service="$id")
_DEPLOYMENT: Final = (
    "alarms",
    "deploymentCircuitBreaker",
    "deploymentMaximumPercent",
    "deploymentMinimumHealthyPercent",
)
_CONNECT: Final = "serviceConnectConfiguration.services"
_APART: Final = ("forceDelete", "forceNewDeployment", "triggers", "waitForSteadyState", "tags", "tagsAll")


class Service(Table):
    """`aws:ecs/service:Service`."""

    service = "ecs"
    naming = Naming(limit=255)
    names = given(
        arn="serviceArn",
        capacityProviderStrategies="capacityProviderStrategy",
        cluster="clusterArn",
        iamRole="role",
        name="serviceName",
        orderedPlacementStrategies="placementStrategy",
        **{
            "loadBalancers.elbName": "loadBalancerName",
            "volumeConfiguration.managedEbsVolume.sizeInGb": "sizeInGiB",
            f"{_CONNECT}.clientAlias": "clientAliases",
            f"{_CONNECT}.tls.issuerCertAuthority": "issuerCertificateAuthority",
        },
    )
    id = "serviceArn"
    defaults = fixed(
        enableEcsManagedTags=False, enableExecuteCommand=False, schedulingStrategy="REPLICA", waitForSteadyState=False
    )
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
        "deploymentCircuitBreaker",
        "deploymentConfiguration",
        "deploymentController",
        "deploymentMaximumPercent",
        "deploymentMinimumHealthyPercent",
        "desiredCount",
        "iamRole",
        "launchType",
        "platformVersion",
        "propagateTags",
        "triggers",
    )
    unsupported = ("sigintRollback",)
    tagging = Tagging("ecs", by="id", read="")
    waits_gone = True
    making = Call("create_service", given(cluster="$cluster"), at="service")
    reading = Call("describe_services", given(cluster="$cluster", services=["$id"], include=["TAGS"]), at="services[0]")
    changing = (Call("update_service", _WHERE, at="service"),)

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        if inputs.get("schedulingStrategy") == "DAEMON" and inputs.get("desiredCount"):
            yield CheckFailure("desiredCount", "is not for services of the DAEMON strategy")
        if inputs.get("launchType") and inputs.get("capacityProviderStrategies"):
            yield CheckFailure("launchType", "cannot go with capacityProviderStrategies")

    def same(self, key: str, left: Value, right: Value) -> bool:
        """Clusters, roles and definitions are named by ARN or without its beginning."""
        named = key in ("cluster", "iamRole", "taskDefinition")
        return named and str(left).rpartition("/")[2] == str(right).rpartition("/")[2]

    def sent(self, inputs: Properties) -> Properties:
        network, registry = inputs.get("networkConfiguration"), inputs.get("serviceRegistries")
        shaped = {k: v for k, v in inputs.items() if k not in (*_DEPLOYMENT, *_APART, "cluster")}
        if network:
            public = "ENABLED" if network.get("assignPublicIp") else "DISABLED"
            shaped["networkConfiguration"] = {"awsvpcConfiguration": {**network, "assignPublicIp": public}}
        if registry:
            shaped["serviceRegistries"] = [registry]
        if inputs.get("schedulingStrategy") != "DAEMON":
            shaped["desiredCount"] = inputs.get("desiredCount") or 0
        rollout = {**(inputs.get("deploymentConfiguration") or {}), **_rollout(inputs)}
        return {**shaped, "deploymentConfiguration": rollout}

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs["waitForSteadyState"]:
            aws.wait(f"steady state of {id}", lambda: self._is_steady(aws, id, inputs))

    def _is_steady(self, aws: Aws, id: str, inputs: Properties) -> bool:
        found = self.call(aws, self.reading, self.arguments(aws, self.reading, {**inputs, "id": id}, {})) or {}
        return len(found.get("deployments") or ()) == 1 and found.get("runningCount") == found.get("desiredCount")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        """A role that was made a moment ago cannot be assumed everywhere at once."""
        return aws.persist(
            lambda: super(Service, self).create(aws, inputs, token), "Unable to assume role", "verify that the ECS"
        )

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        parts = id.rpartition("service/")[2].split("/")
        cluster = parts[0] if len(parts) > 1 else known.get("cluster") or "default"
        which = id if id.startswith("arn:") else parts[-1]
        found = super().read(aws, which, {**known, "cluster": cluster})
        return None if found is None or found.pop("status") == "INACTIVE" else found

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        rollout = found.get("deploymentConfiguration") or {}
        network = (found.get("networkConfiguration") or {}).get("awsvpcConfiguration")
        breaker, alarms = rollout.get("deploymentCircuitBreaker"), rollout.get("alarms")
        return {
            **{name: value for name, value in outputs.items() if name not in ("triggers", "deploymentConfiguration")},
            "id": found["serviceArn"],
            "alarms": alarms if alarms and alarms.get("alarmNames") else None,
            "deploymentCircuitBreaker": breaker,
            "deploymentMaximumPercent": rollout.get("maximumPercent"),
            "deploymentMinimumHealthyPercent": rollout.get("minimumHealthyPercent"),
            "iamRole": found.get("roleArn", ""),
            "networkConfiguration": _network(network) if network else None,
            "status": found.get("status"),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        keys = change.keys - {"forceDelete", "waitForSteadyState"}
        if keys:
            inputs = {k: v for k, v in change.new.items() if k not in ("launchType", "schedulingStrategy")}
            arguments = self.arguments(aws, self.changing[0], {**change.new, "id": id}, inputs)
            if change.new["schedulingStrategy"] == "DAEMON" or not change.any("desiredCount"):
                arguments.pop("desiredCount", None)
            for name, member in (("loadBalancers", "loadBalancers"), ("placementConstraints", "placementConstraints"),
                                 ("orderedPlacementStrategies", "placementStrategy"),
                                 ("serviceRegistries", "serviceRegistries")):  # fmt: skip
                if change.any(name) and not change.new.get(name):
                    arguments[member] = []
            force = change.any("triggers", "capacityProviderStrategies") or bool(change.new.get("forceNewDeployment"))
            aws.ecs.update_service(**arguments, forceNewDeployment=force)
        self.complete(aws, id, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        cluster, forced = known.get("cluster") or "default", known.get("forceDelete") is True
        if known.get("schedulingStrategy") != "DAEMON" and not forced and known.get("desiredCount"):
            aws.ecs.update_service(cluster=cluster, service=id, desiredCount=0)
        aws.ecs.delete_service(cluster=cluster, service=id, force=forced)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        cluster = str(inputs.get("cluster") or "default").rpartition("/")[2]
        return aws.arn("ecs", f"service/{cluster}/{inputs['name']}")


def _rollout(inputs: Properties) -> Properties:
    members = {
        "alarms": "alarms",
        "deploymentCircuitBreaker": "deploymentCircuitBreaker",
        "deploymentMaximumPercent": "maximumPercent",
        "deploymentMinimumHealthyPercent": "minimumHealthyPercent",
    }
    return {member: inputs[name] for name, member in members.items() if inputs.get(name) is not None}


def _network(answer: Mapping[str, Any]) -> Properties:
    return {
        "assignPublicIp": answer.get("assignPublicIp") == "ENABLED",
        "securityGroups": answer.get("securityGroups") or [],
        "subnets": answer.get("subnets") or [],
    }
