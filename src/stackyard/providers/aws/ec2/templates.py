"""Launch templates. Every change of what they launch is a new version; the id stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard.model.values import Properties
from stackyard.providers.aws import connections, shapes
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, mapping, pairs

# What is of the template and not of the instances that it launches.
_OWN: Final = (
    "defaultVersion",
    "description",
    "name",
    "namePrefix",
    "region",
    "tags",
    "tagsAll",
    "updateDefaultVersion",
)
_INTERFACES: Final = "networkInterfaces"
NAMES: Final = {
    "securityGroupNames": "SecurityGroups",
    "vpcSecurityGroupIds": "SecurityGroupIds",
    f"{_INTERFACES}.ipv4AddressCount": "SecondaryPrivateIpAddressCount",
    f"{_INTERFACES}.ipv4Addresses": "PrivateIpAddresses",
    f"{_INTERFACES}.securityGroups": "Groups",
}
# Lists of addresses are lists of objects with one member each for EC2.
_WRAPPED: Final = {
    "ipv4Addresses": "PrivateIpAddress",
    "ipv4Prefixes": "Ipv4Prefix",
    "ipv6Addresses": "Ipv6Address",
    "ipv6Prefixes": "Ipv6Prefix",
}


def _data_shape(service_model: Any) -> Any:
    return service_model.operation_model("CreateLaunchTemplate").input_shape.members["LaunchTemplateData"]


class LaunchTemplate(Kind):
    """`aws:ec2/launchTemplate:LaunchTemplate`."""

    naming = Naming(limit=125)
    replaces = ("name", "namePrefix")
    sets = (
        "securityGroupNames",
        "vpcSecurityGroupIds",
        f"{_INTERFACES}[*].securityGroups",
        f"{_INTERFACES}[*].ipv4Addresses",
        f"{_INTERFACES}[*].ipv6Addresses",
    )
    computed = (
        "defaultVersion",
        "metadataOptions",
        *(f"metadataOptions.{name}" for name in ("httpEndpoint", "httpProtocolIpv6", "httpPutResponseHopLimit")),
        *(f"metadataOptions.{name}" for name in ("httpTokens", "instanceMetadataTags")),
        f"{_INTERFACES}[*].deviceIndex",
        "blockDeviceMappings[*].ebs.iops",
        "blockDeviceMappings[*].ebs.throughput",
        "blockDeviceMappings[*].ebs.volumeSize",
        "blockDeviceMappings[*].ebs.volumeType",
    )
    volatile = ("latestVersion", "defaultVersion")
    unsupported = ("secondaryInterfaces",)
    tagging = Tagging("ec2", by="id", add="create_tags", remove="delete_tags", read="", member="Resources")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments: dict[str, Any] = {"LaunchTemplateName": inputs["name"], **self._version(aws, inputs)}
        if inputs.get("tagsAll"):
            tags = {"ResourceType": "launch-template", "Tags": pairs(inputs["tagsAll"])}
            arguments["TagSpecifications"] = [tags]
        made = aws.ec2.create_launch_template(**arguments, **({"ClientToken": token} if token else {}))
        return str(made["LaunchTemplate"]["LaunchTemplateId"])

    def _version(self, aws: Aws, inputs: Properties) -> dict[str, Any]:
        given = {name: value for name, value in inputs.items() if name not in _OWN}
        if given.get(_INTERFACES):
            given[_INTERFACES] = [_outward(each) for each in given[_INTERFACES]]
        data = shapes.request(_data_shape(aws.ec2.meta.service_model), given, NAMES)
        note = {"VersionDescription": inputs["description"]} if inputs.get("description") else {}
        return {"LaunchTemplateData": data, **note}

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        templates = aws.ec2.describe_launch_templates(LaunchTemplateIds=[id])["LaunchTemplates"]
        if not templates:
            return None
        found = templates[0]
        version = aws.ec2.describe_launch_template_versions(LaunchTemplateId=id, Versions=["$Latest"])
        latest = version["LaunchTemplateVersions"][0]
        members = {name: type_ for name, type_ in self.schema.outputs.items() if name not in _OWN}
        data = shapes.properties(self.schema, members, latest["LaunchTemplateData"], NAMES)
        if data.get(_INTERFACES):
            described = latest["LaunchTemplateData"]["NetworkInterfaces"]
            data[_INTERFACES] = [
                {**said, **_addresses(each)} for said, each in zip(data[_INTERFACES], described, strict=True)
            ]
        absent = {name: None for name in members if name in self.schema.inputs and name not in data}
        return {
            **absent,
            **data,
            "arn": aws.arn("ec2", f"launch-template/{id}"),
            "defaultVersion": found["DefaultVersionNumber"],
            "description": latest.get("VersionDescription", ""),
            "latestVersion": found["LatestVersionNumber"],
            "name": found["LaunchTemplateName"],
            "tags": mapping(found.get("Tags")),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        latest = 0
        if change.keys - {"defaultVersion", "updateDefaultVersion"}:
            made = aws.ec2.create_launch_template_version(LaunchTemplateId=id, **self._version(aws, change.new))
            latest = int(made["LaunchTemplateVersion"]["VersionNumber"])
        wanted = change.new.get("defaultVersion")
        if change.new.get("updateDefaultVersion") is True:
            wanted = latest or change.outputs.get("latestVersion")
        if wanted and wanted != change.outputs.get("defaultVersion"):
            aws.ec2.modify_launch_template(LaunchTemplateId=id, DefaultVersion=str(wanted))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.ec2.delete_launch_template(LaunchTemplateId=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        found = aws.ec2.describe_launch_templates(LaunchTemplateNames=[inputs["name"]])["LaunchTemplates"]
        return str(found[0]["LaunchTemplateId"]) if found else None

    def handles(self, name: str) -> bool:
        """Whether EC2 has a member for an input; needs botocore's models, no credentials."""
        shape = _data_shape(connections.model("ec2"))
        return name in _OWN or (NAMES.get(name) or shapes.match(name, shape.members)) in shape.members


def _outward(interface: Properties) -> Properties:
    """An interface whose addresses are objects."""
    said = dict(interface)
    for name, member in _WRAPPED.items():
        if said.get(name):
            said[name] = [{member: each} for each in said[name]]
    if interface.get("ipv4Addresses") and interface.get("privateIpAddress"):
        said["ipv4Addresses"] = [
            {"PrivateIpAddress": each, "Primary": each == interface["privateIpAddress"]}
            for each in interface["ipv4Addresses"]
        ]
        del said["privateIpAddress"]
    return said


def _addresses(found: Mapping[str, Any]) -> Properties:
    """The addresses of a described interface, as texts."""
    members = {name: NAMES.get(f"{_INTERFACES}.{name}", name[0].upper() + name[1:]) for name in _WRAPPED}
    return {
        name: [each[_WRAPPED[name]] for each in found[member]] for name, member in members.items() if found.get(member)
    }
