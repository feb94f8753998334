"""What the parts of a REST API have in common: where they are, and updates by patches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.apigateway import patches
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given

API: Final = given(restApiId="$restApi")


class Patched(Table):
    """A type whose update is one call with patch operations."""

    service = "apigateway"
    pointers: ClassVar[Mapping[str, str]] = {}
    """Property → the pointer that a patch sets it by."""
    patching: ClassVar[Call | None] = None

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self.patch(aws, id, change, patches.operations(change, self.pointers))

    def patch(self, aws: Aws, id: str, change: Change, operations: list[patches.Operation]) -> None:
        """Send `operations`, if there are any."""
        if operations and self.patching is not None:
            known = {**change.outputs, **change.new, "id": id}
            call = Call(self.patching.operation, self.patching.given, fills=False)
            self.call(aws, call, {**self.arguments(aws, call, known, {}), "patchOperations": operations})


class Part(Patched):
    """A part with an id of its own. An import is by `<API>/<id>`."""

    naming: ClassVar[Naming | None] = None
    id = "id"
    listing: ClassVar[str] = ""
    items: ClassVar[str] = "items"

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        api, _, own = id.rpartition("/")
        api = api or str(known.get("restApi") or "")
        if not api:
            raise ProviderError(f"{self.token}: {id} does not say its API", hint="import it by <API id>/<its id>")
        found = super().read(aws, own, {**known, "restApi": api})
        return None if found is None else {**found, "restApi": api, "id": own}

    def siblings(self, aws: Aws, api: str, listing: str = "", items: str = "") -> list[Mapping[str, Any]]:
        """All parts of this type (or of another listing) of an API; none when there is no such API."""
        try:
            return list(aws.pages(self.service, listing or self.listing, items or self.items, restApiId=api))
        except aws.apigateway.exceptions.NotFoundException:
            return []

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        found = self.siblings(aws, str(inputs["restApi"]))
        return next((str(part["id"]) for part in found if part.get("name") == inputs["name"]), None)


class Placed(Patched):
    """A part that its place names: its id is a prefix and the place, by which it is imported too (`a/b/c`)."""

    naming: ClassVar[Naming | None] = None
    prefix: ClassVar[str] = ""
    places: ClassVar[tuple[str, ...]] = ("restApi", "resourceId", "httpMethod")

    def place(self, id: str) -> Properties:
        """The properties that an id says."""
        text = id.removeprefix(f"{self.prefix}-")
        parts = text.split("-" if text != id else "/", len(self.places) - 1)
        if len(parts) != len(self.places):
            shape = "/".join(f"<{name}>" for name in self.places)
            raise ProviderError(f"{self.token}: {id} does not say where it is", hint=f"import it by {shape}")
        return dict(zip(self.places, parts, strict=True))

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        super().create(aws, inputs, token)
        return str(self.identify(aws, inputs))

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        place = self.place(id)
        found = super().read(aws, id, {**known, **place})
        return None if found is None else {**found, **place, "id": self.identify(aws, place)}

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return "-".join([self.prefix, *(str(inputs[name]) for name in self.places)])
