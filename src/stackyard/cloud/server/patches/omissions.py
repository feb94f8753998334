"""Faults: EC2 forgets a part of what it is told: the public half and the tags of a key pair, the ports of a network
ACL's rule, which subnets an ACL guards, the tags and settings of a flow log, the tags of a prefix list; tags taken off
a launch template stay. Cure: all of these are kept and told. A network ACL that guards a subnet cannot be deleted. It
also knows one image of Ubuntu, whose name is like none of Canonical's; here are more, under names that programs want.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

_Handler = Callable[[dict[str, Any]], Any]
_FLOW_MEMBERS = (
    ("DeliverLogsPermissionArn", "deliverLogsPermissionArn"),
    ("LogFormat", "logFormat"),
    ("MaxAggregationInterval", "maxAggregationInterval"),
)
_CANONICAL, _DEBIAN, _AMAZON = "099720109477", "136693071363", "137112412989"
# Name, description, device of the root disk, owner, alias of the owner.
_IMAGES = (
    *(
        (f"ubuntu/images/{disk}/ubuntu-{name}-{release}-amd64-server-{day}", f"Canonical, Ubuntu, {release}",
         "/dev/sda1", _CANONICAL, None)
        for disk, name, release, day in (
            ("hvm-ssd", "bionic", "18.04", "20230607"),
            ("hvm-ssd", "focal", "20.04", "20250603.1"),
            ("hvm-ssd", "jammy", "22.04", "20250603"),
            ("hvm-ssd-gp3", "noble", "24.04", "20250610"),
        )
    ),
    ("amzn2-ami-ecs-hvm-2.0.20250610-x86_64-ebs", "Amazon Linux 2 for ECS", "/dev/xvda", "591542846629", "amazon"),
    ("debian-12-amd64-20250530-2128", "Debian 12", "/dev/xvda", _DEBIAN, None),
    ("amzn2-ami-hvm-2.0.20250610.0-x86_64-ebs", "Amazon Linux 2", "/dev/xvda", _AMAZON, "amazon"),
    ("amzn2-ami-kernel-5.10-hvm-2.0.20250610.0-x86_64-gp2", "Amazon Linux 2", "/dev/xvda", _AMAZON, "amazon"),
)  # fmt: skip


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """EC2's table of actions."""
    return {"ministack.services.ec2": _in_ec2}


def _in_ec2(module: Any) -> None:
    for cure in (_keys, _rules, _guards, _flows, _templates, _prefixes):
        cure(module, module._ACTION_MAP)
    for name, description, device, owner, alias in _IMAGES:
        id_ = f"ami-{hashlib.sha256(name.encode()).hexdigest()[:17]}"
        module._STUB_AMIS.append((id_, name, description, "", device, owner, alias))


def _keys(module: Any, actions: dict[str, _Handler]) -> None:
    import_ = actions["ImportKeyPair"]

    def import_kept(given: dict[str, Any]) -> Any:
        name = module._p(given, "KeyName")
        if name in module._key_pairs:
            return module._error("InvalidKeyPair.Duplicate", f"The keypair '{name}' already exists.", 400)
        answer = import_(given)
        if answer[0] < 300:
            pair = module._key_pairs[name]
            module._key_pairs[name] = {**pair, "Material": module._p(given, "PublicKeyMaterial")}
            module._parse_tag_specs(given, "key-pair", pair["KeyPairId"])
        return answer

    def describe(given: dict[str, Any]) -> Any:
        names, ids = (module._parse_member_list(given, key) for key in ("KeyName", "KeyPairId"))
        lost = next((name for name in names if name not in module._key_pairs), None)
        if lost is not None:
            return module._error("InvalidKeyPair.NotFound", f"The key pair '{lost}' does not exist", 400)
        filters, items = module._parse_filters(given), ""
        for pair in module._key_pairs.values():
            wanted = (not names or pair["KeyName"] in names) and (not ids or pair["KeyPairId"] in ids)
            if wanted and module._resource_matches_tag_filters(pair["KeyPairId"], filters):
                items += _key_item(module, pair, told=module._p(given, "IncludePublicKey") == "true")
        return module._xml(200, "DescribeKeyPairsResponse", f"<keySet>{items}</keySet>")

    actions["ImportKeyPair"], actions["DescribeKeyPairs"] = import_kept, describe


