"""Faults: an instance is launched into the default subnet when its interface says another, has an address of no subnet,
is always public, in the first zone and of `/dev/xvda`, and forgets its user data, disks, options and launch template;
nothing of one can be changed. Cure: launched as asked, told as launched, and changed by ModifyInstanceAttribute and
its like; a protected one is not terminated. No machine runs behind it, as before.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

Given = dict[str, Any]
_Handler = Callable[[Given], Any]
# Attributes that are kept with an instance: name in answers → its member in requests, and what it is unless said.
_KEPT = {
    "disableApiStop": ("DisableApiStop", "false"),
    "disableApiTermination": ("DisableApiTermination", "false"),
    "ebsOptimized": ("EbsOptimized", "false"),
    "instanceInitiatedShutdownBehavior": ("InstanceInitiatedShutdownBehavior", "stop"),
    "sourceDestCheck": ("SourceDestCheck", "true"),
}
_METADATA = ("HttpEndpoint", "HttpProtocolIpv6", "HttpPutResponseHopLimit", "HttpTokens", "InstanceMetadataTags")
# What a launch takes from its template where it says nothing itself.
_PLAIN = ("EbsOptimized", "ImageId", "InstanceType", "KeyName", "UserData")
_RESERVED = 4  # addresses at the start of a subnet that AWS keeps


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """EC2's table of actions."""
    return {"ministack.services.ec2": _in_ec2}


def _in_ec2(module: Any) -> None:
    actions = module._ACTION_MAP
    actions["RunInstances"] = _launching(module, actions["RunInstances"])
    actions["DescribeInstanceAttribute"] = _telling(module, actions["DescribeInstanceAttribute"])
    actions["TerminateInstances"] = _protected(module, actions["TerminateInstances"])
    actions["ModifyInstanceAttribute"] = _changing(module)
    actions["ModifyInstanceMetadataOptions"] = _instance_call(module, "ModifyInstanceMetadataOptions", _set_metadata)
    for verb, state in (("Monitor", "enabled"), ("Unmonitor", "disabled")):
        actions[f"{verb}Instances"] = _monitoring(module, f"{verb}Instances", state)
    instance, volume = module._instance_xml, module._volume_inner_xml
    module._instance_xml = lambda row: f"{instance(row).removesuffix('</item>')}{_more_xml(row)}</item>"
    module._volume_inner_xml = lambda row: f"{volume(row)}{_speed_xml(row)}"


def _more_xml(row: Given) -> str:
    told = row.get("MetadataOptions") or {}
    tags = {name: f"{name[0].lower()}{name[1:]}" for name in told}
    options = "".join(f"<{tag}>{told[name]}</{tag}>" for name, tag in tags.items())
    optimized = row.get("Kept", {}).get("ebsOptimized", "false")
    return f"<metadataOptions>{options}</metadataOptions><ebsOptimized>{optimized}</ebsOptimized>"


def _speed_xml(row: Given) -> str:
    names = {"Throughput": "throughput", "KmsKeyId": "kmsKeyId"}
    return "".join(f"<{tag}>{row[name]}</{tag}>" for name, tag in names.items() if row.get(name))


def _launching(module: Any, run: _Handler) -> _Handler:
    def launch(given: Given) -> Any:
        asked = _from_template(module, _from_interface(given))
        fault = _fault(module, asked)
        if fault:
            return fault
        before = set(module._instances)
        answer = run(asked)
        if answer[0] >= 300:
            return answer
        made = [row for name, row in module._instances.items() if name not in before]
        for row in made:
            _place(module, row, asked, given)
            _keep(module, row, asked)
            _fit_disks(module, row, asked)
            module._instances[row["InstanceId"]] = row
        items = "".join(module._instance_xml(row) for row in made)
        reservation = f"r-{made[0]['InstanceId'][2:]}" if made else "r-0"
        owner = f"<ownerId>{module.get_account_id()}</ownerId><groupSet/>"
        inner = f"<instancesSet>{items}</instancesSet><reservationId>{reservation}</reservationId>{owner}"
        return module._xml(200, "RunInstancesResponse", inner)

    return launch


def _from_interface(given: Given) -> Given:
    """The first interface's subnet, groups and address as the launch's own."""
    start = "NetworkInterface.1."
    found = dict(given)
    for name in ("SubnetId", "PrivateIpAddress"):
        if f"{start}{name}" in given:
            found.setdefault(name, given[f"{start}{name}"])
    for name, value in given.items():
        match = re.fullmatch(rf"{re.escape(start)}SecurityGroupId\.(\d+)", name)
        if match:
            found.setdefault(f"SecurityGroupId.{match[1]}", value)
    return found


