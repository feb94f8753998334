"""Hosted zones. The id is the zone's, without the path that the API puts before it."""

from __future__ import annotations

from typing import Any

from stackyard.model.values import Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, FoundBy, Kind, fixed
from stackyard.providers.aws.tagging import Tagging

OWN = ("NS", "SOA")


def bare(id: str) -> str:
    """A zone's or change's id without its path."""
    return id.rpartition("/")[2]


def normal(name: str) -> str:
    """A domain name as it is compared: lower case, without the final dot, wildcards written plainly."""
    return name.lower().rstrip(".").replace("\\052", "*")


def settle(aws: Aws, change: dict[str, Any]) -> None:
    """Wait until every name server knows of a change."""
    id = bare(change["Id"])
    aws.wait(f"change {id}", lambda: aws.route53.get_change(Id=id)["ChangeInfo"]["Status"] == "INSYNC")


class Zone(Kind):
    """`aws:route53/zone:Zone`."""

    defaults = fixed(comment="Managed by Pulumi", forceDestroy=False)
    replaces = ("name", "delegationSetId")
    sets = ("vpcs",)
    computed = ("vpcs[*].vpcRegion",)
    unsupported = ("enableAcceleratedRecovery",)
    found_by = FoundBy.TOKEN
    tagging = Tagging(
        "route53",
        by="id",
        add="change_tags_for_resource",
        remove="change_tags_for_resource",
        created=False,
        given=(("ResourceType", "hostedzone"),),
        member="ResourceId",
    )

    def same(self, key: str, left: Value, right: Value) -> bool:
        return key == "name" and isinstance(left, str) and isinstance(right, str) and normal(left) == normal(right)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        first = next(iter(inputs.get("vpcs") or ()), None)
        optional = {"DelegationSetId": inputs.get("delegationSetId"), "VPC": _vpc(aws, first) if first else None}
        made = aws.route53.create_hosted_zone(
            Name=inputs["name"],
            CallerReference=token,
            HostedZoneConfig={"Comment": inputs.get("comment") or "", "PrivateZone": first is not None},
            **{name: value for name, value in optional.items() if value},
        )
        return bare(made["HostedZone"]["Id"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        for vpc in (inputs.get("vpcs") or [])[1:]:
            aws.route53.associate_vpc_with_hosted_zone(HostedZoneId=id, VPC=_vpc(aws, vpc))

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.route53.get_hosted_zone(Id=id)
        zone, vpcs = found["HostedZone"], found.get("VPCs") or []
        records = aws.route53.list_resource_record_sets(HostedZoneId=id)["ResourceRecordSets"]
        sources = [record["ResourceRecords"][0]["Value"] for record in records if record["Type"] == "SOA"]
        return {
            "arn": f"arn:{aws.partition}:route53:::hostedzone/{id}",
            "comment": zone.get("Config", {}).get("Comment", ""),
            "delegationSetId": bare(found.get("DelegationSet", {}).get("Id", "")),
            "name": normal(zone["Name"]),
            "nameServers": sorted(found.get("DelegationSet", {}).get("NameServers", ())),
            "primaryNameServer": sources[0].split()[0].rstrip(".") if sources else "",
            "vpcs": [{"vpcId": vpc["VPCId"], "vpcRegion": vpc["VPCRegion"]} for vpc in vpcs],
            "zoneId": id,
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.any("comment"):
            aws.route53.update_hosted_zone_comment(Id=id, Comment=change.new.get("comment") or "")
        if change.any("vpcs"):
            old, new = ([_vpc(aws, vpc) for vpc in side.get("vpcs") or ()] for side in (change.old, change.new))
            for vpc in (vpc for vpc in new if vpc not in old):
                aws.route53.associate_vpc_with_hosted_zone(HostedZoneId=id, VPC=vpc)
            for vpc in (vpc for vpc in old if vpc not in new):
                aws.route53.disassociate_vpc_from_hosted_zone(HostedZoneId=id, VPC=vpc)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("forceDestroy") is True:
            self._empty(aws, id)
        aws.route53.delete_hosted_zone(Id=id)

    def _empty(self, aws: Aws, id: str) -> None:
        """Remove every record but the two that the zone itself has; a hundred at a time, as the service allows."""
        apex = normal(aws.route53.get_hosted_zone(Id=id)["HostedZone"]["Name"])
        records = aws.pages("route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=id)
        doomed = [each for each in records if each["Type"] not in OWN or normal(each["Name"]) != apex]
        for start in range(0, len(doomed), 100):
            changes = [{"Action": "DELETE", "ResourceRecordSet": each} for each in doomed[start : start + 100]]
            aws.route53.change_resource_record_sets(HostedZoneId=id, ChangeBatch={"Changes": changes})

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        zones = aws.pages("route53", "list_hosted_zones", "HostedZones")
        return next((bare(zone["Id"]) for zone in zones if zone["CallerReference"] == token), None)


def _vpc(aws: Aws, vpc: Properties) -> dict[str, str]:
    return {"VPCId": vpc["vpcId"], "VPCRegion": vpc.get("vpcRegion") or aws.region}
