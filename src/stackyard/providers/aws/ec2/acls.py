"""Network ACLs, with their rules inside or beside them, and the subnets that they guard.

An ACL that states `ingress` or `egress` owns all rules of that direction. A subnet always has an ACL: what takes
one away gives it the VPC's default one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from stackyard import errors
from stackyard.model.values import Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.ec2.tagged import Tagged
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.tables import Call, given

_PROTOCOLS: Final = {"all": "-1", "icmp": "1", "tcp": "6", "udp": "17", "icmpv6": "58", "ipv6-icmp": "58"}
_WITH_PORTS: Final = ("6", "17")
_WITH_ICMP: Final = ("1", "58")
# Every ACL ends with a rule that denies all, which can neither be made nor removed.
_LAST: Final = 32767
_WAYS: Final = {"ingress": False, "egress": True}


def protocol(text: Value) -> str:
    """The number of a protocol, as EC2 answers it."""
    low = str(text).lower()
    return _PROTOCOLS.get(low, low)


def entry(rule: Properties, *, egress: bool) -> dict[str, Any]:
    """A rule, inline or not, as the arguments of CreateNetworkAclEntry."""
    number = protocol(rule["protocol"])
    found: dict[str, Any] = {
        "Egress": egress,
        "Protocol": number,
        "RuleAction": str(rule.get("action") or rule.get("ruleAction")).lower(),
        "RuleNumber": int(rule.get("ruleNo") or rule.get("ruleNumber") or 0),
    }
    blocks = {"CidrBlock": rule.get("cidrBlock"), "Ipv6CidrBlock": rule.get("ipv6CidrBlock")}
    found |= {member: block for member, block in blocks.items() if block}
    if number in _WITH_PORTS:
        found["PortRange"] = {"From": int(rule.get("fromPort") or 0), "To": int(rule.get("toPort") or 0)}
    if number in _WITH_ICMP:
        found["IcmpTypeCode"] = {"Type": int(rule.get("icmpType") or 0), "Code": int(rule.get("icmpCode") or 0)}
    return found


def _inline(found: Mapping[str, Any]) -> Properties:
    """A described entry as an inline rule."""
    ports, icmp = found.get("PortRange") or {}, found.get("IcmpTypeCode") or {}
    return {
        "action": found["RuleAction"],
        "cidrBlock": found.get("CidrBlock", ""),
        "fromPort": ports.get("From", 0),
        "icmpCode": icmp.get("Code", 0),
        "icmpType": icmp.get("Type", 0),
        "ipv6CidrBlock": found.get("Ipv6CidrBlock", ""),
        "protocol": found["Protocol"],
        "ruleNo": found["RuleNumber"],
        "toPort": ports.get("To", 0),
    }


def _by_number(rules: Value, *, egress: bool) -> dict[int, dict[str, Any]]:
    entries = [entry(rule, egress=egress) for rule in rules or ()]
    return {each["RuleNumber"]: each for each in entries}


def _association(aws: Aws, subnet: str) -> Mapping[str, Any] | None:
    """The association of a subnet: of which ACL, and its own id."""
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    for each in aws.ec2.describe_network_acls(Filters=filters)["NetworkAcls"]:
        for found in each.get("Associations") or ():
            if found.get("SubnetId") == subnet:
                return {**found, "VpcId": each["VpcId"], "NetworkAclId": each["NetworkAclId"]}
    return None


def _guard(aws: Aws, subnet: str, list_: str) -> str:
    """Put a subnet behind an ACL; the id of the association."""
    found = _association(aws, subnet)
    if found is None:
        raise errors.ProviderError(f"aws:ec2/networkAcl:NetworkAcl: subnet {subnet} has no network ACL to replace")
    if found["NetworkAclId"] == list_:
        return str(found["NetworkAclAssociationId"])
    answer = aws.ec2.replace_network_acl_association(AssociationId=found["NetworkAclAssociationId"], NetworkAclId=list_)
    return str(answer["NewAssociationId"])


def _release(aws: Aws, subnet: str, list_: str) -> None:
    """Give a subnet that is behind an ACL the default one of its VPC."""
    found = _association(aws, subnet)
    if found is None or found["NetworkAclId"] != list_:
        return
    filters = [{"Name": "vpc-id", "Values": [found["VpcId"]]}, {"Name": "default", "Values": ["true"]}]
    _guard(aws, subnet, aws.ec2.describe_network_acls(Filters=filters)["NetworkAcls"][0]["NetworkAclId"])


class NetworkAcl(Tagged):
    """`aws:ec2/networkAcl:NetworkAcl`."""

    resource_type = "network-acl"
    id = "NetworkAclId"
    replaces = ("vpcId",)
    sets = ("ingress", "egress", "subnetIds")
    computed = ("ingress", "egress", "subnetIds")
    making = Call("create_network_acl", given(VpcId="$vpcId"), at="NetworkAcl", fills=False)
    reading = Call("describe_network_acls", given(NetworkAclIds=["$id"]), at="NetworkAcls[0]")
    removing = Call("delete_network_acl", given(NetworkAclId="$id"))

    def same(self, key: str, left: Value, right: Value) -> bool:
        if key not in _WAYS or not isinstance(left, list) or not isinstance(right, list):
            return False
        return _by_number(left, egress=_WAYS[key]) == _by_number(right, egress=_WAYS[key])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        for way in _WAYS:
            self._sync(aws, id, way, [], inputs.get(way))
        for subnet in inputs.get("subnetIds") or ():
            _guard(aws, subnet, id)

    def _sync(self, aws: Aws, id: str, way: str, old: Value, new: Value) -> None:
        egress = _WAYS[way]
        had, wanted = _by_number(old, egress=egress), _by_number(new, egress=egress)
        for number in had.keys() - wanted.keys():
            aws.ec2.delete_network_acl_entry(NetworkAclId=id, Egress=egress, RuleNumber=number)
        for number, each in wanted.items():
            if number not in had:
                aws.ec2.create_network_acl_entry(NetworkAclId=id, **each)
            elif had[number] != each:
                aws.ec2.replace_network_acl_entry(NetworkAclId=id, **each)

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        entries = [each for each in found.get("Entries") or () if each["RuleNumber"] < _LAST]
        rules = {way: [_inline(each) for each in entries if each["Egress"] is egress] for way, egress in _WAYS.items()}
        return {
            **outputs,
            **rules,
            "ownerId": found.get("OwnerId", aws.account),
            "subnetIds": sorted(each["SubnetId"] for each in found.get("Associations") or () if each.get("SubnetId")),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        for way in _WAYS:
            if change.any(way):
                self._sync(aws, id, way, change.outputs.get(way), change.new.get(way))
        if change.any("subnetIds"):
            had, wanted = set(change.outputs.get("subnetIds") or ()), set(change.new.get("subnetIds") or ())
            for subnet in sorted(had - wanted):
                _release(aws, subnet, id)
            for subnet in sorted(wanted - had):
                _guard(aws, subnet, id)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        seen = self.read(aws, id, known) or {}
        for subnet in seen.get("subnetIds") or ():
            _release(aws, subnet, id)
        super().delete(aws, id, known)


class NetworkAclRule(Kind):
    """`aws:ec2/networkAclRule:NetworkAclRule`; imported as `<acl>:<number>:<protocol>:<egress>`."""

    naming = None
    defaults = fixed(egress=False)
    replaces = (
        "cidrBlock",
        "egress",
        "fromPort",
        "icmpCode",
        "icmpType",
        "ipv6CidrBlock",
        "networkAclId",
        "protocol",
        "ruleAction",
        "ruleNumber",
        "toPort",
    )

    def same(self, key: str, left: Value, right: Value) -> bool:
        return key == "protocol" and protocol(left) == protocol(right)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        said = entry(inputs, egress=bool(inputs.get("egress")))
        aws.ec2.create_network_acl_entry(NetworkAclId=inputs["networkAclId"], **said)
        return self._id(inputs)

    def _id(self, rule: Properties) -> str:
        parts = (rule["networkAclId"], rule["ruleNumber"], bool(rule.get("egress")), protocol(rule["protocol"]))
        return f"nacl-{int(hashlib.sha256(repr(parts).encode()).hexdigest()[:12], 16)}"

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        if id.count(":") == 3:
            list_, number, _, way = id.split(":")
            known = {"networkAclId": list_, "ruleNumber": int(number), "egress": way == "true"}
        if not known.get("networkAclId"):
            raise errors.ProviderError(f"{self.token}: import it as <acl>:<number>:<protocol>:<egress>, not {id}")
        found = aws.ec2.describe_network_acls(NetworkAclIds=[known["networkAclId"]])["NetworkAcls"][0]
        for each in found.get("Entries") or ():
            if each["RuleNumber"] == known["ruleNumber"] and each["Egress"] is bool(known.get("egress")):
                return self._seen(each, known["networkAclId"])
        return None

    def _seen(self, found: Mapping[str, Any], list_: str) -> Properties:
        rule = _inline(found)
        seen: Properties = {
            **{name: value for name, value in rule.items() if name not in ("action", "ruleNo")},
            "egress": found["Egress"],
            "networkAclId": list_,
            "ruleAction": rule["action"],
            "ruleNumber": rule["ruleNo"],
        }
        return {**seen, "id": self._id(seen)}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        raise errors.ProviderError(f"{self.token}: nothing of a rule can be changed in place")

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.ec2.delete_network_acl_entry(
            NetworkAclId=known["networkAclId"], Egress=bool(known.get("egress")), RuleNumber=known["ruleNumber"]
        )

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return self._id(inputs)


class NetworkAclAssociation(Kind):
    """`aws:ec2/networkAclAssociation:NetworkAclAssociation`."""

    naming = None
    replaces = ("networkAclId", "subnetId")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        return _guard(aws, inputs["subnetId"], inputs["networkAclId"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        filters = [{"Name": "association.association-id", "Values": [id]}]
        for each in aws.ec2.describe_network_acls(Filters=filters)["NetworkAcls"]:
            for found in each.get("Associations") or ():
                if found["NetworkAclAssociationId"] == id:
                    return {"networkAclId": each["NetworkAclId"], "subnetId": found["SubnetId"]}
        return None

    def update(self, aws: Aws, id: str, change: Change) -> None:
        raise errors.ProviderError(f"{self.token}: nothing of an association can be changed in place")

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        _release(aws, known["subnetId"], known["networkAclId"])

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        found = _association(aws, inputs["subnetId"])
        ours = found is not None and found["NetworkAclId"] == inputs["networkAclId"]
        return str(found["NetworkAclAssociationId"]) if found and ours else None
