"""Rules of security groups with ids and tags of their own."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.ec2.firewalls import protocol
from stackyard.providers.aws.kinds import Change, FoundBy, Kind
from stackyard.providers.aws.tagging import TOKEN_TAG, Tagging, pairs

_SOURCES: Final = {
    "cidrIpv4": ("IpRanges", "CidrIp", "CidrIpv4"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
    "prefixListId": ("PrefixListIds", "PrefixListId", "PrefixListId"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId", ""),
}


class _Rule(Kind):
    """One rule with one source. `way` is the word in the calls."""

    way: ClassVar[str] = ""
    naming = None
    replaces = ("securityGroupId",)
    found_by = FoundBy.TAG
    tagging = Tagging("ec2", by="id", add="create_tags", remove="delete_tags", read="", member="Resources")

    def same(self, key: str, left: Any, right: Any) -> bool:
        return key == "ipProtocol" and protocol(left) == protocol(right)

    def _permission(self, inputs: Properties) -> dict[str, Any]:
        found: dict[str, Any] = {"IpProtocol": protocol(inputs["ipProtocol"])}
        if found["IpProtocol"] != "-1":
            found["FromPort"], found["ToPort"] = inputs.get("fromPort", -1), inputs.get("toPort", -1)
        note = {"Description": inputs["description"]} if inputs.get("description") else {}
        for name, (member, key, _) in _SOURCES.items():
            if inputs.get(name):
                found[member] = [{key: inputs[name], **note}]
        return found

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        authorize = getattr(aws.ec2, f"authorize_security_group_{self.way}")
        tags: dict[str, Any] = {}
        if inputs.get("tagsAll"):
            tags["TagSpecifications"] = [{"ResourceType": "security-group-rule", "Tags": pairs(inputs["tagsAll"])}]
        made = authorize(GroupId=inputs["securityGroupId"], IpPermissions=[self._permission(inputs)], **tags)
        return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.ec2.describe_security_group_rules(SecurityGroupRuleIds=[id])["SecurityGroupRules"]
        if not found:
            return None
        rule = found[0]
        outputs: Properties = {
            "securityGroupRuleId": id,
            "arn": aws.arn("ec2", f"security-group-rule/{id}"),
            "securityGroupId": rule["GroupId"],
            "ipProtocol": rule["IpProtocol"],
            "description": rule.get("Description"),
            "tags": {tag["Key"]: tag["Value"] for tag in rule.get("Tags") or []},
        }
        if rule["IpProtocol"] != "-1":
            outputs["fromPort"], outputs["toPort"] = rule.get("FromPort"), rule.get("ToPort")
        for name, (_, _, seen) in _SOURCES.items():
            if seen and rule.get(seen):
                outputs[name] = rule[seen]
        if rule.get("ReferencedGroupInfo"):
            outputs["referencedSecurityGroupId"] = rule["ReferencedGroupInfo"]["GroupId"]
        return outputs

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.keys <= {"tags", "tagsAll"}:
            return
        new = change.new
        rule: dict[str, Any] = {"IpProtocol": protocol(new["ipProtocol"]), "Description": new.get("description", "")}
        if rule["IpProtocol"] != "-1":
            rule["FromPort"], rule["ToPort"] = new.get("fromPort", -1), new.get("toPort", -1)
        members = {"cidrIpv4": "CidrIpv4", "cidrIpv6": "CidrIpv6", "prefixListId": "PrefixListId"}
        rule |= {member: new[name] for name, member in members.items() if new.get(name)}
        if new.get("referencedSecurityGroupId"):
            rule["ReferencedGroupId"] = new["referencedSecurityGroupId"]
        wanted = {"SecurityGroupRuleId": id, "SecurityGroupRule": rule}
        aws.ec2.modify_security_group_rules(GroupId=new["securityGroupId"], SecurityGroupRules=[wanted])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        revoke = getattr(aws.ec2, f"revoke_security_group_{self.way}")
        revoke(GroupId=known["securityGroupId"], SecurityGroupRuleIds=[id])

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        filters = [{"Name": "group-id", "Values": [inputs["securityGroupId"]]}]
        for rule in aws.ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]:
            tags = {tag["Key"]: tag["Value"] for tag in rule.get("Tags") or []}
            if tags.get(TOKEN_TAG) == token:
                return str(rule["SecurityGroupRuleId"])
        return None


class SecurityGroupIngressRule(_Rule):
    """`aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule`."""

    way = "ingress"


class SecurityGroupEgressRule(_Rule):
    """`aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule`."""

    way = "egress"
