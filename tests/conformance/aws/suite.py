"""The life of one resource, asked of every type: what a provider promises, checked on a cloud case by case.

A case (`cases/<service>.yaml`):

    type        the token
    title       when a type has more than one case
    needs       resources made before it, name → {type, inputs}, or functions called, name → {function, arguments}
    inputs      of the resource; `${needed.output}` is filled in, also inside text; `${unique}` is new each run,
                `${thousand}` a thousand letters
                `{archive: folder}` is an archive of that folder of `code/`
    preview     outputs that the preview of the creation must know, beyond the inputs
    outputs     after creation: output → pattern (fnmatch) or value
    look        {service, operation, arguments}: a boto3 call of one's own; `${id}` and `${output}` are filled in
    see         JMESPath in its answer → value, after creation
    change      inputs changed in place, and
    seen        what `look` must show then
    replace     inputs each of which forces a replacement
    drifts      outputs that a second read may show otherwise (a counter, a time)
    adopts      inputs that an import cannot know
    imports     false: its id does not tell what it is, so it cannot be imported
    import      no, when an id alone does not tell enough to adopt one; or the id to import by
    remains     true when deleting only brings back a default that can still be read
    refused     a part of the message with which the emulator refuses to make it (it would have to run something)
    lacks       what the emulator does wrong, so that the case must fail there (a cure shows at once)
    find        what `find` says once it is made (`found`), or `no` when it cannot be asked
"""

from __future__ import annotations

import dataclasses
import fnmatch
import itertools
import os
import pathlib
import re
from typing import Any

import boto3
import jmespath
import pytest

from stackyard import errors
from stackyard.model import values
from stackyard.model.resources import Resource
from stackyard.providers import assets, base
from stackyard.providers.aws import catalog
from stackyard.providers.aws.kinds import FoundBy

_COUNTER = itertools.count()
_HOLE = re.compile(r"\$\{([^}]+)\}")


def fill(value: Any, known: dict[str, Any]) -> Any:
    """`value` with every `${path}` replaced; a text that is one hole becomes the value itself."""
    if isinstance(value, dict) and set(value) == {"archive"}:
        return assets.resolved(values.Archive(path=value["archive"]), pathlib.Path(__file__).parent / "code")
    if isinstance(value, dict):
        return {fill(k, known): fill(v, known) for k, v in value.items()}
    if isinstance(value, list):
        return [fill(item, known) for item in value]
    if not isinstance(value, str):
        return value
    whole = _HOLE.fullmatch(value)
    if whole:
        return _reach(known, whole[1])
    return _HOLE.sub(lambda match: str(_reach(known, match[1])), value)


def _reach(known: dict[str, Any], path: str) -> Any:
    found: Any = known
    for part in path.split("."):
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found


def seed() -> bytes:
    """32 bytes that no other resource of this run has."""
    return f"{os.getpid()}-{next(_COUNTER)}-{os.urandom(8).hex()}".encode()


@dataclasses.dataclass
class Life:
    """One resource under test."""

    provider: base.Provider
    type: str
    name: str
    seed: bytes = dataclasses.field(default_factory=seed)

    @property
    def urn(self) -> str:
        return f"urn:pulumi:dev::conformance::{self.type}::{self.name}"

    @property
    def token(self) -> str:
        return self.seed.hex()[:32]

    async def check(self, inputs: dict[str, Any], old: dict[str, Any] | None = None) -> dict[str, Any]:
        request = base.CheckRequest(self.urn, self.type, self.name, inputs, old, self.seed)
        checked = await self.provider.check(request)
        assert checked.failures == ()
        return checked.inputs

    async def create(self, inputs: dict[str, Any], *, preview: bool = False) -> base.Made:
        return await self.provider.create(base.CreateRequest(self.urn, self.type, inputs, self.token, preview=preview))

    async def find(self, inputs: dict[str, Any], token: str = "") -> base.Found:
        return await self.provider.find(base.CreateRequest(self.urn, self.type, inputs, token or self.token))

    def recorded(self, made: base.Made, inputs: dict[str, Any]) -> Resource:
        return Resource(self.urn, self.type, True, made.id, inputs=inputs, outputs=values.reveal(made.outputs))

    async def diff(self, old: Resource, inputs: dict[str, Any]) -> base.Difference:
        return await self.provider.diff(base.DiffRequest(self.urn, self.type, old, inputs))

    async def read(self, id_: str, resource: Resource | None = None) -> base.Made | None:
        known = (resource.inputs, resource.outputs) if resource else ({}, {})
        return await self.provider.read(base.ReadRequest(self.urn, self.type, id_, *known))

    async def update(self, old: Resource, inputs: dict[str, Any], *, preview: bool = False) -> base.Made:
        return await self.provider.update(base.UpdateRequest(self.urn, self.type, old, inputs, preview=preview))

    async def delete(self, resource: Resource) -> None:
        await self.provider.delete(base.DeleteRequest(resource))


