"""A type whose calls are tables over botocore's models: which operation, where its answer holds the resource.

    class Cluster(Table):
        service = "ecs"
        names = {"name": "clusterName"}           # property → member, where the names differ
        id = "clusterArn"                         # JMESPath to the id, in the answered resource
        making = Call("create_cluster", at="cluster")
        reading = Call("describe_clusters", given(clusters=["$id"], include=["TAGS"]), at="clusters[0]")
        changing = (Call("update_cluster", given(cluster="$id"), when=("settings", "configuration")),)
        removing = Call("delete_cluster", given(cluster="$id"))

Text beginning with `$` names a property of the resource, recorded or wanted; `$id` its id. Any method may be
overridden beside the tables.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import botocore
import jmespath  # type: ignore[import-untyped]

from stackyard.model.values import Properties, Value
from stackyard.providers.aws import connections, shapes, tagging
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed

given = fixed
_TOKENS: Final = re.compile(r"(?i)clienttoken|clientrequesttoken|idempotencytoken|creationtoken|callerreference")


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """One call. `given` are members whose values the table states; `at` is a JMESPath to the resource in the answer.

    `when`: of an update, only if one of these inputs changed. `fills`: members are filled from the inputs too.
    """

    operation: str
    given: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    at: str = ""
    when: tuple[str, ...] = ()
    fills: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """Where an interrupted creation is looked for: a listing, its member that holds the items, what an item must be.

    `equal` are members of an item and the values wanted (`$property`); the id is read from the item by `Table.id`.
    """

    operation: str
    key: str
    equal: Mapping[str, Any]
    given: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def resolve(value: Any, known: Properties) -> Any:
    """`value` with every `$property` replaced."""
    if isinstance(value, str) and value.startswith("$"):
        return known.get(value[1:])
    if isinstance(value, list):
        return [resolve(item, known) for item in value]
    if isinstance(value, Mapping):
        return {key: resolve(item, known) for key, item in value.items()}
    return value


class Table(Kind):
    """A type made of `Call`s."""

    service: ClassVar[str] = ""
    names: ClassVar[Mapping[str, str]] = {}
    """Property path → member of botocore's shape, where they are not alike."""
    constant: ClassVar[Mapping[str, Value]] = {}
    """Outputs that are always so."""
    cleared: ClassVar[Mapping[str, Value]] = {}
    """What an update sends for an input that was taken away."""
    id: ClassVar[str] = "Id"
    finding: ClassVar[Finding | None] = None
    """How `locate` finds it, when neither `identify` nor `locate` is written."""
    making: ClassVar[Call]
    reading: ClassVar[Call]
    changing: ClassVar[tuple[Call, ...]] = ()
    removing: ClassVar[Call]

    def arguments(self, aws: Aws, call: Call, known: Properties, inputs: Properties) -> dict[str, Any]:
        """The arguments of a call: the matching inputs, and over them what the table states."""
        shape = shapes.model(aws.client(self.service), call.operation).input_shape
        filled = shapes.request(shape, self.sent(inputs), self.names) if call.fills else {}
        stated = {k: v for k, v in resolve(call.given, known).items() if v is not None}
        return {**{k: v for k, v in filled.items() if k.lower() not in ("tags", "taglist")}, **stated}

    def sent(self, inputs: Properties) -> Properties:
        """The inputs as the calls get them: the place to reshape one."""
        return inputs

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        """The outputs of an answered resource: the place to add or reshape one."""
        return outputs

    def call(self, aws: Aws, call: Call, arguments: Mapping[str, Any]) -> Any:
        """Make a call; the part of the answer that `at` names."""
        answer = getattr(aws.client(self.service), call.operation)(**arguments)
        return jmespath.search(call.at, answer) if call.at else answer

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        shape = shapes.model(aws.client(self.service), self.making.operation).input_shape
        for name, member in shape.members.items():
            if name.lower() in ("tags", "taglist") and inputs.get("tagsAll"):
                arguments[name] = tagging.encode(inputs["tagsAll"], member)
            if _TOKENS.fullmatch(name) and token:
                arguments.setdefault(name, token[:32])
        return str(jmespath.search(self.id, self.call(aws, self.making, arguments)))

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        arguments = self.arguments(aws, dataclasses.replace(self.reading, fills=False), {**known, "id": id}, {})
        found = self.call(aws, self.reading, arguments)
        if not found:
            return None
        members = {name: type_ for name, type_ in self.schema.outputs.items() if name not in ("tags", "tagsAll")}
        outputs = shapes.properties(self.schema, members, found, self.names)
        tags = next((v for k, v in found.items() if k.lower() in ("tags", "taglist")), None)
        if tags is not None and not (self.tagging and self.tagging.read):
            outputs["tags"] = tagging.mapping(tags)
        return self.seen(aws, found, {**outputs, **self.constant})

    def update(self, aws: Aws, id: str, change: Change) -> None:
        for call in self.changing:
            if not call.when or change.any(*call.when):
                inputs = {**{k: v for k, v in self.cleared.items() if k in change.keys}, **change.new}
                known = {**change.outputs, **inputs, "id": id}
                self.call(aws, call, self.arguments(aws, call, known, inputs))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        removing = dataclasses.replace(self.removing, fills=False)
        self.call(aws, removing, self.arguments(aws, removing, {**known, "id": id}, {}))

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        if self.finding is None:
            return super().locate(aws, inputs, token)
        wanted = resolve(self.finding.equal, inputs)
        given_ = resolve(self.finding.given, inputs)
        for item in aws.pages(self.service, self.finding.operation, self.finding.key, **given_):
            if all(item.get(member) == value for member, value in wanted.items()):
                return str(jmespath.search(self.id, item))
        return None

    def handles(self, name: str) -> bool:
        """Whether a call of this table has a member for an input; needs botocore's models, no credentials."""
        service = connections.model(self.service)
        for call in (self.making, *self.changing):
            shape = service.operation_model(_operation_name(service, call.operation)).input_shape
            member = self.names.get(name) or shapes.match(name, shape.members)
            if call.fills and member in shape.members:
                return True
        return False


def _operation_name(service: Any, method: str) -> str:
    names: list[str] = service.operation_names
    return next(name for name in names if botocore.xform_name(name) == method)
