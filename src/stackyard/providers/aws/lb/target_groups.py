"""Target groups, and what is registered in them. A group's id is its ARN."""

from __future__ import annotations

from typing import Any, Final

from stackyard.model.values import Properties
from stackyard.providers.aws import schemas
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.lb import attributes
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, pairs

ATTRIBUTES: Final = {
    "connectionTermination": "deregistration_delay.connection_termination.enabled",
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "lambdaMultiValueHeadersEnabled": "lambda.multi_value_headers.enabled",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
    "loadBalancingAnomalyMitigation": "load_balancing.algorithm.anomaly_mitigation",
    "loadBalancingCrossZoneEnabled": "load_balancing.cross_zone.enabled",
    "preserveClientIp": "preserve_client_ip.enabled",
    "proxyProtocolV2": "proxy_protocol_v2.enabled",
    "slowStart": "slow_start.duration_seconds",
}
HEALTH: Final = {
    "enabled": "HealthCheckEnabled",
    "healthyThreshold": "HealthyThresholdCount",
    "interval": "HealthCheckIntervalSeconds",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "timeout": "HealthCheckTimeoutSeconds",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}
NUMBERS: Final = ("healthyThreshold", "interval", "timeout", "unhealthyThreshold")


class TargetGroup(Kind):
    """`aws:lb/targetGroup:TargetGroup`."""

    naming = Naming(limit=32)
    defaults = fixed(targetType="instance")
    replaces = ("name", "namePrefix", "ipAddressType", "port", "protocol", "protocolVersion", "targetType", "vpcId")
    computed = (
        "healthCheck",
        "healthCheck.matcher",
        *(f"healthCheck.{name}" for name in HEALTH),
        "ipAddressType",
        "protocolVersion",
        "stickiness",
        *ATTRIBUTES,
    )
    volatile = ("loadBalancerArns",)
    unsupported = ("targetControlPort", "targetFailovers", "targetGroupHealth", "targetHealthStates")
    tagging = Tagging("elbv2", by="id", add="add_tags", remove="remove_tags", read="describe_tags")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        optional = {
            "Protocol": inputs.get("protocol"),
            "ProtocolVersion": inputs.get("protocolVersion"),
            "Port": int(inputs["port"]) if inputs.get("port") else None,
            "VpcId": inputs.get("vpcId"),
            "IpAddressType": inputs.get("ipAddressType"),
            "Tags": pairs(inputs.get("tagsAll")),
            **_health(inputs),
        }
        given = {name: value for name, value in optional.items() if value not in (None, [], "")}
        made = aws.elbv2.create_target_group(Name=inputs["name"], TargetType=inputs["targetType"], **given)
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        self._tell(aws, id, inputs, frozenset(inputs))

    def _tell(self, aws: Aws, id: str, inputs: Properties, names: frozenset[str]) -> None:
        said = attributes.told(ATTRIBUTES, inputs, names)
        if "stickiness" in names and inputs.get("stickiness"):
            said += _stickiness(inputs["stickiness"])
        if said:
            aws.elbv2.modify_target_group_attributes(TargetGroupArn=id, Attributes=said)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.elbv2.describe_target_groups(TargetGroupArns=[id])["TargetGroups"][0]
        said = aws.elbv2.describe_target_group_attributes(TargetGroupArn=id)["Attributes"]
        health: Properties = {name: found[member] for name, member in HEALTH.items() if found.get(member) is not None}
        if found.get("Matcher"):
            health["matcher"] = found["Matcher"].get("HttpCode") or found["Matcher"].get("GrpcCode", "")
        outputs: Properties = {
            "arn": id,
            "arnSuffix": id.rpartition(":")[2],
            "healthCheck": health,
            "ipAddressType": found.get("IpAddressType", "ipv4"),
            "loadBalancerArns": sorted(found.get("LoadBalancerArns") or ()),
            "name": found["TargetGroupName"],
            "targetType": found["TargetType"],
            **attributes.seen(ATTRIBUTES, said, self.schema.outputs),
        }
        for name, member in (("protocol", "Protocol"), ("protocolVersion", "ProtocolVersion"), ("vpcId", "VpcId")):
            outputs |= {name: found[member]} if found.get(member) else {}
        return outputs | ({"port": found["Port"]} if found.get("Port") else {})

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.any("healthCheck"):
            aws.elbv2.modify_target_group(TargetGroupArn=id, **_health(change.new))
        self._tell(aws, id, change.new, change.keys)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.persist(lambda: aws.elbv2.delete_target_group(TargetGroupArn=id), "ResourceInUse")

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        found = aws.elbv2.describe_target_groups(Names=[inputs["name"]])["TargetGroups"]
        return str(found[0]["TargetGroupArn"]) if found else None


class TargetGroupAttachment(Kind):
    """`aws:lb/targetGroupAttachment:TargetGroupAttachment`; its id is `<group>|<target>|<port>`, our own."""

    naming = None
    replaces = ("targetGroupArn", "targetId", "port", "availabilityZone")
    unsupported = ("quicServerId",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.elbv2.register_targets(TargetGroupArn=inputs["targetGroupArn"], Targets=[_target(inputs)])
        return self._id(inputs)

    def _id(self, inputs: Properties) -> str:
        return f"{inputs['targetGroupArn']}|{inputs['targetId']}|{inputs.get('port') or ''}"

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return self._id(inputs)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        group, target, port = id.split("|")
        health = aws.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        for each in health:
            found, state = each["Target"], each.get("TargetHealth", {}).get("State", "")
            if found["Id"] == target and state != "draining" and (not port or str(found.get("Port")) == port):
                said: Properties = {"port": int(port)} if port else {}
                return {"targetGroupArn": group, "targetId": target, **said}
        return None

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """Every input replaces it."""

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        group, target, port = id.split("|")
        said = {"Id": target, **({"Port": int(port)} if port else {})}
        aws.elbv2.deregister_targets(TargetGroupArn=group, Targets=[said])


def _target(inputs: Properties) -> dict[str, Any]:
    said = {
        "Port": int(inputs["port"]) if inputs.get("port") else None,
        "AvailabilityZone": inputs.get("availabilityZone"),
    }
    return {"Id": inputs["targetId"], **{name: value for name, value in said.items() if value}}


def _health(inputs: Properties) -> dict[str, Any]:
    health = inputs.get("healthCheck") or {}
    said: dict[str, Any] = {
        member: int(health[name]) if name in NUMBERS else health[name]
        for name, member in HEALTH.items()
        if health.get(name) not in (None, "")
    }
    if health.get("matcher"):
        code = "GrpcCode" if inputs.get("protocolVersion") == "GRPC" else "HttpCode"
        said["Matcher"] = {code: health["matcher"]}
    return said


def _stickiness(wanted: Properties) -> list[dict[str, str]]:
    kind = wanted.get("type", "lb_cookie")
    keys = {"enabled": "stickiness.enabled", "type": "stickiness.type"}
    if kind in ("lb_cookie", "app_cookie"):
        keys["cookieDuration"] = f"stickiness.{kind}.duration_seconds"
    if kind == "app_cookie":
        keys["cookieName"] = "stickiness.app_cookie.cookie_name"
    return attributes.told(keys, {"enabled": True, **wanted, "type": schemas.coerce(kind, "string")}, keys)