class Trial:
    """Runs one case. Every promise is a method; `run` is their order."""

    def __init__(self, provider: base.Provider, boto: boto3.Session, case: dict[str, Any]) -> None:
        self.provider, self.boto, self.case = provider, boto, case
        self.known: dict[str, Any] = {"unique": os.urandom(4).hex(), "thousand": "x" * 1000}
        self.needed: list[tuple[Life, Resource]] = []
        self.life = Life(provider, case["type"], "thing")

    async def run(self) -> None:
        try:
            await self.make_needs()
            await self.live()
        finally:
            for life, resource in reversed(self.needed):
                await life.delete(resource)

    async def make_needs(self) -> None:
        for name, entry in self.case.get("needs", {}).items():
            if "function" in entry:
                invoked = await self.provider.invoke(entry["function"], fill(entry.get("arguments", {}), self.known))
                assert invoked.failures == ()
                self.known[name] = invoked.outputs
                continue
            life = Life(self.provider, entry["type"], name)
            inputs = await life.check(fill(entry.get("inputs", {}), self.known))
            made = await life.create(inputs)
            assert made.init_errors == ()
            self.needed.append((life, life.recorded(made, inputs)))
            self.known[name] = {**values.reveal(made.outputs), "id": made.id}

    async def live(self) -> None:
        given = fill(self.case.get("inputs", {}), self.known)
        await self.refuses_misspelling(given)
        inputs = await self.life.check(given)
        assert inputs == await self.life.check(given), "check answers otherwise the second time"
        previewed = await self.previews(inputs)
        await self.absent(inputs)
        if "refused" in self.case:
            with pytest.raises(errors.ProviderError, match=self.case["refused"]):
                await self.life.create(inputs)
            return
        made = await self.life.create(inputs)
        resource = self.life.recorded(made, inputs)
        try:
            self.created(made, inputs, previewed)
            self.looks("see", made)
            await self.settled(resource, given)
            if self.case.get("imports", True):
                await self.adopted(resource, given)
            await self.found(resource)
            resource = await self.changes(resource, given)
            await self.replaces(resource, given)
        finally:
            await self.life.delete(resource)
        await self.gone(resource)

    async def refuses_misspelling(self, given: dict[str, Any]) -> None:
        request = base.CheckRequest(self.life.urn, self.life.type, "x", {**given, "naem": "x"}, None, self.life.seed)
        checked = await self.provider.check(request)
        assert [f.property for f in checked.failures] == ["naem"]

    async def previews(self, inputs: dict[str, Any]) -> base.Made:
        made = await self.life.create(inputs, preview=True)
        assert made.id is values.UNKNOWN
        known = {key for key, value in made.outputs.items() if not values.has_unknown(value)}
        assert set(self.case.get("preview", ())) <= known
        return made

    async def absent(self, inputs: dict[str, Any]) -> None:
        if not self.case.get("remains") and self.case.get("find") is not False:
            found = await self.life.find(inputs)
            assert found.presence is base.Presence.ABSENT, found

    def created(self, made: base.Made, inputs: dict[str, Any], previewed: base.Made) -> None:
        assert made.init_errors == ()
        assert isinstance(made.id, str)
        assert made.id
        for name, wanted in fill(self.case.get("outputs", {}), {**made.outputs, "id": made.id, **self.known}).items():
            actual = made.outputs.get(name)
            if isinstance(wanted, str) and isinstance(actual, str):
                assert fnmatch.fnmatchcase(actual, wanted), f"{name}: {actual!r} is not {wanted!r}"
            else:
                assert values.equal(actual, wanted), f"{name}: {actual!r} is not {wanted!r}"
        for name, value in previewed.outputs.items():
            self.came_true(name, value, made)

    def came_true(self, name: str, previewed: Any, made: base.Made) -> None:
        """What a preview knew is so; nested objects may have gained members that the cloud fills in."""
        if name in self.case.get("drifts", ()) or values.has_unknown(previewed):
            return
        actual = values.reveal(made.outputs.get(name))
        assert _holds(previewed, actual), f"{name} was previewed as {previewed!r}, and is {actual!r}"

    def looks(self, expectation: str, made: base.Made) -> None:
        if expectation not in self.case:
            return
        known = {**made.outputs, "id": made.id, **self.known}
        look = fill(self.case["look"], known)
        client = self.boto.client(look["service"], endpoint_url=self.boto.endpoint)  # type: ignore[attr-defined]
        answer = getattr(client, look["operation"])(**look.get("arguments", {}))
        for path, wanted in fill(self.case[expectation], known).items():
            actual = jmespath.search(path, answer)
            assert actual == wanted, f"{look['operation']}: {path} is {actual!r}, not {wanted!r}"

    async def settled(self, resource: Resource, given: dict[str, Any]) -> None:
        """Nothing changed: the same program has no diff, and a refresh sees what is recorded."""
        again = await self.life.check(given, resource.inputs)
        difference = await self.life.diff(resource, again)
        assert difference.changes == ()
        read = await self.life.read(resource.id, resource)
        assert read is not None
        assert read.id == resource.id
        assert _unequal(read.inputs or {}, resource.inputs) == {}, "a refresh changes inputs"
        drifts = set(self.case.get("drifts", ()))
        assert _unequal(read.outputs, resource.outputs, drifts) == {}, "a refresh changes outputs"

    async def adopted(self, resource: Resource, given: dict[str, Any]) -> None:
        """An import by id alone, under the same program, forces nothing and changes only what cannot be known."""
        if self.case.get("import") is False:
            return
        id_ = fill(self.case.get("import", "${id}"), {**resource.outputs, **self.known, "id": resource.id})
        read = await self.life.read(id_)
        assert read is not None
        assert read.id == resource.id
        assert read.inputs is not None
        adopted = self.life.recorded(read, read.inputs)
        new = await self.life.check({**given, **self._named(resource)}, read.inputs)
        difference = await self.life.diff(adopted, new)
        allowed = set(self.case.get("adopts", ()))
        assert {change.path for change in difference.changes if _top(change.path) not in allowed} == set()

    def _named(self, resource: Resource) -> dict[str, Any]:
        defaulted = resource.inputs.get("__defaults", ())
        return {"name": resource.inputs["name"]} if "name" in defaulted else {}

    async def found(self, resource: Resource) -> None:
        if self.case.get("find") is not False:
            found = await self.life.find(resource.inputs)
            assert found.presence == self.case.get("find", "found"), found
            if found.made:
                assert found.made.id == resource.id
        if catalog.kind(self.life.type).found_by is FoundBy.TAG:
            other = await self.life.find(resource.inputs, token="0" * 32)
            assert other.presence is base.Presence.ABSENT, "another one's creation was taken for its own"

    async def changes(self, resource: Resource, given: dict[str, Any]) -> Resource:
        if "change" not in self.case:
            return resource
        given.update(fill(self.case["change"], {**resource.outputs, **self.known}))
        for name in [name for name, value in given.items() if value is None]:
            del given[name]
        inputs = await self.life.check(given, resource.inputs)
        difference = await self.life.diff(resource, inputs)
        assert difference.changes
        assert difference.replaces == ()
        previewed = await self.life.update(resource, inputs, preview=True)
        made = await self.life.update(resource, inputs)
        assert made.id == resource.id == previewed.id
        for name, value in previewed.outputs.items():
            self.came_true(name, value, made)
        self.looks("seen", made)
        changed = self.life.recorded(made, inputs)
        await self.settled(changed, given)
        return changed

    async def replaces(self, resource: Resource, given: dict[str, Any]) -> None:
        for name, value in fill(self.case.get("replace", {}), self.known).items():
            request = base.CheckRequest(
                self.life.urn, self.life.type, "thing", {**given, name: value}, resource.inputs, self.life.seed
            )
            checked = await self.provider.check(request)
            difference = await self.life.diff(resource, checked.inputs)
            assert name in map(_top, difference.replaces), f"{name} does not replace: {difference}"

    async def gone(self, resource: Resource) -> None:
        await self.life.delete(resource)
        if self.case.get("remains"):
            return
        assert await self.life.read(resource.id, resource) is None
        if self.case.get("find") is not False:
            found = await self.life.find(resource.inputs)
            assert found.presence is base.Presence.ABSENT, found


def _holds(part: Any, whole: Any) -> bool:
    """Whether `whole` is `part`, but for more members of objects inside."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(_holds(value, whole.get(key)) for key, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(_holds, part, whole))
    return values.equal(part, whole) or (not part and not whole)


def _top(path: str) -> str:
    return re.split(r"[.\[]", path)[0]


def _unequal(left: dict[str, Any], right: dict[str, Any], ignored: set[str] | None = None) -> dict[str, Any]:
    keys = {*left, *right} - (ignored or set())
    return {key: (left.get(key), right.get(key)) for key in keys if not values.equal(left.get(key), right.get(key))}
