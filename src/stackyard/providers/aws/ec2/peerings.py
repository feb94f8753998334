"""Peering connections of VPCs: the requester's side, and the accepter's side in another account or region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from stackyard import errors
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.ec2.tagged import Tagged
from stackyard.providers.aws.kinds import Change, FoundBy
from stackyard.providers.aws.tables import Call, given

_LIVING: Final = ("initiating-request", "pending-acceptance", "provisioning", "active")
_SIDES: Final = {"accepter": "AccepterPeeringConnectionOptions", "requester": "RequesterPeeringConnectionOptions"}
_INFOS: Final = {"accepter": "AccepterVpcInfo", "requester": "RequesterVpcInfo"}


def _status(found: Mapping[str, Any]) -> str:
    return str((found.get("Status") or {}).get("Code", ""))


def _options(found: Mapping[str, Any]) -> Properties:
    """What each side allows; only an active connection tells."""
    seen: Properties = {}
    for side, member in _INFOS.items():
        options = (found.get(member) or {}).get("PeeringOptions") or {}
        seen[side] = {"allowRemoteVpcDnsResolution": bool(options.get("AllowDnsResolutionFromRemoteVpc"))}
    return seen


class VpcPeeringConnection(Tagged):
    """`aws:ec2/vpcPeeringConnection:VpcPeeringConnection`."""

    resource_type = "vpc-peering-connection"
    id = "VpcPeeringConnectionId"
    replaces: ClassVar[tuple[str, ...]] = ("peerOwnerId", "peerRegion", "peerVpcId", "vpcId")
    computed = (
        "accepter",
        "accepter.allowRemoteVpcDnsResolution",
        "peerOwnerId",
        "peerRegion",
        "requester",
        "requester.allowRemoteVpcDnsResolution",
    )
    volatile = ("acceptStatus",)
    making = Call("create_vpc_peering_connection", at="VpcPeeringConnection")
    reading = Call(
        "describe_vpc_peering_connections", given(VpcPeeringConnectionIds=["$id"]), at="VpcPeeringConnections[0]"
    )
    removing = Call("delete_vpc_peering_connection", given(VpcPeeringConnectionId="$id"))
    waits_gone = True

    def sent(self, inputs: Properties) -> Properties:
        return {name: value for name, value in inputs.items() if name not in _SIDES}

    def call(self, aws: Aws, call: Call, arguments: Mapping[str, Any]) -> Any:
        """As `Tagged.call`; a connection that was refused or deleted stays visible, and is not there."""
        found = super().call(aws, call, arguments)
        if call.operation == self.reading.operation and found and _status(found) not in _LIVING:
            return None
        return found

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        self._settle(aws, id)
        if inputs.get("autoAccept") is True:
            self._accept(aws, id)
        self._allow(aws, id, inputs)

    def _settle(self, aws: Aws, id: str) -> None:
        """Wait until it can be accepted, or is."""
        aws.wait(f"peering connection {id}", lambda: self._code(aws, id) in ("pending-acceptance", "active"))

    def _code(self, aws: Aws, id: str) -> str:
        found = aws.ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[id])["VpcPeeringConnections"][0]
        if _status(found) not in _LIVING:
            reason = (found.get("Status") or {}).get("Message", "no reason was given")
            raise errors.ProviderError(f"{self.token}: {id} is {_status(found)}: {reason}")
        return _status(found)

    def _accept(self, aws: Aws, id: str) -> None:
        if self._code(aws, id) != "active":
            aws.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
            aws.wait(f"peering connection {id} to be active", lambda: self._code(aws, id) == "active")

    def _allow(self, aws: Aws, id: str, inputs: Properties) -> None:
        said = {
            member: {"AllowDnsResolutionFromRemoteVpc": bool(inputs[side].get("allowRemoteVpcDnsResolution"))}
            for side, member in _SIDES.items()
            if inputs.get(side)
        }
        if said:
            aws.ec2.modify_vpc_peering_connection_options(VpcPeeringConnectionId=id, **said)

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        ours, theirs = found["RequesterVpcInfo"], found["AccepterVpcInfo"]
        return {
            **{name: value for name, value in outputs.items() if name not in _SIDES},
            **_options(found),
            "acceptStatus": _status(found),
            "peerOwnerId": theirs.get("OwnerId", ""),
            "peerRegion": theirs.get("Region", aws.region),
            "peerVpcId": theirs["VpcId"],
            "vpcId": ours["VpcId"],
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.any("autoAccept") and change.new.get("autoAccept") is True:
            self._accept(aws, id)
        if change.any(*_SIDES):
            self._allow(aws, id, change.new)


class VpcPeeringConnectionAccepter(VpcPeeringConnection):
    """`aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter`: it accepts; deleting it leaves all."""

    found_by = FoundBy.NAME
    replaces = ("vpcPeeringConnectionId",)
    overwrites = True
    waits_gone = False

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        id = str(inputs["vpcPeeringConnectionId"])
        self._settle(aws, id)
        if inputs.get("tagsAll"):
            aws.ec2.create_tags(Resources=[id], Tags=[{"Key": k, "Value": v} for k, v in inputs["tagsAll"].items()])
        return id

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        """The peer of the accepter is who asked."""
        ours, theirs = found["AccepterVpcInfo"], found["RequesterVpcInfo"]
        return {
            **_options(found),
            "acceptStatus": _status(found),
            "peerOwnerId": theirs.get("OwnerId", ""),
            "peerRegion": theirs.get("Region", aws.region),
            "peerVpcId": theirs["VpcId"],
            "tags": outputs.get("tags") or {},
            "vpcId": ours["VpcId"],
            "vpcPeeringConnectionId": found["VpcPeeringConnectionId"],
        }

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        """The requester's side ends the connection."""

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        """Accepting again does nothing, so that only an accepted one counts as made."""
        id = str(inputs["vpcPeeringConnectionId"])
        return id if self._code(aws, id) == "active" else None
