"""What is inside a user pool, and is named there: its id is the pool and the rest of its place."""

from __future__ import annotations

from typing import ClassVar

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Table


class Inside(Table):
    """A part whose id is its place, joined by `joint`; an import is by the same text."""

    service = "cognito-idp"
    naming: ClassVar[Naming | None] = None
    places: ClassVar[tuple[str, ...]] = ("userPoolId", "name")
    joint: ClassVar[str] = "/"

    def place(self, id: str) -> Properties:
        """The properties that an id says."""
        parts = id.split(self.joint, len(self.places) - 1)
        if len(parts) != len(self.places):
            shape = self.joint.join(f"<{name}>" for name in self.places)
            raise ProviderError(f"{self.token}: {id} does not say where it is", hint=f"import it by {shape}")
        return dict(zip(self.places, parts, strict=True))

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        super().create(aws, inputs, token)
        return str(self.identify(aws, inputs))

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        place = self.place(id)
        found = super().read(aws, id, {**known, **place})
        return None if found is None else {**found, **place}

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return self.joint.join(str(inputs[name]) for name in self.places)
