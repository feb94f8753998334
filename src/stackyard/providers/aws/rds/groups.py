"""Subnet groups and parameter groups. Their ids are their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, cast

from stackyard.model.values import Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging, pairs

TAGS: Final = Tagging("rds", add="add_tags_to_resource", remove="remove_tags_from_resource")
# RDS takes this many parameters in one call.
_BATCH: Final = 20


class SubnetGroup(Table):
    """`aws:rds/subnetGroup:SubnetGroup`."""

    service = "rds"
    naming = Naming(lower=True)
    names = given(
        arn="DBSubnetGroupArn",
        description="DBSubnetGroupDescription",
        name="DBSubnetGroupName",
    )
    id = "DBSubnetGroupName"
    defaults = fixed(description="Managed by Pulumi")
    replaces = ("name", "namePrefix")
    sets = ("subnetIds",)
    tagging = TAGS
    making = Call("create_db_subnet_group", at="DBSubnetGroup")
    reading = Call("describe_db_subnet_groups", given(DBSubnetGroupName="$id"), at="DBSubnetGroups[0]")
    changing = (Call("modify_db_subnet_group", given(DBSubnetGroupName="$id"), when=("description", "subnetIds")),)
    removing = Call("delete_db_subnet_group", given(DBSubnetGroupName="$id"))

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        subnets = sorted(each["SubnetIdentifier"] for each in found.get("Subnets") or ())
        return {**outputs, "subnetIds": subnets}

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return cast("str", inputs["name"])


def by_name(parameters: Value) -> dict[str, Properties]:
    """Parameters by their names, which have no case."""
    return {str(each["name"]).lower(): each for each in parameters or ()}


class ParameterGroup(Kind):
    """`aws:rds/parameterGroup:ParameterGroup`. It owns the parameters that it states, and no others."""

    naming = Naming(lower=True)
    defaults: ClassVar[Mapping[str, Value]] = fixed(description="Managed by Pulumi", skipDestroy=False)
    replaces = ("description", "family", "name", "namePrefix")
    sets = ("parameters",)
    computed = ("parameters[*].applyMethod",)
    tagging = TAGS
    word: ClassVar[str] = "db"
    """How the calls call its owner, and `member` how their members do."""
    member: ClassVar[str] = "DB"

    def _call(self, aws: Aws, verb: str, id: str, **arguments: Any) -> Any:
        call = getattr(aws.rds, f"{verb}_{self.word}_parameter_group")
        return call(**{f"{self.member}ParameterGroupName": id}, **arguments)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._call(
            aws,
            "create",
            inputs["name"],
            DBParameterGroupFamily=inputs["family"],
            Description=inputs["description"],
            Tags=pairs(inputs.get("tagsAll")),
        )
        return cast("str", inputs["name"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        self._set(aws, id, list(by_name(inputs.get("parameters")).values()))

    def _set(self, aws: Aws, id: str, parameters: list[Properties]) -> None:
        said = [
            {
                "ParameterName": str(each["name"]).lower(),
                "ParameterValue": str(each["value"]),
                "ApplyMethod": each.get("applyMethod") or "immediate",
            }
            for each in parameters
        ]
        for start in range(0, len(said), _BATCH):
            self._call(aws, "modify", id, Parameters=said[start : start + _BATCH])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        name = f"{self.member}ParameterGroup"
        describe = getattr(aws.rds, f"describe_{self.word}_parameter_groups")
        found = describe(**{f"{name}Name": id})[f"{name}s"][0]
        return {
            "arn": found[f"{name}Arn"],
            "description": found["Description"],
            "family": found["DBParameterGroupFamily"],
            "name": found[f"{name}Name"],
            "parameters": self._parameters(aws, id, known),
        }

    def _parameters(self, aws: Aws, id: str, known: Properties) -> list[Properties]:
        """Those that somebody set, and those that are stated here with what is the default."""
        stated, found = by_name(known.get("parameters")), []
        which = {f"{self.member}ParameterGroupName": id}
        for each in aws.pages("rds", f"describe_{self.word}_parameters", "Parameters", **which):
            name = str(each["ParameterName"]).lower()
            if each.get("ParameterValue") is not None and (each.get("Source") == "user" or name in stated):
                method = stated.get(name, {}).get("applyMethod") or each.get("ApplyMethod", "immediate")
                found.append({"applyMethod": method, "name": name, "value": each["ParameterValue"]})
        return sorted(found, key=lambda each: str(each["name"]))

    def update(self, aws: Aws, id: str, change: Change) -> None:
        old, new = by_name(change.old.get("parameters")), by_name(change.new.get("parameters"))
        self._set(aws, id, [each for name, each in new.items() if old.get(name) != each])
        lost = [
            {"ParameterName": name, "ApplyMethod": old[name].get("applyMethod") or "immediate"}
            for name in sorted(old.keys() - new.keys())
        ]
        for start in range(0, len(lost), _BATCH):
            self._call(aws, "reset", id, ResetAllParameters=False, Parameters=lost[start : start + _BATCH])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("skipDestroy") is not True:
            # An instance that went just now still holds it for a while.
            aws.persist(lambda: self._call(aws, "delete", id), "InvalidDBParameterGroupState", timeout=180)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return cast("str", inputs["name"])


class ClusterParameterGroup(ParameterGroup):
    """`aws:rds/clusterParameterGroup:ClusterParameterGroup`."""

    defaults = fixed(description="Managed by Pulumi")
    word = "db_cluster"
    member = "DBCluster"