def _key_item(module: Any, pair: dict[str, Any], *, told: bool) -> str:
    material = _decoded(pair.get("Material", ""))
    public = f"<publicKey>{module._esc(material)}</publicKey>" if told and material else ""
    kind = "ed25519" if "ed25519" in material else "rsa"
    return (
        f"<item><keyName>{module._esc(pair['KeyName'])}</keyName><keyFingerprint>{pair['KeyFingerprint']}"
        f"</keyFingerprint><keyPairId>{pair['KeyPairId']}</keyPairId><keyType>{kind}</keyType>{public}"
        f"{module._tag_set_xml(pair['KeyPairId'])}</item>"
    )


def _decoded(text: str) -> str:
    """The query protocol carries a key in base64."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text


def _rules(module: Any, actions: dict[str, _Handler]) -> None:
    told = module._network_acl_entry_xml

    def entry_xml(entry: dict[str, Any]) -> str:
        more = ""
        if "PortRange" in entry:
            more = f"<portRange><from>{entry['PortRange'][0]}</from><to>{entry['PortRange'][1]}</to></portRange>"
        if "Icmp" in entry:
            more += f"<icmpTypeCode><type>{entry['Icmp'][0]}</type><code>{entry['Icmp'][1]}</code></icmpTypeCode>"
        return str(told(entry)).replace("</item>", f"{more}</item>")

    module._network_acl_entry_xml = entry_xml
    for action in ("CreateNetworkAclEntry", "ReplaceNetworkAclEntry"):
        actions[action] = _with_ports(module, actions[action], is_new=action.startswith("Create"))


def _with_ports(module: Any, handler: _Handler, *, is_new: bool) -> _Handler:
    def handle(given: dict[str, Any]) -> Any:
        list_ = module._network_acls.get(module._p(given, "NetworkAclId"))
        number, egress = int(module._p(given, "RuleNumber") or 0), module._p(given, "Egress") == "true"
        there = list_ and any(row["RuleNumber"] == number and row["Egress"] == egress for row in list_["Entries"])
        if list_ and is_new and there:
            message = f"The network acl entry identified by {number} already exists."
            return module._error("NetworkAclEntryAlreadyExists", message, 400)
        answer = handler(given)
        if answer[0] < 300 and list_:
            entry = list_["Entries"][-1]
            for name, prefix, first, second in (
                ("PortRange", "PortRange", "From", "To"),
                ("Icmp", "Icmp", "Type", "Code"),
            ):
                if module._p(given, f"{prefix}.{first}"):
                    entry[name] = [module._p(given, f"{prefix}.{part}") for part in (first, second)]
        return answer

    return handle


def _guards(module: Any, actions: dict[str, _Handler]) -> None:
    describe, replace, delete = (
        actions[name] for name in ("DescribeNetworkAcls", "ReplaceNetworkAclAssociation", "DeleteNetworkAcl")
    )

    def describe_guarded(given: dict[str, Any]) -> Any:
        _settle(module)
        filters = module._parse_filters(given)
        subnets, ids = filters.get("association.subnet-id"), filters.get("association.association-id")
        if not subnets and not ids:
            return describe(given)
        found = [
            list_["NetworkAclId"]
            for list_ in module._network_acls.values()
            for row in list_["Associations"]
            if row["SubnetId"] in (subnets or [row["SubnetId"]])
            and row["NetworkAclAssociationId"] in (ids or [row["NetworkAclAssociationId"]])
        ]
        named = {f"NetworkAclId.{count}": [name] for count, name in enumerate(found or ["none"], 1)}
        return describe({**given, **named})

    def replace_guarded(given: dict[str, Any]) -> Any:
        _settle(module)
        old = module._p(given, "AssociationId")
        rows = (row for list_ in module._network_acls.values() for row in list_["Associations"])
        found = next((row for row in rows if row["NetworkAclAssociationId"] == old), None)
        if found is None:
            message = f"The association ID '{old}' does not exist"
            return module._error("InvalidAssociationID.NotFound", message, 400)
        answer = replace(given)
        if answer[0] < 300:
            module._network_acls[module._p(given, "NetworkAclId")]["Associations"][-1]["SubnetId"] = found["SubnetId"]
        return answer

    def delete_unguarded(given: dict[str, Any]) -> Any:
        _settle(module)
        list_ = module._network_acls.get(module._p(given, "NetworkAclId"))
        if list_ and list_["Associations"]:
            message = f"networkAcl '{list_['NetworkAclId']}' has dependencies and cannot be deleted."
            return module._error("DependencyViolation", message, 400)
        return delete(given)

    actions["DescribeNetworkAcls"], actions["ReplaceNetworkAclAssociation"] = describe_guarded, replace_guarded
    actions["DeleteNetworkAcl"] = delete_unguarded


def _settle(module: Any) -> None:
    """Every subnet has an ACL: its VPC's default one until it is given another."""
    subnets = {row["SubnetId"]: row["VpcId"] for row in module._subnets.values()}
    guarded: set[str] = set()
    for list_ in module._network_acls.values():
        if any(row["SubnetId"] not in subnets for row in list_["Associations"]):
            list_["Associations"] = [row for row in list_["Associations"] if row["SubnetId"] in subnets]
        guarded.update(row["SubnetId"] for row in list_["Associations"])
    for list_ in module._network_acls.values():
        if list_["IsDefault"]:
            ours = sorted(name for name, vpc in subnets.items() if vpc == list_["VpcId"] and name not in guarded)
            rows = [{"NetworkAclAssociationId": _association_id(name), "SubnetId": name} for name in ours]
            if rows:
                list_["Associations"] = [*list_["Associations"], *rows]


