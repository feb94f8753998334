"""What the types of this service have in common: parts of an API, and updates that send only what changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws import comparing, shapes
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table

_EMPTY: Final[Mapping[str, Any]] = {"string": "", "list": [], "map": {}, "structure": {}, "boolean": False}


class Patched(Table):
    """A type whose updates are patches: they carry the changed inputs, and empties for those taken away."""

    service = "apigatewayv2"
    always: ClassVar[tuple[str, ...]] = ()
    """Inputs that every update carries."""

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self.patch(aws, id, change, change.keys)

    def patch(self, aws: Aws, id: str, change: Change, keys: Iterable[str]) -> None:
        """Send these inputs with the first call of `changing`."""
        call, keys = self.changing[0], set(keys) - {"tags", "tagsAll"}
        if not keys:
            return
        wanted = {name: change.new.get(name) for name in {*keys, *self.always}}
        known = {**change.outputs, **change.new, "id": id}
        arguments = self.arguments(aws, call, known, wanted)
        self.call(aws, call, {**self._emptied(aws, call, change, keys), **arguments})

    def _emptied(self, aws: Aws, call: Call, change: Change, keys: Iterable[str]) -> dict[str, Any]:
        members = shapes.model(aws.client(self.service), call.operation).input_shape.members
        found = {}
        for name in keys:
            member = self.names[name] if name in self.names else shapes.match(name, members)
            if comparing.is_empty(change.new.get(name)) and member is not None and member in members:
                found[member] = _EMPTY.get(members[member].type_name)
        return {name: value for name, value in found.items() if value is not None}


class Part(Patched):
    """Something inside an API. Its id is its own; an import is by `<api>/<id>`."""

    naming: ClassVar[Naming | None] = None
    listing: ClassVar[str] = ""
    """The call that lists all parts of this type of an API."""

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        api, _, own = id.rpartition("/")
        api = api or str(known.get("apiId") or "")
        if not api:
            raise ProviderError(f"{self.token}: {id} does not say its API", hint="import it by <api id>/<its id>")
        found = super().read(aws, own, {**known, "apiId": api})
        return None if found is None else {**found, "apiId": api, "id": own}

    def siblings(self, aws: Aws, api: str, listing: str = "") -> list[Mapping[str, Any]]:
        """All parts of this type (or of another listing) of an API; none when there is no such API."""
        client = aws.apigatewayv2
        try:
            return list(aws.pages(self.service, listing or self.listing, "Items", ApiId=api))
        except client.exceptions.NotFoundException:
            return []

    def differs(self, inputs: Properties, found: Mapping[str, Any], *ignored: str) -> bool:
        """Whether a listed part has other settings than `inputs` ask for."""
        members = {name: type_ for name, type_ in self.schema.outputs.items() if name in inputs and name not in ignored}
        seen = shapes.properties(self.schema, members, found, self.names)
        return any(not comparing.same(self, name, inputs[name], seen.get(name)) for name in members)
