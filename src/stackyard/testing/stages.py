"""A stack on a stage: one fake program, one fake cloud and one state in memory, run by the embedded engine."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stackyard.engines.base import Options, StackContext, StackOutputs
from stackyard.engines.embedded.engine import EmbeddedEngine
from stackyard.model.checkpoints import Checkpoint
from stackyard.model.estates import Project, Stack
from stackyard.model.events import Event
from stackyard.model.names import StackName
from stackyard.model.plans import Op, Operation, Plan, Step
from stackyard.model.resources import Resource
from stackyard.model.updates import Update
from stackyard.testing.programs import Body, Script, ScriptLanguage
from stackyard.testing.providers import FakeCloud, MemoryCatalog, MemoryProvider, Rules
from stackyard.testing.states import MemoryState

NAME = StackName("organization", "shop", "dev")
_PROJECT = Project("shop", Path("/estate/shop"))


class FakeReferences:
    """Outputs of other stacks, by the name that programs use."""

    def __init__(self) -> None:
        self.stacks: dict[str, StackOutputs] = {}
        self.asked: list[str] = []

    def add(self, name: str, **rest: Any) -> None:
        """Give a stack's outputs; `rest` are fields of `StackOutputs`."""
        self.stacks[name] = StackOutputs(StackName.parse(name, project="shop"), **rest)

    async def outputs(self, name: str) -> StackOutputs:
        """What was added, else a stack that does not exist."""
        self.asked.append(name)
        missing = StackOutputs(StackName.parse(name, project="shop"), exists=False)
        return self.stacks.get(name, missing)


async def _nothing(script: Script) -> None:
    return None


class Stage:
    """Runs bodies one after another against the same cloud and state."""

    def __init__(self, rules: Mapping[str, Rules] | None = None, checkpoint: Checkpoint | None = None) -> None:
        self.provider = MemoryProvider(FakeCloud(), rules or {})
        self.catalog = MemoryCatalog(fake=self.provider)
        self.language = ScriptLanguage(_nothing)
        self.engine = EmbeddedEngine(lambda runtime: self.language, self.catalog)
        self.state = MemoryState(checkpoint or Checkpoint(NAME.stack))
        self.references = FakeReferences()
        self.events: list[Event] = []
        self.options = Options()
        self.config: dict[str, str] = {}
        self.secret_keys: tuple[str, ...] = ()
        self.cancelled = asyncio.Event()
        self.cloud_name = "embedded"

    @property
    def cloud(self) -> FakeCloud:
        """What exists."""
        return self.provider.cloud

    def context(self, writing: bool) -> StackContext:
        """What the engine is given."""
        return StackContext(
            stack=Stack(NAME, _PROJECT, Path("/estate/shop/Pulumi.dev.yaml"), self.cloud_name),
            checkpoint=self.state.checkpoint,
            references=self.references,
            events=self.events.append,
            config=self.config,
            secret_keys=self.secret_keys,
            options=self.options,
            state=self.state if writing else None,
            cancelled=self.cancelled,
        )

    async def preview(self, body: Body | None = None, operation: Operation = Operation.UP) -> Plan:
        """Plan only."""
        self.language.body = body or self.language.body
        return await self.engine.plan(self.context(False), operation)

    async def apply(self, plan: Plan) -> Update:
        """Apply a plan, then save as a run does."""
        update = await self.engine.apply(self.context(True), plan)
        await self.state.commit(update)
        return update

    async def up(self, body: Body | None = None) -> Update:
        """Plan and apply."""
        plan = await self.preview(body)
        assert not plan.failed, [str(each) for each in plan.diagnostics]
        return await self.apply(plan)

    async def destroy(self) -> Update:
        """Plan and apply a destroy."""
        return await self.apply(await self.preview(operation=Operation.DESTROY))

    async def refresh(self) -> Update:
        """Plan and apply a refresh."""
        return await self.apply(await self.preview(operation=Operation.REFRESH))

    def resource(self, name: str) -> Resource:
        """The recorded resource of that name. Raises KeyError."""
        found = [r for r in self.state.checkpoint.resources if r.urn.rsplit("::", 1)[-1] == name and not r.delete]
        if not found:
            raise KeyError(name)
        return found[0]

    def names(self) -> list[str]:
        """Names of everything recorded but stacks and providers, in order; `name!` for what waits for deletion."""
        shown = (r for r in self.state.checkpoint.resources if r.custom and not r.is_provider)
        return [r.urn.rsplit("::", 1)[-1] + ("!" if r.delete else "") for r in shown]

    def ids(self) -> set[str]:
        """Ids of all recorded resources that this stack owns and that exist."""
        owned = (r for r in self.state.checkpoint.resources if r.custom and not r.is_provider and not r.external)
        return {r.id for r in owned if not r.pending_replacement and r.type.startswith("fake:")}


def shown(steps: tuple[Step, ...]) -> list[str]:
    """`op name` of every step that is not the engine's own."""
    return [f"{step.op} {step.urn.rsplit('::', 1)[-1]}" for step in steps if not step.internal]


def changes(steps: tuple[Step, ...]) -> list[str]:
    """`shown`, without what stays the same."""
    return shown(tuple(step for step in steps if step.op is not Op.SAME))


def without_times(checkpoint: Checkpoint) -> tuple[Resource, ...]:
    """Resources without what differs from run to run."""
    return tuple(dataclasses.replace(r, created="", modified="") for r in checkpoint.resources)
