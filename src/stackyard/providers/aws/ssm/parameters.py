"""Parameters of the parameter store. The id is the name; the value is secret whatever its type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from stackyard.errors import ProviderError
from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties, Secret
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, pairs

_VALUES: Final = ("value", "insecureValue", "valueWo")
_MEMBERS: Final = {
    "type": "Type",
    "allowedPattern": "AllowedPattern",
    "dataType": "DataType",
    "description": "Description",
    "keyId": "KeyId",
    "tier": "Tier",
}


class Parameter(Kind):
    """`aws:ssm/parameter:Parameter`."""

    naming = Naming(limit=1011)
    replaces = ("name",)
    computed = ("arn", "dataType", "keyId", "tier")
    volatile = ("version",)
    affects = fixed(insecureValue=("value",))
    write_only = ("valueWo",)
    tagging = Tagging(
        "ssm",
        by="id",
        add="add_tags_to_resource",
        remove="remove_tags_from_resource",
        given=(("ResourceType", "Parameter"),),
        member="ResourceId",
    )

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        found = [name for name in _VALUES if inputs.get(name) is not None]
        if len(found) != 1:
            yield CheckFailure("value", f"give exactly one of {', '.join(_VALUES)}")
        if inputs.get("type") == "SecureString" and "insecureValue" in found:
            yield CheckFailure("insecureValue", "shows its value: give a SecureString value")
        if inputs.get("arn") is not None:
            yield CheckFailure("arn", "is an output")

    def forces(self, old: Properties, new: Properties) -> Iterable[str]:
        """AWS has no way back from the advanced tier."""
        if old.get("tier") == "Advanced" and new.get("tier") not in (None, "Advanced"):
            yield "tier"

    def same(self, key: str, left: Any, right: Any) -> bool:
        """Intelligent tiering answers the tier that it chose; only another "valueWoVersion" means another valueWo."""
        return key == "valueWo" or (key == "tier" and "Intelligent-Tiering" in (left, right))

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        first = {} if inputs.get("overwrite") else {"version": 1}
        return {"arn": _arn(aws, inputs["name"]), **first}

    def _arguments(self, inputs: Properties) -> dict[str, Any]:
        value = next(inputs[name] for name in _VALUES if inputs.get(name) is not None)
        members = {member: inputs[name] for name, member in _MEMBERS.items() if inputs.get(name)}
        if inputs["type"] != "SecureString":
            members.pop("KeyId", None)
        return {"Name": inputs["name"], "Value": value, **members}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self._arguments(inputs)
        if inputs.get("overwrite"):
            aws.ssm.put_parameter(**arguments, Overwrite=True)
        else:
            aws.ssm.put_parameter(**arguments, Tags=pairs(inputs.get("tagsAll")))
        return str(inputs["name"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs.get("overwrite") and inputs.get("tagsAll"):
            tags = pairs(inputs["tagsAll"])
            aws.ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=id, Tags=tags)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.ssm.get_parameter(Name=id, WithDecryption=True)["Parameter"]
        filters = [{"Key": "Name", "Option": "Equals", "Values": [id]}]
        listed = aws.pages("ssm", "describe_parameters", "Parameters", ParameterFilters=filters)
        more = next(iter(listed), None)
        if more is None:
            return None
        return {
            "arn": found["ARN"],
            "name": found["Name"],
            "type": found["Type"],
            "version": found["Version"],
            "dataType": found.get("DataType", "text"),
            "tier": more.get("Tier", "Standard"),
            "allowedPattern": more.get("AllowedPattern", ""),
            "description": more.get("Description", ""),
            "keyId": more.get("KeyId", ""),
            **_shown(found["Value"], found["Type"], known),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.keys - {"overwrite", "tags", "tagsAll"}:
            cleared = {m: "" for n, m in (("description", "Description"), ("allowedPattern", "AllowedPattern"))
                       if change.any(n)}  # fmt: skip
            aws.ssm.put_parameter(**{**cleared, **self._arguments(change.new)}, Overwrite=True)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.ssm.delete_parameter(Name=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])


def _arn(aws: Aws, name: str) -> str:
    return aws.arn("ssm", f"parameter{name if name.startswith('/') else f'/{name}'}")


def _shown(value: str, type_: str, known: Properties) -> Properties:
    """The value under the property that the program gave it by; one that is written only is never shown."""
    if known.get("valueWo") is not None:
        return {"hasValueWo": True}
    if known.get("insecureValue") is not None and type_ != "SecureString":
        return {"insecureValue": value, "value": value, "hasValueWo": False}
    return {"value": value, "hasValueWo": False}


def get_parameter(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ssm/getParameter:getParameter`: its value decrypted unless told otherwise."""
    decrypts = arguments.get("withDecryption", True)
    found = aws.ssm.get_parameter(Name=arguments["name"], WithDecryption=decrypts)["Parameter"]
    insecure = {} if found["Type"] == "SecureString" else {"insecureValue": found["Value"]}
    return {
        "id": found["Name"],
        "arn": found["ARN"],
        "name": found["Name"],
        "type": found["Type"],
        "value": Secret(found["Value"]),
        "version": found["Version"],
        "withDecryption": decrypts,
        **insecure,
    }


def get_parameters_by_path(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ssm/getParametersByPath:getParametersByPath`."""
    path, recursive = arguments["path"], arguments.get("recursive", False)
    decrypts = arguments.get("withDecryption", True)
    if not path.startswith("/"):
        raise ProviderError(f"aws:ssm/getParametersByPath:getParametersByPath: {path!r} does not begin with a slash")
    listed = list(
        aws.pages(
            "ssm", "get_parameters_by_path", "Parameters", Path=path, Recursive=recursive, WithDecryption=decrypts
        )
    )
    return {
        "id": path,
        "path": path,
        "recursive": recursive,
        "withDecryption": decrypts,
        "arns": [found["ARN"] for found in listed],
        "names": [found["Name"] for found in listed],
        "types": [found["Type"] for found in listed],
        "values": Secret([found["Value"] for found in listed]),
    }
