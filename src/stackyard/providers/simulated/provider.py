"""Records resources of any package; what a real provider would compute becomes a marked placeholder."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import sys
from typing import Final

from stackyard import errors
from stackyard.model.registrations import CheckFailure, Invoked
from stackyard.model.urns import URN
from stackyard.model.values import UNKNOWN, Properties, Value
from stackyard.providers import base, diffing, schemas
from stackyard.providers.schemas import Field, Kind
from stackyard.providers.simulated import sdk

MARK: Final = "simulated"
_NAME_PROPERTY: Final = "name"
_DEPTH: Final = 4


class SimulatedProvider:
    """A provider with nothing behind it. Deterministic: the same request gives the same id and outputs."""

    simulated = True

    def __init__(self, package: str) -> None:
        self._package = package
        self._sdk: sdk.Package | None = None

    async def configure(self, settings: base.Settings) -> None:
        """Look for the package's SDK: in the program's own virtual environment first, then in ours."""
        self._sdk = sdk.find(self._package, (*_site_packages(settings.environ.get("VIRTUAL_ENV", "")), *sys.path))

    async def close(self) -> None:
        """Nothing is held."""

    async def check(self, request: base.CheckRequest) -> base.Checked:
        """Check against the SDK's types; a missing optional `name` is generated as real providers do."""
        type_ = self._type(request.type)
        if type_ is None:
            return base.Checked(dict(request.inputs), self._unregistered(request.type))
        inputs, failures = schemas.check(type_.inputs, request.inputs, request.type)
        name = type_.inputs.get(_NAME_PROPERTY)
        if name is not None and name.kind is Kind.STRING and not name.required and _NAME_PROPERTY not in inputs:
            inputs[_NAME_PROPERTY] = (request.old or {}).get(_NAME_PROPERTY) or _autoname(request)
        return base.Checked(inputs, failures)

    async def diff(self, request: base.DiffRequest) -> base.Difference:
        """Compare inputs; a property whose documentation says that it forces a new resource replaces."""
        type_ = self._type(request.type)
        forces = schemas.replacing(type_.inputs) if type_ else ()
        changes = diffing.compare(request.old.inputs, request.inputs, ignore=request.ignore_changes, forces=forces)
        return base.Difference(changes, tuple(change.path for change in changes if change.forces))

    async def create(self, request: base.CreateRequest) -> base.Made:
        """Record it: the inputs, and a placeholder for each output that the SDK declares beyond them."""
        computed = self._computed(request.urn, request.type, request.inputs)
        if request.preview:
            return base.Made(UNKNOWN, {**dict.fromkeys(computed, UNKNOWN), **request.inputs})
        identity = json.dumps([request.urn, request.token, request.inputs], sort_keys=True, default=repr)
        return base.Made(_placeholder(URN(request.urn).name, identity), {**computed, **request.inputs})

    async def read(self, request: base.ReadRequest) -> base.Made | None:
        """What is recorded is all there is; without a record there is nothing to look at."""
        if not request.outputs:
            raise errors.Unsupported(
                f"read of {request.type} failed: package {self._package} is simulated, so nothing exists to look up",
                hint=f"Stackyard has no provider for {self._package}",
            )
        return base.Made(request.id, dict(request.outputs), dict(request.inputs))

    async def update(self, request: base.UpdateRequest) -> base.Made:
        """Record the new inputs; placeholders stay as they are."""
        computed = self._computed(request.urn, request.type, request.inputs)
        kept = {name: request.old.outputs.get(name, value) for name, value in computed.items()}
        return base.Made(request.old.id, {**kept, **request.inputs})

    async def delete(self, request: base.DeleteRequest) -> None:
        """Nothing exists."""

    async def invoke(self, token: str, arguments: Properties) -> Invoked:
        """Never answered: an invented answer would steer the program."""
        raise errors.Unsupported(
            f"{token} cannot be called: package {self._package} is simulated and only its resources can be recorded",
            hint=f"Stackyard has no provider for {self._package}; run this stack with the Pulumi CLI",
        )

    async def find(self, request: base.CreateRequest) -> base.Found:
        """Nothing exists outside state, so it is made again."""
        return base.Found(base.Presence.ABSENT)

    def _type(self, token: str) -> sdk.ResourceType | None:
        return self._sdk.resource(token) if self._sdk else None

    def _unregistered(self, token: str) -> tuple[CheckFailure, ...]:
        if self._sdk is None:
            return ()
        return (CheckFailure("", f"the installed {self._sdk.name} has no resource type {token}"),)

    def _computed(self, urn: str, token: str, inputs: Properties) -> Properties:
        type_ = self._type(token)
        if type_ is None:
            return {}
        missing = {name: field for name, field in type_.outputs.items() if field.required and name not in inputs}
        return {name: _invented(field, urn, name) for name, field in missing.items()}


def _site_packages(virtual_environment: str) -> list[str]:
    if not virtual_environment:
        return []
    return sorted(glob.glob(os.path.join(virtual_environment, "lib", "python*", "site-packages")))


def _autoname(request: base.CheckRequest) -> str:
    """The logical name and seven hexadecimal digits of the seed, as Pulumi's bridge does it."""
    return f"{request.name}-{hashlib.sha256(request.seed + request.urn.encode()).hexdigest()[:7]}"


def _placeholder(name: str, identity: str) -> str:
    return f"{MARK}-{name}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"


def _invented(field: Field, urn: str, path: str, depth: int = 0) -> Value:
    if field.kind is Kind.OBJECT and field.fields and depth < _DEPTH:
        members = {name: inner for name, inner in field.fields().items() if inner.required}
        return {name: _invented(inner, urn, f"{path}.{name}", depth + 1) for name, inner in members.items()}
    empty: dict[Kind, Value] = {Kind.LIST: [], Kind.MAP: {}, Kind.OBJECT: {}, Kind.BOOLEAN: False}
    if field.kind in empty:
        return empty[field.kind]
    if field.kind in {Kind.INTEGER, Kind.NUMBER}:
        return 0
    return _placeholder(URN(urn).name, f"{urn} {path}")
