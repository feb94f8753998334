"""Zones that exist already."""

from __future__ import annotations

from typing import Any

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.route53.zones import bare, normal
from stackyard.providers.aws.tagging import mapping


def get_zone(aws: Aws, arguments: Properties) -> Properties:
    """`aws:route53/getZone:getZone`: by id, or by name (and VPC, and tags); exactly one must match."""
    id = arguments.get("zoneId") or _found(aws, arguments)
    found = aws.route53.get_hosted_zone(Id=id)
    zone = found["HostedZone"]
    servers = found.get("DelegationSet", {}).get("NameServers", [])
    return {
        "id": id,
        "zoneId": id,
        "arn": f"arn:{aws.partition}:route53:::hostedzone/{id}",
        "callerReference": zone["CallerReference"],
        "comment": zone.get("Config", {}).get("Comment", ""),
        "name": normal(zone["Name"]),
        "nameServers": sorted(servers),
        "primaryNameServer": servers[0] if servers else "",
        "privateZone": bool(zone.get("Config", {}).get("PrivateZone")),
        "resourceRecordSetCount": zone.get("ResourceRecordSetCount", 0),
        "tags": _tags(aws, id),
        "linkedServiceDescription": "",
        "linkedServicePrincipal": "",
    }


def _found(aws: Aws, arguments: Properties) -> str:
    name, private = normal(arguments.get("name") or ""), bool(arguments.get("privateZone"))
    zones = aws.pages("route53", "list_hosted_zones", "HostedZones")
    ids = [bare(zone["Id"]) for zone in zones if _matches(zone, name, private)]
    if arguments.get("vpcId"):
        ids = [id for id in ids if _serves(aws, id, arguments["vpcId"])]
    if arguments.get("tags"):
        ids = [id for id in ids if arguments["tags"].items() <= _tags(aws, id).items()]
    if len(ids) != 1:
        raise ProviderError(f"aws:route53/getZone:getZone: {len(ids) or 'no'} hosted zones match {name!r}; one must")
    return ids[0]


def _matches(zone: dict[str, Any], name: str, private: bool) -> bool:
    return (not name or normal(zone["Name"]) == name) and bool(zone.get("Config", {}).get("PrivateZone")) == private


def _serves(aws: Aws, id: str, vpc: str) -> bool:
    return vpc in [each["VPCId"] for each in aws.route53.get_hosted_zone(Id=id).get("VPCs") or ()]


def _tags(aws: Aws, id: str) -> dict[str, str]:
    found = aws.route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=id)
    return mapping(found["ResourceTagSet"]["Tags"])