def _from_template(module: Any, given: Given) -> Given:
    names = [module._p(given, f"LaunchTemplate.LaunchTemplate{part}") for part in ("Id", "Name")]
    templates = module._launch_templates.values()
    template = next((t for t in templates if {t["LaunchTemplateId"], t["LaunchTemplateName"]} & {*names}), None)
    if template is None:
        return given
    data = _version(template, module._p(given, "LaunchTemplate.Version") or "$Default")["LaunchTemplateData"]
    found = dict(given)
    interface: Given = next(iter(data.get("NetworkInterfaces") or ()), {})
    for name in _PLAIN:
        if name in data:
            found.setdefault(name, [str(data[name])])
    if interface.get("SubnetId"):
        found.setdefault("SubnetId", [interface["SubnetId"]])
    groups = data.get("SecurityGroupIds") or interface.get("Groups") or []
    if not any(name.startswith("SecurityGroupId.") for name in found):
        found |= {f"SecurityGroupId.{count}": [group] for count, group in enumerate(groups, 1)}
    for name, value in (data.get("IamInstanceProfile") or {}).items():
        found.setdefault(f"IamInstanceProfile.{name}", [value])
    for name, value in (data.get("MetadataOptions") or {}).items():
        found.setdefault(f"MetadataOptions.{name}", [str(value)])
    return found


def _version(template: Given, wanted: str) -> Given:
    numbers = {"$Latest": template["LatestVersionNumber"], "$Default": template["DefaultVersionNumber"]}
    number, versions = str(numbers.get(wanted, wanted)), template["Versions"]
    found: Given = next((each for each in versions if str(each["VersionNumber"]) == number), versions[0])
    return found


def _fault(module: Any, given: Given) -> Any:
    """The refusal of a subnet, a group or an address that cannot be; None when all is well."""
    subnet = module._p(given, "SubnetId")
    if subnet and subnet not in module._subnets:
        return module._error("InvalidSubnetID.NotFound", f"The subnet ID '{subnet}' does not exist", 400)
    for group in module._parse_member_list(given, "SecurityGroupId"):
        if group not in module._security_groups:
            return module._error("InvalidGroup.NotFound", f"The security group '{group}' does not exist", 400)
    address = module._p(given, "PrivateIpAddress")
    if subnet and address:
        if ipaddress.ip_address(address) not in ipaddress.ip_network(module._subnets[subnet]["CidrBlock"]):
            message = f"Address {address} does not fall within the subnet's address range"
            return module._error("InvalidParameterValue", message, 400)
        if address in _taken(module, subnet):
            return module._error("InvalidIPAddress.InUse", f"Address {address} is in use.", 400)
    return None


def _taken(module: Any, subnet: str) -> set[str]:
    rows = (row for row in module._instances.values() if row["SubnetId"] == subnet)
    return {row["PrivateIpAddress"] for row in rows if row["State"]["Name"] != "terminated"}


def _place(module: Any, row: Given, asked: Given, given: Given) -> None:
    """Its zone, and addresses of its subnet."""
    subnet = module._subnets.get(row["SubnetId"])
    if subnet is None:
        return
    row["Placement"] = {**row["Placement"], "AvailabilityZone": subnet["AvailabilityZone"]}
    tenancy = module._p(asked, "Placement.Tenancy")
    if tenancy:
        row["Placement"]["Tenancy"] = tenancy
    if not module._p(asked, "PrivateIpAddress"):
        row["PrivateIpAddress"] = ""
        taken = _taken(module, row["SubnetId"])
        row["PrivateIpAddress"] = next((each for each in _hosts(subnet["CidrBlock"]) if each not in taken), "")
    region = module.get_region()
    host = f"ip-{row['PrivateIpAddress'].replace('.', '-')}"
    row["PrivateDnsName"] = f"{host}.ec2.internal" if region == "us-east-1" else f"{host}.{region}.compute.internal"
    said = module._p(given, "NetworkInterface.1.AssociatePublicIpAddress")
    public = said.lower() == "true" if said else bool(subnet.get("MapPublicIpOnLaunch"))
    address = row["PublicIpAddress"] if public else ""
    zone = "compute-1" if region == "us-east-1" else f"{region}.compute"
    row["PublicIpAddress"] = address
    row["PublicDnsName"] = f"ec2-{address.replace('.', '-')}.{zone}.amazonaws.com" if address else ""


