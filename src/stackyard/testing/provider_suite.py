"""What every provider must do: run as `class TestX(ProviderSuite)` with a `case`.

Promise: each test states one sentence of the contract in `providers.base`; a provider passes all of them.
Must not: know a provider's own rules: what differs between providers is in the `Case`.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import ClassVar

from stackyard import errors
from stackyard.model import resources, urns, values
from stackyard.model.values import UNKNOWN, Properties, Secret
from stackyard.providers import base


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """One provider and one of its resource types.

    inputs      a good set of inputs; `name` is the logical name of the resource
    changed     the same with something changed; `replaces`: whether that forces a replacement
    updated     inputs that differ from `inputs` in a way that needs no replacement, None when there is none
    wrong       inputs that must be refused, by the property path that each failure must name
    unknown     the name of an input that may be unknown in a preview
    secrets     outputs that must come as `Secret`
    computed    outputs that are unknown in the preview of a create
    crash       what `find` must say when nothing is known of a create
    closed      it refuses types that it does not know
    """

    provider: Callable[[], base.Provider]
    type: str
    inputs: Properties
    changed: Properties
    replaces: bool
    updated: Properties | None = None
    wrong: tuple[tuple[Properties, str], ...] = ()
    unknown: str = ""
    secrets: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()
    crash: base.Presence = base.Presence.ABSENT
    closed: bool = True
    name: str = "thing"
    environ: Mapping[str, str] = resources.EMPTY
    directory: str = ""

    @property
    def urn(self) -> str:
        return urns.URN.make("dev", "conformance", "", self.type, self.name)


class ProviderSuite:
    """The conformance tests. A subclass sets `case`; pytest-asyncio runs the coroutines."""

    case: ClassVar[Case]

    @asynccontextmanager
    async def _provider(self) -> AsyncIterator[base.Provider]:
        provider = self.case.provider()
        await provider.configure(base.Settings(environ=self.case.environ, directory=self.case.directory))
        try:
            yield provider
        finally:
            await provider.close()

    async def _check(self, provider: base.Provider, inputs: Properties, **rest: object) -> base.Checked:
        case = self.case
        request = base.CheckRequest(case.urn, case.type, case.name, dict(inputs), seed=b"\x07" * 32)
        return await provider.check(dataclasses.replace(request, **rest))  # type: ignore[arg-type]

    async def _create(self, provider: base.Provider, inputs: Properties, *, preview: bool = False) -> base.Made:
        checked = await self._check(provider, inputs, preview=preview)
        assert checked.failures == ()
        request = base.CreateRequest(self.case.urn, self.case.type, checked.inputs, token="t-1", preview=preview)
        return await provider.create(request)

    async def _recorded(self, provider: base.Provider) -> resources.Resource:
        """The resource as an engine would record and hand it back: revealed."""
        checked = await self._check(provider, self.case.inputs)
        made = await self._create(provider, self.case.inputs)
        outputs = values.reveal(made.outputs)
        return resources.Resource(
            self.case.urn, self.case.type, custom=True, id=made.id, inputs=checked.inputs, outputs=outputs
        )

    async def _diff(
        self, provider: base.Provider, old: resources.Resource, inputs: Properties, **rest: tuple[str, ...]
    ) -> base.Difference:
        checked = await self._check(provider, inputs, old=old.inputs)
        return await provider.diff(base.DiffRequest(self.case.urn, self.case.type, old, checked.inputs, **rest))

    async def test_it_keeps_the_protocol(self) -> None:
        async with self._provider() as provider:
            assert isinstance(provider, base.Provider)
            assert isinstance(provider.simulated, bool)

    async def test_check_accepts_good_inputs_and_is_stable(self) -> None:
        async with self._provider() as provider:
            first = await self._check(provider, self.case.inputs)
            again = await self._check(provider, self.case.inputs)
            assert first.failures == ()
            assert first == again
            assert set(self.case.inputs) <= set(first.inputs)

    async def test_check_does_not_change_what_it_is_given(self) -> None:
        async with self._provider() as provider:
            given = dict(self.case.inputs)
            await self._check(provider, given)
            assert given == self.case.inputs

    async def test_check_locates_every_failure(self) -> None:
        async with self._provider() as provider:
            for inputs, path in self.case.wrong:
                checked = await self._check(provider, inputs)
                assert path in [failure.property for failure in checked.failures]
                assert all(failure.reason for failure in checked.failures)

    async def test_a_preview_makes_nothing_and_knows_what_it_cannot_know(self) -> None:
        async with self._provider() as provider:
            made = await self._create(provider, self.case.inputs, preview=True)
            assert made.id is UNKNOWN
            for name in self.case.computed:
                assert made.outputs[name] is UNKNOWN
            for name in set(self.case.inputs) - set(self.case.computed):
                assert values.equal(values.reveal(made.outputs[name]), self.case.inputs[name])

    async def test_unknown_inputs_are_accepted_in_a_preview(self) -> None:
        if not self.case.unknown:
            return
        async with self._provider() as provider:
            made = await self._create(provider, {**self.case.inputs, self.case.unknown: UNKNOWN}, preview=True)
            assert values.has_unknown(made.outputs)

    async def test_create_answers_a_whole_resource(self) -> None:
        async with self._provider() as provider:
            made = await self._create(provider, self.case.inputs)
            assert isinstance(made.id, str)
            assert made.id
            assert not values.has_unknown(made.outputs)
            assert set(self.case.computed) <= set(made.outputs)

    async def test_secret_outputs_are_marked(self) -> None:
        async with self._provider() as provider:
            made = await self._create(provider, self.case.inputs)
            assert all(isinstance(made.outputs[name], Secret) for name in self.case.secrets)

    async def test_the_id_holds_no_secret(self) -> None:
        async with self._provider() as provider:
            made = await self._create(provider, self.case.inputs)
            for name in self.case.secrets:
                assert str(made.outputs[name].value) not in made.id

    async def test_the_same_inputs_differ_in_nothing(self) -> None:
        async with self._provider() as provider:
            old = await self._recorded(provider)
            same = await self._diff(provider, old, self.case.inputs)
            assert (same.changes, same.replaces) == ((), ())

    async def test_a_change_is_seen_and_says_whether_it_replaces(self) -> None:
        async with self._provider() as provider:
            difference = await self._diff(provider, await self._recorded(provider), self.case.changed)
            assert difference.changes
            assert bool(difference.replaces) is self.case.replaces
            assert set(difference.replaces) <= {change.path for change in difference.changes}

    async def test_an_unknown_input_is_a_change(self) -> None:
        if not self.case.unknown:
            return
        async with self._provider() as provider:
            old = await self._recorded(provider)
            difference = await self._diff(provider, old, {**self.case.inputs, self.case.unknown: UNKNOWN})
            assert self.case.unknown in {change.path for change in difference.changes}

    async def test_an_ignored_change_is_none(self) -> None:
        async with self._provider() as provider:
            old = await self._recorded(provider)
            seen = await self._diff(provider, old, self.case.changed)
            ignored = tuple(change.path for change in seen.changes)
            assert (await self._diff(provider, old, self.case.changed, ignore_changes=ignored)).changes == ()

    async def test_an_update_keeps_the_id_and_takes_the_inputs(self) -> None:
        if self.case.updated is None:
            return
        async with self._provider() as provider:
            old = await self._recorded(provider)
            assert not (await self._diff(provider, old, self.case.updated)).replaces
            checked = await self._check(provider, self.case.updated, old=old.inputs)
            request = base.UpdateRequest(self.case.urn, self.case.type, old, checked.inputs)
            made = await provider.update(request)
            assert made.id == old.id
            assert values.equal(values.reveal(made.outputs), {**values.reveal(made.outputs), **self.case.updated})

    async def test_read_gives_back_what_was_made_and_its_secrets_stay_secret(self) -> None:
        async with self._provider() as provider:
            old = await self._recorded(provider)
            made = await provider.read(base.ReadRequest(old.urn, old.type, old.id, old.inputs, old.outputs))
            assert made is not None
            assert made.id == old.id
            assert values.equal(values.reveal(made.outputs), old.outputs)
            assert all(isinstance(made.outputs[name], Secret) for name in self.case.secrets)

    async def test_delete_may_be_repeated(self) -> None:
        async with self._provider() as provider:
            old = await self._recorded(provider)
            await provider.delete(base.DeleteRequest(old))
            await provider.delete(base.DeleteRequest(old))

    async def test_find_tells_the_truth_about_a_lost_create(self) -> None:
        async with self._provider() as provider:
            checked = await self._check(provider, self.case.inputs)
            found = await provider.find(base.CreateRequest(self.case.urn, self.case.type, checked.inputs, "t-9"))
            assert found.presence is self.case.crash
            assert found.reason or found.presence is not base.Presence.UNSURE

    async def test_many_may_be_made_at_once(self) -> None:
        async with self._provider() as provider:
            made = await asyncio.gather(*(self._create(provider, self.case.inputs) for _ in range(8)))
            assert all(isinstance(one.id, str) for one in made)

    async def test_an_unknown_type_and_an_unknown_function_are_refused(self) -> None:
        async with self._provider() as provider:
            if self.case.closed:
                request = base.CheckRequest(self.case.urn, "no:such:Type", "x", {})
                assert "no:such:Type" in await _refusal(provider.check(request))
            assert "no:such:function" in await _refusal(provider.invoke("no:such:function", {}))


async def _refusal(call: Awaitable[object]) -> str:
    """The message with which a call was refused as unsupported."""
    try:
        await call
    except errors.Unsupported as error:
        return str(error)
    raise AssertionError("it was accepted")
