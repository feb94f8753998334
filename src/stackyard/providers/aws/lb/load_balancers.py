"""Load balancers. The id is the ARN."""

from __future__ import annotations

from typing import Any, Final

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.lb import attributes
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, pairs

ATTRIBUTES: Final = {
    "clientKeepAlive": "client_keep_alive.seconds",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "dnsRecordClientRoutingPolicy": "dns_record.client_routing_policy",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableHttp2": "routing.http2.enabled",
    "enableTlsVersionAndCipherSuiteHeaders": "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
    "enableWafFailOpen": "waf.fail_open.enabled",
    "enableXffClientPort": "routing.http.xff_client_port.enabled",
    "enableZonalShift": "zonal_shift.config.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
}
LOGS: Final = {
    "enabled": "access_logs.s3.enabled",
    "bucket": "access_logs.s3.bucket",
    "prefix": "access_logs.s3.prefix",
}


class LoadBalancer(Kind):
    """`aws:lb/loadBalancer:LoadBalancer`."""

    naming = Naming(limit=32)
    defaults = fixed(loadBalancerType="application")
    replaces = ("name", "namePrefix", "internal", "loadBalancerType")
    sets = ("securityGroups", "subnets", "subnetMappings")
    computed = ("accessLogs", "internal", "ipAddressType", "securityGroups", "subnetMappings", "subnets", *ATTRIBUTES)
    unsupported = (
        "connectionLogs",
        "customerOwnedIpv4Pool",
        "enablePrefixForIpv6SourceNat",
        "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
        "healthCheckLogs",
        "ipamPools",
        "minimumLoadBalancerCapacity",
        "secondaryIpsAutoAssignedPerSubnet",
    )
    tagging = Tagging("elbv2", by="id", add="add_tags", remove="remove_tags", read="describe_tags")

    def check(self, inputs: Properties) -> list[CheckFailure]:
        kinds = ("application", "network", "gateway", UNKNOWN)
        wrong = inputs.get("loadBalancerType") not in kinds
        return [CheckFailure("loadBalancerType", "must be application, network or gateway")] if wrong else []

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        optional = {
            "Subnets": inputs.get("subnets"),
            "SubnetMappings": _mappings(inputs),
            "SecurityGroups": inputs.get("securityGroups"),
            "IpAddressType": inputs.get("ipAddressType"),
            "Tags": pairs(inputs.get("tagsAll")),
        }
        scheme = "internal" if inputs.get("internal") is True else "internet-facing"
        given = {name: value for name, value in optional.items() if value}
        if given.get("SubnetMappings"):
            given.pop("Subnets", None)
        made = aws.elbv2.create_load_balancer(
            Name=inputs["name"], Type=inputs["loadBalancerType"], Scheme=scheme, **given
        )
        return str(made["LoadBalancers"][0]["LoadBalancerArn"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"load balancer {id} to be active", lambda: _described(aws, id)["State"]["Code"] == "active")
        self._tell(aws, id, inputs, frozenset(inputs))

    def _tell(self, aws: Aws, id: str, inputs: Properties, names: frozenset[str]) -> None:
        said = attributes.told(ATTRIBUTES, inputs, names)
        if "accessLogs" in names:
            said += attributes.told(LOGS, inputs.get("accessLogs") or {"enabled": False}, LOGS)
        if said:
            aws.elbv2.modify_load_balancer_attributes(LoadBalancerArn=id, Attributes=said)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = _described(aws, id)
        said = aws.elbv2.describe_load_balancer_attributes(LoadBalancerArn=id)["Attributes"]
        values = {each["Key"]: each.get("Value", "") for each in said}
        zones = found.get("AvailabilityZones") or []
        logs = {"bucket": values.get(LOGS["bucket"], ""), "prefix": values.get(LOGS["prefix"], "")}
        return {
            "accessLogs": {**logs, "enabled": values.get(LOGS["enabled"]) == "true"},
            "arn": id,
            "arnSuffix": id.partition(":loadbalancer/")[2],
            "dnsName": found["DNSName"],
            "internal": found.get("Scheme") == "internal",
            "ipAddressType": found.get("IpAddressType", "ipv4"),
            "loadBalancerType": found["Type"],
            "name": found["LoadBalancerName"],
            "securityGroups": sorted(found.get("SecurityGroups") or ()),
            "subnets": sorted(zone["SubnetId"] for zone in zones),
            "vpcId": found.get("VpcId", ""),
            "zoneId": found["CanonicalHostedZoneId"],
            **attributes.seen(ATTRIBUTES, said, self.schema.outputs),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._tell(aws, id, change.new, change.keys)
        if change.any("securityGroups"):
            aws.elbv2.set_security_groups(LoadBalancerArn=id, SecurityGroups=change.new.get("securityGroups") or [])
        if change.any("subnets", "subnetMappings"):
            mappings = _mappings(change.new)
            places = {"SubnetMappings": mappings} if mappings else {"Subnets": change.new.get("subnets") or []}
            aws.elbv2.set_subnets(LoadBalancerArn=id, **places)
        if change.any("ipAddressType"):
            aws.elbv2.set_ip_address_type(LoadBalancerArn=id, IpAddressType=change.new["ipAddressType"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.elbv2.delete_load_balancer(LoadBalancerArn=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        found = aws.elbv2.describe_load_balancers(Names=[inputs["name"]])["LoadBalancers"]
        return str(found[0]["LoadBalancerArn"]) if found else None


def _mappings(inputs: Properties) -> list[dict[str, Any]]:
    names = {
        "subnetId": "SubnetId",
        "allocationId": "AllocationId",
        "privateIpv4Address": "PrivateIPv4Address",
        "ipv6Address": "IPv6Address",
    }
    mappings = inputs.get("subnetMappings") or ()
    return [{member: each[name] for name, member in names.items() if each.get(name)} for each in mappings]


def _described(aws: Aws, id: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.elbv2.describe_load_balancers(LoadBalancerArns=[id])["LoadBalancers"][0]
    return found