def _hosts(block: str) -> Iterator[str]:
    for count, each in enumerate(ipaddress.ip_network(block).hosts(), 1):
        if count >= _RESERVED:
            yield str(each)


def _keep(module: Any, row: Given, asked: Given) -> None:
    """What only DescribeInstanceAttribute and the like tell."""
    kept = {name: module._p(asked, member) or default for name, (member, default) in _KEPT.items()}
    row["Kept"] = kept
    row["Monitoring"] = {"State": "enabled" if module._p(asked, "Monitoring.Enabled") == "true" else "disabled"}
    _set_metadata(module, row, asked, "MetadataOptions.")


def _set_metadata(module: Any, row: Given, given: Given, start: str = "") -> None:
    base = {"HttpEndpoint": "enabled", "HttpProtocolIpv6": "disabled", "HttpPutResponseHopLimit": "1"}
    base |= {"HttpTokens": "optional", "InstanceMetadataTags": "disabled", **(row.get("MetadataOptions") or {})}
    said = {name: module._p(given, f"{start}{name}") for name in _METADATA}
    row["MetadataOptions"] = {**base, **{name: value for name, value in said.items() if value}, "State": "applied"}


def _fit_disks(module: Any, row: Given, asked: Given) -> None:
    """The root disk under the image's name and in the size asked for, and further disks."""
    root = next((stub[4] for stub in module._STUB_AMIS if stub[0] == row["ImageId"]), row["RootDeviceName"])
    mapping = row["BlockDeviceMappings"][0] if row["BlockDeviceMappings"] else None
    if mapping is None:
        return
    row["RootDeviceName"] = mapping["DeviceName"] = root
    volume = module._volumes[mapping["Ebs"]["VolumeId"]]
    zone = row["Placement"]["AvailabilityZone"]
    volume.update(AvailabilityZone=zone, Attachments=[{**volume["Attachments"][0], "Device": root}])
    for start in _numbered(module, asked, "BlockDeviceMapping", "DeviceName"):
        name = module._p(asked, f"{start}.DeviceName")
        if name != root:
            volume, mapping = _further(module, row, name, volume)
        ends = module._p(asked, f"{start}.Ebs.DeleteOnTermination")
        mapping["Ebs"]["DeleteOnTermination"] = ends != "false"
        volume.update(_settings(module, asked, f"{start}.Ebs."))
    for each in row["BlockDeviceMappings"]:
        name = each["Ebs"]["VolumeId"]
        # Set anew, so that it is kept.
        module._volumes[name] = module._volumes[name]
        module._parse_tag_specs(asked, "volume", name)


def _numbered(module: Any, given: Given, prefix: str, member: str) -> Iterator[str]:
    count = 1
    while module._p(given, f"{prefix}.{count}.{member}"):
        yield f"{prefix}.{count}"
        count += 1


def _further(module: Any, row: Given, name: str, like: Given) -> tuple[Given, Given]:
    id_ = module._new_volume_id()
    attached = {**like["Attachments"][0], "VolumeId": id_, "Device": name}
    module._volumes[id_] = {**like, "VolumeId": id_, "Size": 8, "Attachments": [attached]}
    mapping = {"DeviceName": name, "Ebs": {"VolumeId": id_, "Status": "attached", "AttachTime": attached["AttachTime"]}}
    row["BlockDeviceMappings"] = [*row["BlockDeviceMappings"], mapping]
    return module._volumes[id_], mapping


def _settings(module: Any, asked: Given, start: str) -> Given:
    numbers = {"Iops": "Iops", "Throughput": "Throughput", "VolumeSize": "Size"}
    found: Given = {key: int(module._p(asked, start + n)) for n, key in numbers.items() if module._p(asked, start + n)}
    for name in ("VolumeType", "SnapshotId", "KmsKeyId"):
        if module._p(asked, start + name):
            found[name] = module._p(asked, start + name)
    if module._p(asked, f"{start}Encrypted"):
        found["Encrypted"] = module._p(asked, f"{start}Encrypted") == "true"
    return found


