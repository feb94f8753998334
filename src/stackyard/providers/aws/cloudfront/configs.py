"""CloudFront's configurations: lists are `{Quantity, Items}`, and every change needs the ETag of what it changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import botocore

from stackyard.model.values import Properties, Value
from stackyard.providers.aws import connections, shapes
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Kind


def counted(shape: Any, value: Value, names: shapes.Names, path: str = "") -> Value:
    """`value` with every list that `shape` counts as an object of quantity and items, ready for `shapes.request`."""
    if shape.type_name == "structure" and isinstance(value, list):
        inner = shape.members["Items"].member
        found: Properties = {"quantity": len(value), "items": [counted(inner, item, names, path) for item in value]}
        return {**found, "enabled": bool(value)} if "Enabled" in shape.members else found
    if shape.type_name == "list" and isinstance(value, list):
        return [counted(shape.member, item, names, path) for item in value]
    if shape.type_name != "structure" or not isinstance(value, dict):
        return value
    found = {}
    for name, item in value.items():
        where = f"{path}.{name}" if path else name
        member = names[where] if where in names else shapes.match(name, shape.members)
        found[name] = counted(shape.members[member], item, names, where) if member in shape.members else item
    if "Quantity" in shape.members and isinstance(value.get("items"), list):
        found["quantity"] = len(value["items"])
    return found


def filled(shape: Any, given: Properties, names: shapes.Names) -> dict[str, Any]:
    """The configuration that `given` asks for. `names` are by property path, without the steps that count."""
    both = {**names, **{_stepped(path, shape, names): member for path, member in names.items()}}
    ready = counted(shape, given, names)
    return shapes.request(shape, ready if isinstance(ready, dict) else {}, both)


def _stepped(path: str, shape: Any, names: shapes.Names) -> str:
    """A property path as it is once lists are counted: `origins.originId` → `origins.items.originId`."""
    steps, walked = [], []
    for name in path.split("."):
        walked.append(name)
        steps.append(name)
        where = ".".join(walked)
        member = names[where] if where in names else shapes.match(name, getattr(shape, "members", {}))
        shape = getattr(shape, "members", {}).get(member)
        while shape is not None and (shape.type_name == "list" or "Quantity" in getattr(shape, "members", {})):
            if shape.type_name == "list":
                shape = shape.member
            elif "Items" in shape.members and where != path:
                steps.append("items")
                shape = shape.members["Items"]
            else:
                break
    return ".".join(steps)


def listed(aws: Aws, operation: str, **arguments: Any) -> list[Mapping[str, Any]]:
    """Every item of a listing call; its answer is one list object with a marker."""
    found: list[Mapping[str, Any]] = []
    marker: dict[str, str] = {}
    while True:
        answer = getattr(aws.cloudfront, operation)(**arguments, **marker)
        page = next(value for key, value in answer.items() if key.endswith("List"))
        found += page.get("Items") or []
        if not page.get("NextMarker"):
            return found
        marker = {"Marker": page["NextMarker"]}


def member_of(call: str, config: str, name: str) -> str | None:
    """The member of a configuration that a property means."""
    service = connections.model("cloudfront")
    operation = next(one for one in service.operation_names if botocore.xform_name(one) == f"create_{call}")
    return shapes.match(name, service.operation_model(operation).input_shape.members[config].members)


class Tagged(Kind):
    """A type whose get answers `{<Thing>, ETag}`, and whose update and delete name that ETag."""

    naming: ClassVar[Any] = None
    thing: ClassVar[str] = ""
    """The thing in answers and names of calls (`CachePolicy`)."""
    call: ClassVar[str] = ""
    """The same in the names of methods (`cache_policy`)."""
    config: ClassVar[str] = ""
    """The member of create and update that holds the configuration."""
    names: ClassVar[Mapping[str, str]] = {}

    def configured(self, aws: Aws, inputs: Properties) -> dict[str, Any]:
        """The configuration that these inputs ask for."""
        shape = shapes.model(aws.cloudfront, f"create_{self.call}").input_shape.members[self.config]
        return filled(shape, inputs, self.names)

    def handles(self, name: str) -> bool:
        """Whether the configuration has a member for an input; needs botocore's models, no credentials."""
        return member_of(self.call, self.config, self.names.get(name) or name) is not None

    def answered(self, aws: Aws, id: str) -> tuple[Mapping[str, Any], str]:
        """The thing and its ETag. Raises ClientError when it is not there."""
        answer = getattr(aws.cloudfront, f"get_{self.call}")(Id=id)
        return answer[self.thing], str(answer["ETag"])

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        made = getattr(aws.cloudfront, f"create_{self.call}")(**{self.config: self.configured(aws, inputs)})
        return str(made[self.thing]["Id"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found, etag = self.answered(aws, id)
        members = {name: type_ for name, type_ in self.schema.outputs.items() if name not in ("etag", "arn")}
        outputs = shapes.properties(self.schema, members, found[self.config], self.names)
        return {**outputs, "etag": etag}

    def update(self, aws: Aws, id: str, change: Any) -> None:
        config = self.configured(aws, change.new)
        etag = self.answered(aws, id)[1]
        getattr(aws.cloudfront, f"update_{self.call}")(Id=id, IfMatch=etag, **{self.config: config})

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        getattr(aws.cloudfront, f"delete_{self.call}")(Id=id, IfMatch=self.answered(aws, id)[1])