def _association_id(subnet: str) -> str:
    return f"aclassoc-{hashlib.sha256(subnet.encode()).hexdigest()[:17]}"


def _flows(module: Any, actions: dict[str, _Handler]) -> None:
    create = actions["CreateFlowLogs"]

    def create_kept(given: dict[str, Any]) -> Any:
        before = set(module._flow_logs)
        answer = create(given)
        for name in set(module._flow_logs) - before:
            more = {member: module._p(given, member) for member, _ in _FLOW_MEMBERS if module._p(given, member)}
            module._flow_logs[name] = {**module._flow_logs[name], **more}
            module._parse_tag_specs(given, "vpc-flow-log", name)
        return answer

    def describe(given: dict[str, Any]) -> Any:
        ids, filters = module._parse_member_list(given, "FlowLogId"), module._parse_filters(given)
        rows = [
            row
            for name, row in module._flow_logs.items()
            if (not ids or name in ids)
            and module._resource_matches_tag_filters(name, filters)
            and row["ResourceId"] in filters.get("resource-id", [row["ResourceId"]])
        ]
        items = "".join(_flow_item(module, row) for row in rows)
        return module._xml(200, "DescribeFlowLogsResponse", f"<flowLogSet>{items}</flowLogSet>")

    actions["CreateFlowLogs"], actions["DescribeFlowLogs"] = create_kept, describe


def _flow_item(module: Any, row: dict[str, Any]) -> str:
    names = {
        "FlowLogId": "flowLogId",
        "ResourceId": "resourceId",
        "TrafficType": "trafficType",
        "LogDestinationType": "logDestinationType",
        "LogDestination": "logDestination",
        "FlowLogStatus": "flowLogStatus",
        "CreationTime": "creationTime",
        **dict(_FLOW_MEMBERS),
    }
    parts = [f"<{tag}>{module._esc(str(row[member]))}</{tag}>" for member, tag in names.items() if row.get(member)]
    return f"<item>{''.join(parts)}{module._tag_set_xml(row['FlowLogId'])}</item>"


def _templates(module: Any, actions: dict[str, _Handler]) -> None:
    create = actions["CreateLaunchTemplate"]

    def create_once(given: dict[str, Any]) -> Any:
        answer = create(given)
        for row in module._launch_templates.values():
            # The copy that its own record has of its tags is never changed.
            row.pop("Tags", None)
        return answer

    actions["CreateLaunchTemplate"] = create_once


def _prefixes(module: Any, actions: dict[str, _Handler]) -> None:
    create = actions["CreateManagedPrefixList"]

    def create_tagged(given: dict[str, Any]) -> Any:
        before = set(module._prefix_lists)
        answer = create(given)
        for name in set(module._prefix_lists) - before:
            module._parse_tag_specs(given, "prefix-list", name)
        return answer

    actions["CreateManagedPrefixList"] = create_tagged