def _telling(module: Any, describe: _Handler) -> _Handler:
    def tell(given: Given) -> Any:
        row, name = module._instances.get(module._p(given, "InstanceId")), module._p(given, "Attribute")
        if row is None or (name not in _KEPT and name != "userData"):
            return describe(given)
        value = row.get("UserData", "") if name == "userData" else row.get("Kept", {}).get(name, _KEPT[name][1])
        part = f"<value>{module._esc(value)}</value>" if value else ""
        inner = f"<instanceId>{row['InstanceId']}</instanceId><{name}>{part}</{name}>"
        return module._xml(200, "DescribeInstanceAttributeResponse", inner)

    return tell


def _protected(module: Any, terminate: _Handler) -> _Handler:
    def end(given: Given) -> Any:
        for name in module._parse_member_list(given, "InstanceId"):
            kept = module._instances.get(name, {}).get("Kept", {})
            if kept.get("disableApiTermination") == "true":
                message = f"The instance '{name}' may not be terminated: its 'disableApiTermination' is true."
                return module._error("OperationNotPermitted", message, 400)
        answer = terminate(given)
        if answer[0] < 300:
            for name in module._parse_member_list(given, "InstanceId"):
                _drop_disks(module, module._instances[name])
        return answer

    return end


def _drop_disks(module: Any, row: Given) -> None:
    """Its disks go with it, or are left free."""
    for name, volume in list(module._volumes.items()):
        if not any(each["InstanceId"] == row["InstanceId"] for each in volume["Attachments"]):
            continue
        mine = [each for each in row["BlockDeviceMappings"] if each["Ebs"].get("VolumeId") == name]
        if mine and mine[0]["Ebs"].get("DeleteOnTermination", True):
            del module._volumes[name]
        else:
            module._volumes[name] = {**volume, "Attachments": [], "State": "available"}


def _instance_call(module: Any, action: str, change: Callable[[Any, Given, Given], Any]) -> _Handler:
    def handle(given: Given) -> Any:
        name = module._p(given, "InstanceId")
        row = module._instances.get(name)
        if row is None:
            return module._error("InvalidInstanceID.NotFound", f"The instance ID '{name}' does not exist", 400)
        fault = change(module, row, given)
        if fault:
            return fault
        module._instances[name] = row
        return module._xml(200, f"{action}Response", f"<instanceId>{name}</instanceId><return>true</return>")

    return handle


def _changing(module: Any) -> _Handler:
    return _instance_call(module, "ModifyInstanceAttribute", _change)


def _change(module: Any, row: Given, given: Given) -> Any:
    stopped = row["State"]["Name"] == "stopped"
    kind, data = module._p(given, "InstanceType.Value"), module._p(given, "UserData.Value")
    if (kind or "UserData.Value" in given) and not stopped:
        message = f"The instance '{row['InstanceId']}' is not in the 'stopped' state."
        return module._error("IncorrectInstanceState", message, 400)
    if kind:
        row["InstanceType"] = kind
    if "UserData.Value" in given:
        row["UserData"] = data
    groups = module._parse_member_list(given, "GroupId")
    if groups:
        lost = next((group for group in groups if group not in module._security_groups), None)
        if lost:
            return module._error("InvalidGroup.NotFound", f"The security group '{lost}' does not exist", 400)
        row["SecurityGroups"] = [
            {"GroupId": group, "GroupName": module._security_groups[group]["GroupName"]} for group in groups
        ]
    kept = {**row.get("Kept", {})}
    for name, (member, _) in _KEPT.items():
        if module._p(given, f"{member}.Value"):
            kept[name] = module._p(given, f"{member}.Value")
    row["Kept"], row["SourceDestCheck"] = kept, kept.get("sourceDestCheck", "true") == "true"
    for start in _numbered(module, given, "BlockDeviceMapping", "DeviceName"):
        ends = module._p(given, f"{start}.Ebs.DeleteOnTermination")
        for each in row["BlockDeviceMappings"]:
            if ends and each["DeviceName"] == module._p(given, f"{start}.DeviceName"):
                each["Ebs"]["DeleteOnTermination"] = ends == "true"
    return None


def _monitoring(module: Any, action: str, state: str) -> _Handler:
    def handle(given: Given) -> Any:
        items = ""
        for name in module._parse_member_list(given, "InstanceId"):
            row = module._instances.get(name)
            if row is None:
                return module._error("InvalidInstanceID.NotFound", f"The instance ID '{name}' does not exist", 400)
            module._instances[name] = {**row, "Monitoring": {"State": state}}
            items += f"<item><instanceId>{name}</instanceId><monitoring><state>{state}</state></monitoring></item>"
        return module._xml(200, f"{action}Response", f"<instancesSet>{items}</instancesSet>")

    return handle
