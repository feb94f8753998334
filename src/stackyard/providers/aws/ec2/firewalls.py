"""Security groups, with their rules inside or beside them.

A group that states `ingress` or `egress` owns all rules of that direction; one that does not leaves them alone.
A new group has no rule at all: the allow-all egress rule that EC2 adds is taken away, as Terraform does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from stackyard import errors
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.ec2.tagged import Tagged
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, given

_SOURCES: Final = {
    "cidrBlocks": ("IpRanges", "CidrIp"),
    "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListIds": ("PrefixListIds", "PrefixListId"),
    "securityGroups": ("UserIdGroupPairs", "GroupId"),
}
_PROTOCOLS: Final = {"all": "-1", "1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_EVERYTHING: Final = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def protocol(text: str) -> str:
    """The name of a protocol as EC2 answers it."""
    low = str(text).lower()
    return _PROTOCOLS.get(low, low)


def permission(rule: Properties, group: str) -> dict[str, Any]:
    """A rule, inline or not, as an IpPermission; `self` stands for `group`."""
    found: dict[str, Any] = {"IpProtocol": protocol(rule["protocol"])}
    if found["IpProtocol"] != "-1":
        found["FromPort"], found["ToPort"] = int(rule.get("fromPort", 0)), int(rule.get("toPort", 0))
    note = {"Description": rule["description"]} if rule.get("description") else {}
    for name, (member, key) in _SOURCES.items():
        values = [*(rule.get(name) or []), *([group] if name == "securityGroups" and rule.get("self") else [])]
        if values:
            found[member] = [{key: value, **note} for value in values]
    return found


def rules(permissions: list[dict[str, Any]], group: str) -> list[Properties]:
    """Described permissions as inline rules: one for each protocol, ports and description."""
    found: dict[tuple[Any, ...], Properties] = {}
    for each in permissions:
        for name, (member, key) in _SOURCES.items():
            for source in each.get(member) or []:
                note = source.get("Description", "")
                where = (each["IpProtocol"], each.get("FromPort", 0), each.get("ToPort", 0), note)
                rule = found.setdefault(where, _rule(*where))
                if source[key] == group and name == "securityGroups":
                    rule["self"] = True
                else:
                    rule.setdefault(name, []).append(source[key])
    return list(found.values())


def _rule(name: str, first: int, last: int, note: str) -> Properties:
    return {"protocol": name, "fromPort": first, "toPort": last, "description": note, "self": False}


def _atoms(wanted: list[Properties], group: str) -> set[str]:
    """Every single source of every rule, as text: what two lists of rules are compared by."""
    found = set()
    for rule in wanted:
        each = permission(rule, group)
        base = {key: value for key, value in each.items() if not isinstance(value, list)}
        for member, _ in _SOURCES.values():
            for source in each.get(member) or []:
                found.add(json.dumps({**base, member: [source]}, sort_keys=True))
    return found


class SecurityGroup(Tagged):
    """`aws:ec2/securityGroup:SecurityGroup`."""

    resource_type = "security-group"
    id = "GroupId"
    naming: ClassVar[Naming | None] = Naming(limit=255)
    names = given(name="GroupName", description="GroupDescription")
    defaults = fixed(description="Managed by Pulumi", revokeRulesOnDelete=False)
    replaces: ClassVar[tuple[str, ...]] = ("description", "name", "namePrefix", "vpcId")
    sets = (
        "ingress",
        "egress",
        *(f"{way}[*].{name}" for way in ("ingress", "egress") for name in _SOURCES),
    )
    computed: ClassVar[tuple[str, ...]] = ("ingress", "egress", "vpcId")
    making = Call("create_security_group", given(Description="$description"))
    reading = Call("describe_security_groups", given(GroupIds=["$id"]), at="SecurityGroups[0]")
    removing = Call("delete_security_group", given(GroupId="$id"))

    def same(self, key: str, left: Any, right: Any) -> bool:
        if key not in ("ingress", "egress") or not isinstance(left, list) or not isinstance(right, list):
            return False
        return _atoms(left, "self") == _atoms(right, "self")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        own = {name: value for name, value in inputs.items() if name not in ("ingress", "egress")}
        return super().create(aws, own, token)

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.ec2.revoke_security_group_egress(GroupId=id, IpPermissions=[_EVERYTHING])
        self._sync(aws, id, "ingress", [], inputs.get("ingress") or [])
        self._sync(aws, id, "egress", [], inputs.get("egress") or [])

    def _sync(self, aws: Aws, id: str, way: str, old: list[Properties], new: list[Properties]) -> None:
        had, wanted = _atoms(old, id), _atoms(new, id)
        if had - wanted:
            revoke = getattr(aws.ec2, f"revoke_security_group_{way}")
            revoke(GroupId=id, IpPermissions=[json.loads(each) for each in sorted(had - wanted)])
        if wanted - had:
            authorize = getattr(aws.ec2, f"authorize_security_group_{way}")
            authorize(GroupId=id, IpPermissions=[json.loads(each) for each in sorted(wanted - had)])

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        id_ = found["GroupId"]
        return {
            **outputs,
            "name": found["GroupName"],
            "description": found["Description"],
            "ingress": rules(found.get("IpPermissions") or [], id_),
            "egress": rules(found.get("IpPermissionsEgress") or [], id_),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        for way in ("ingress", "egress"):
            if change.any(way):
                self._sync(aws, id, way, change.outputs.get(way) or [], change.new.get(way) or [])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("revokeRulesOnDelete"):
            seen = self.read(aws, id, known) or {}
            for way in ("ingress", "egress"):
                self._sync(aws, id, way, seen.get(way) or [], [])
        super().delete(aws, id, known)


class SecurityGroupRule(Kind):
    """`aws:ec2/securityGroupRule:SecurityGroupRule`; its id is a digest of what it allows, as in Terraform."""

    naming = None
    defaults = fixed(self=False)
    sets = ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds")
    replaces = (
        "cidrBlocks",
        "fromPort",
        "ipv6CidrBlocks",
        "prefixListIds",
        "protocol",
        "securityGroupId",
        "self",
        "sourceSecurityGroupId",
        "toPort",
        "type",
    )

    def _permission(self, inputs: Properties) -> dict[str, Any]:
        source = inputs.get("sourceSecurityGroupId")
        return permission({**inputs, "securityGroups": [source] if source else []}, inputs["securityGroupId"])

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        authorize = getattr(aws.ec2, f"authorize_security_group_{inputs['type']}")
        authorize(GroupId=inputs["securityGroupId"], IpPermissions=[self._permission(inputs)])
        return self._id(inputs)

    def _id(self, inputs: Properties) -> str:
        wanted = {
            **self._permission({**inputs, "description": ""}),
            "type": inputs["type"],
            "of": inputs["securityGroupId"],
        }
        return f"sgrule-{int(hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:12], 16)}"

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        if not known.get("securityGroupId"):
            raise errors.ProviderError(f"{self.token}: a rule cannot be adopted by its id alone")
        group = known["securityGroupId"]
        found = aws.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
        member = "IpPermissions" if known["type"] == "ingress" else "IpPermissionsEgress"
        source = known.get("sourceSecurityGroupId")
        wanted = {**known, "securityGroups": [source] if source else []}
        there = _atoms(rules(found.get(member) or [], group), group)
        return {"securityGroupId": group} if _atoms([wanted], group) <= there else None

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """Its description alone can change."""
        update = getattr(aws.ec2, f"update_security_group_rule_descriptions_{change.new['type']}")
        update(GroupId=change.new["securityGroupId"], IpPermissions=[self._permission(change.new)])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        revoke = getattr(aws.ec2, f"revoke_security_group_{known['type']}")
        revoke(GroupId=known["securityGroupId"], IpPermissions=[self._permission(known)])

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return self._id(inputs)
