"""DHCP options of VPCs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard import errors
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.ec2.tagged import Tagged
from stackyard.providers.aws.kinds import Change, Kind
from stackyard.providers.aws.tables import Call, given
from stackyard.providers.aws.tagging import pairs

_KEYS: Final = {
    "domainName": "domain-name",
    "domainNameServers": "domain-name-servers",
    "ipv6AddressPreferredLeaseTime": "ipv6-address-preferred-lease-time",
    "netbiosNameServers": "netbios-name-servers",
    "netbiosNodeType": "netbios-node-type",
    "ntpServers": "ntp-servers",
}


class VpcDhcpOptions(Tagged):
    """`aws:ec2/vpcDhcpOptions:VpcDhcpOptions`. Nothing but its tags can change."""

    resource_type = "dhcp-options"
    id = "DhcpOptionsId"
    replaces = tuple(_KEYS)
    making = Call("create_dhcp_options", at="DhcpOptions", fills=False)
    reading = Call("describe_dhcp_options", given(DhcpOptionsIds=["$id"]), at="DhcpOptions[0]")
    removing = Call("delete_dhcp_options", given(DhcpOptionsId="$id"))

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        said = {name: inputs[name] for name in _KEYS if inputs.get(name)}
        entries = [
            {"Key": _KEYS[name], "Values": value if isinstance(value, list) else [str(value)]}
            for name, value in said.items()
        ]
        tags = [{"ResourceType": self.resource_type, "Tags": pairs(inputs["tagsAll"])}] if inputs.get("tagsAll") else []
        made = aws.ec2.create_dhcp_options(DhcpConfigurations=entries, TagSpecifications=tags)
        return str(made["DhcpOptions"]["DhcpOptionsId"])

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        told = {each["Key"]: [value["Value"] for value in each["Values"]] for each in found["DhcpConfigurations"]}
        lists = {name for name in _KEYS if name.endswith("Servers")}
        values = {name: told[key] if name in lists else told[key][0] for name, key in _KEYS.items() if told.get(key)}
        return {**outputs, **values}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        raise errors.ProviderError(f"{self.token}: {', '.join(sorted(change.keys))} cannot be changed in place")


class VpcDhcpOptionsAssociation(Kind):
    """`aws:ec2/vpcDhcpOptionsAssociation:VpcDhcpOptionsAssociation`; imported by the id of its VPC."""

    naming = None
    replaces = ("dhcpOptionsId", "vpcId")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.ec2.associate_dhcp_options(DhcpOptionsId=inputs["dhcpOptionsId"], VpcId=inputs["vpcId"])
        return self._id(inputs)

    def _id(self, known: Properties) -> str:
        return f"{known['dhcpOptionsId']}-{known['vpcId']}"

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        vpc = id if id.startswith("vpc-") else f"vpc-{id.partition('-vpc-')[2]}"
        found = aws.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]
        seen: Properties = {"dhcpOptionsId": found["DhcpOptionsId"], "vpcId": vpc}
        gone = known.get("dhcpOptionsId") not in (None, seen["dhcpOptionsId"])
        return None if gone else {**seen, "id": self._id(seen)}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        raise errors.ProviderError(f"{self.token}: nothing of an association can be changed in place")

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        """A VPC always has options: it is given the region's own again."""
        if self.read(aws, id, known) is not None:
            aws.ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=known["vpcId"])

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return self._id(inputs)
