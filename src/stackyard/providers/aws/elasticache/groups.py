"""Subnet groups and parameter groups. Their ids are their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from stackyard.model.values import Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging, pairs

TAGS: Final = Tagging("elasticache", add="add_tags_to_resource", remove="remove_tags_from_resource")
# ElastiCache takes this many parameters in one call.
_BATCH: Final = 20


class SubnetGroup(Table):
    """`aws:elasticache/subnetGroup:SubnetGroup`."""

    service = "elasticache"
    naming = Naming(prefix="", lower=True)
    names = given(description="CacheSubnetGroupDescription", name="CacheSubnetGroupName")
    id = "CacheSubnetGroupName"
    defaults = fixed(description="Managed by Pulumi")
    replaces = ("name",)
    sets = ("subnetIds",)
    tagging = TAGS
    making = Call("create_cache_subnet_group", at="CacheSubnetGroup")
    reading = Call("describe_cache_subnet_groups", given(CacheSubnetGroupName="$id"), at="CacheSubnetGroups[0]")
    changing = (
        Call("modify_cache_subnet_group", given(CacheSubnetGroupName="$id"), when=("description", "subnetIds")),
    )
    removing = Call("delete_cache_subnet_group", given(CacheSubnetGroupName="$id"))

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        subnets = sorted(each["SubnetIdentifier"] for each in found.get("Subnets") or ())
        return {**outputs, "subnetIds": subnets}

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        # A cache that went just now still holds it for a while.
        aws.persist(lambda: super(SubnetGroup, self).delete(aws, id, known), "CacheSubnetGroupInUse")

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return cast("str", inputs["name"])


def _by_name(parameters: Value) -> dict[str, str]:
    return {str(each["name"]): str(each["value"]) for each in parameters or ()}


class ParameterGroup(Kind):
    """`aws:elasticache/parameterGroup:ParameterGroup`. It owns the parameters that it states, and no others."""

    naming = Naming(prefix="", lower=True)
    defaults = fixed(description="Managed by Pulumi")
    replaces = ("description", "family", "name")
    sets = ("parameters",)
    tagging = TAGS

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        made = aws.elasticache.create_cache_parameter_group(
            CacheParameterGroupName=inputs["name"],
            CacheParameterGroupFamily=inputs["family"],
            Description=inputs["description"],
            Tags=pairs(inputs.get("tagsAll")),
        )
        return str(made["CacheParameterGroup"]["CacheParameterGroupName"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        self._call(aws, "modify_cache_parameter_group", id, _by_name(inputs.get("parameters")))

    def _call(self, aws: Aws, operation: str, id: str, values: Mapping[str, str], **more: Any) -> None:
        said = [{"ParameterName": name, "ParameterValue": value} for name, value in sorted(values.items())]
        for start in range(0, len(said), _BATCH):
            batch = said[start : start + _BATCH]
            getattr(aws.elasticache, operation)(CacheParameterGroupName=id, ParameterNameValues=batch, **more)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        groups = aws.elasticache.describe_cache_parameter_groups(CacheParameterGroupName=id)["CacheParameterGroups"]
        found = groups[0]
        return {
            "arn": found.get("ARN") or aws.arn("elasticache", f"parametergroup:{id}"),
            "description": found["Description"],
            "family": found["CacheParameterGroupFamily"],
            "name": found["CacheParameterGroupName"],
            "parameters": self._parameters(aws, id, known),
        }

    def _parameters(self, aws: Aws, id: str, known: Properties) -> list[Properties]:
        """Those that somebody set, and those that are stated here with what is the default."""
        stated = _by_name(known.get("parameters"))
        found: list[Properties] = [
            {"name": each["ParameterName"], "value": each["ParameterValue"]}
            for each in aws.pages("elasticache", "describe_cache_parameters", "Parameters", CacheParameterGroupName=id)
            if each.get("ParameterValue") is not None
            and (each.get("Source") == "user" or each["ParameterName"] in stated)
        ]
        return sorted(found, key=lambda each: str(each["name"]))

    def update(self, aws: Aws, id: str, change: Change) -> None:
        old, new = _by_name(change.old.get("parameters")), _by_name(change.new.get("parameters"))
        changed = {name: value for name, value in new.items() if old.get(name) != value}
        self._call(aws, "modify_cache_parameter_group", id, changed)
        lost = {name: old[name] for name in old.keys() - new.keys()}
        self._call(aws, "reset_cache_parameter_group", id, lost, ResetAllParameters=False)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.persist(
            lambda: aws.elasticache.delete_cache_parameter_group(CacheParameterGroupName=id),
            "InvalidCacheParameterGroupState",
        )

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return cast("str", inputs["name"])
