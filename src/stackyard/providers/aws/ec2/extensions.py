"""What is added to VPCs: egress-only gateways and further address blocks; and placement groups and prefix lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from stackyard import errors
from stackyard.model.values import Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.ec2.tagged import Tagged
from stackyard.providers.aws.kinds import Change, Kind
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, given
from stackyard.providers.aws.tagging import Tagging, mapping, pairs


class EgressOnlyInternetGateway(Tagged):
    """`aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway`."""

    resource_type = "egress-only-internet-gateway"
    id = "EgressOnlyInternetGatewayId"
    replaces = ("vpcId",)
    making = Call("create_egress_only_internet_gateway", at="EgressOnlyInternetGateway")
    reading = Call(
        "describe_egress_only_internet_gateways",
        given(EgressOnlyInternetGatewayIds=["$id"]),
        at="EgressOnlyInternetGateways[0]",
    )
    removing = Call("delete_egress_only_internet_gateway", given(EgressOnlyInternetGatewayId="$id"))

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        attached = found.get("Attachments") or []
        return {**outputs, "vpcId": attached[0]["VpcId"] if attached else ""}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """Only its tags can change."""


class VpcIpv4CidrBlockAssociation(Kind):
    """`aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation`."""

    naming = None
    replaces = ("cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength", "vpcId")
    computed = ("cidrBlock",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        names = {"cidrBlock": "CidrBlock", "ipv4IpamPoolId": "Ipv4IpamPoolId", "ipv4NetmaskLength": "Ipv4NetmaskLength"}
        said = {member: inputs[name] for name, member in names.items() if inputs.get(name)}
        made = aws.ec2.associate_vpc_cidr_block(VpcId=inputs["vpcId"], **said)
        return str(made["CidrBlockAssociation"]["AssociationId"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"address block {id}", lambda: self._state(aws, id, inputs) == "associated")

    def _state(self, aws: Aws, id: str, known: Properties) -> str:
        found = self._found(aws, id, known)
        state = str(found["CidrBlockState"]["State"]) if found else ""
        if state in ("failed", "failing"):
            reason = (found or {})["CidrBlockState"].get("StatusMessage", "no reason was given")
            raise errors.ProviderError(f"{self.token}: {id} failed: {reason}")
        return state

    def _found(self, aws: Aws, id: str, known: Properties) -> Mapping[str, Any] | None:
        vpc = known.get("vpcId")
        where: dict[str, Any] = {"VpcIds": [vpc]} if vpc else {}
        for each in aws.pages("ec2", "describe_vpcs", "Vpcs", **where):
            for block in each.get("CidrBlockAssociationSet") or ():
                if block["AssociationId"] == id:
                    return {**block, "VpcId": each["VpcId"]}
        return None

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = self._found(aws, id, known)
        if found is None or found["CidrBlockState"]["State"] not in ("associating", "associated"):
            return None
        return {"cidrBlock": found["CidrBlock"], "vpcId": found["VpcId"]}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        raise errors.ProviderError(f"{self.token}: nothing of an association can be changed in place")

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.ec2.disassociate_vpc_cidr_block(AssociationId=id)
        aws.wait(f"removal of address block {id}", lambda: self.read(aws, id, known) is None)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        vpc = aws.ec2.describe_vpcs(VpcIds=[inputs["vpcId"]])["Vpcs"][0]
        for each in vpc.get("CidrBlockAssociationSet") or ():
            live = each["CidrBlockState"]["State"] in ("associating", "associated")
            if live and each["CidrBlock"] == inputs.get("cidrBlock"):
                return str(each["AssociationId"])
        return None


class PlacementGroup(Kind):
    """`aws:ec2/placementGroup:PlacementGroup`. The id is the name."""

    naming = Naming(prefix="")
    replaces = ("name", "partitionCount", "spreadLevel", "strategy")
    computed = ("partitionCount", "spreadLevel")
    gone = ("InvalidPlacementGroup.Unknown",)
    tagging = Tagging(
        "ec2", by="placementGroupId", add="create_tags", remove="delete_tags", read="", member="Resources"
    )

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        said: dict[str, Any] = {"GroupName": inputs["name"], "Strategy": inputs["strategy"]}
        names = {"partitionCount": "PartitionCount", "spreadLevel": "SpreadLevel"}
        said |= {member: inputs[name] for name, member in names.items() if inputs.get(name)}
        if inputs.get("tagsAll"):
            said["TagSpecifications"] = [{"ResourceType": "placement-group", "Tags": pairs(inputs["tagsAll"])}]
        aws.ec2.create_placement_group(**said)
        return cast("str", inputs["name"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"placement group {id}", lambda: self._described(aws, id)["State"] == "available")

    def _described(self, aws: Aws, id: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = aws.ec2.describe_placement_groups(GroupNames=[id])["PlacementGroups"][0]
        return found

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = self._described(aws, id)
        if found["State"] == "deleted":
            return None
        return {
            "arn": found.get("GroupArn") or aws.arn("ec2", f"placement-group/{id}"),
            "name": found["GroupName"],
            "partitionCount": found.get("PartitionCount", 0),
            "placementGroupId": found.get("GroupId", ""),
            "spreadLevel": found.get("SpreadLevel", ""),
            "strategy": found["Strategy"],
            "tags": mapping(found.get("Tags")),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """Only its tags can change."""

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        # An instance that ends is still in it for a while.
        aws.persist(lambda: aws.ec2.delete_placement_group(GroupName=id), "InvalidPlacementGroup.InUse")

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return cast("str", inputs["name"])


class ManagedPrefixList(Tagged):
    """`aws:ec2/managedPrefixList:ManagedPrefixList`."""

    resource_type = "prefix-list"
    id = "PrefixListId"
    naming: ClassVar[Naming | None] = Naming(prefix="")
    names = given(arn="PrefixListArn", name="PrefixListName")
    replaces = ("addressFamily",)
    sets = ("entries",)
    computed = ("entries",)
    volatile = ("version",)
    making = Call("create_managed_prefix_list", at="PrefixList")
    reading = Call("describe_managed_prefix_lists", given(PrefixListIds=["$id"]), at="PrefixLists[0]")
    removing = Call("delete_managed_prefix_list", given(PrefixListId="$id"))
    waits_gone = True

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        self._settle(aws, id)

    def _settle(self, aws: Aws, id: str) -> None:
        aws.wait(f"prefix list {id}", lambda: self._is_settled(aws, id))

    def _is_settled(self, aws: Aws, id: str) -> bool:
        found = self.call(aws, self.reading, {"PrefixListIds": [id]})
        if "failed" in found["State"]:
            raise errors.ProviderError(f"{self.token}: {id}: {found['State']}: {found.get('StateMessage', '')}")
        return str(found["State"]).endswith("complete")

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        pages = aws.pages("ec2", "get_managed_prefix_list_entries", "Entries", PrefixListId=found["PrefixListId"])
        entries = [{"cidr": each["Cidr"], "description": each.get("Description", "")} for each in pages]
        return {**outputs, "entries": entries}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """A new description takes two calls: one cannot take an entry away and add it."""
        new = change.new
        if change.any("maxEntries"):
            self._modify(aws, id, {"MaxEntries": new["maxEntries"]})
        if change.any("name"):
            self._modify(aws, id, {"PrefixListName": new["name"]})
        if change.any("entries"):
            had, wants = _entries(change.outputs.get("entries")), _entries(new.get("entries"))
            stale = sorted(cidr for cidr in had if had[cidr] != wants.get(cidr))
            added = [{"Cidr": cidr, "Description": text} for cidr, text in wants.items() if had.get(cidr) != text]
            self._modify(aws, id, {"RemoveEntries": [{"Cidr": cidr} for cidr in stale]})
            self._modify(aws, id, {"AddEntries": added})

    def _modify(self, aws: Aws, id: str, said: dict[str, Any]) -> None:
        if any(said.values()):
            version = self.call(aws, self.reading, {"PrefixListIds": [id]})["Version"]
            current = {"CurrentVersion": version} if "MaxEntries" not in said else {}
            aws.ec2.modify_managed_prefix_list(PrefixListId=id, **current, **said)
            self._settle(aws, id)


def _entries(listed: Value) -> dict[str, str]:
    return {each["cidr"]: each.get("description") or "" for each in listed or ()}
