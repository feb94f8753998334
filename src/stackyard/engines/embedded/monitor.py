"""Answers one running program: every registration is decided in its turn, then made.

Follows pulumi/pulumi pkg/resource/deploy/source_eval.go.
"""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Final

from stackyard import errors
from stackyard.engines.embedded import builtin, goals, positions
from stackyard.engines.embedded.defaults import DefaultProviders
from stackyard.engines.embedded.executor import Executor
from stackyard.engines.embedded.planner import Planner
from stackyard.engines.embedded.record import Held
from stackyard.engines.embedded.session import Refused, Session, Stopped
from stackyard.errors import Position
from stackyard.model import urns, values
from stackyard.model.journals import JournalEntry, Phase
from stackyard.model.plans import Op
from stackyard.model.registrations import (
    Goal,
    Invocation,
    Invoked,
    LogEntry,
    OutputQuery,
    ReadRequest,
    Registered,
    Result,
)
from stackyard.model.resources import Resource
from stackyard.model.values import UNKNOWN, Archive, Asset, Properties, Value
from stackyard.providers import assets
from stackyard.providers.base import Provider, properties

SECRETS, RESOURCE_REFERENCES, ALIAS_SPECS, DELETED_WITH, REPLACE_WITH = 0, 1, 3, 5, 6
FEATURES: Final = frozenset({SECRETS, RESOURCE_REFERENCES, ALIAS_SPECS, DELETED_WITH, REPLACE_WITH})


class ProgramMonitor:
    """The `languages.base.Monitor` of one run of a program."""

    features = FEATURES

    def __init__(self, session: Session, planner: Planner, executor: Executor) -> None:
        self.dry_run_was_read = False
        self.finished = False
        self.stack_outputs: Properties | None = None
        self._session = session
        self._planner = planner
        self._executor = executor
        self._turn = asyncio.Lock()
        self._component_providers: dict[str, dict[str, str]] = {}
        self._defaults = DefaultProviders(session, planner, executor)

    async def register(self, goal: Goal) -> Registered:
        """Decide in the order of calls, make the steps, and answer with the resource as it then is."""
        if goal.remote:
            raise errors.Unsupported(
                f"{goal.type} {goal.name!r} is a component that a plugin of its package makes, and plugins are not run",
                hint="write it as a component in the program's own language",
                position=goal.source_position,
            )
        urn = goals.urn_of(self._session.context.stack.name, goal.type, goal.name, goal.parent)
        try:
            async with self._turn:
                self._session.check_going()
                self._admit(goal.type, goal.name, urn, goal.parent, goals.needs(goal), goal.source_position)
                if self._depends_on_broken(goal):
                    return self._skip(goal, urn)
                goal = await self._with_assets(await self._resolve(goal, urn))
                provider = await self._provider(goal)
                chain = await self._planner.decide(goal, urn, provider)
            held = await self._executor.run(chain)
            if chain[0].op in {Op.IMPORT, Op.IMPORT_REPLACEMENT} and held:
                held = await self._after_import(goal, held, chain[0].resource, provider)
        except Exception as fault:  # noqa: BLE001 - whatever goes wrong here is this resource's fault, located
            return self._broken(goal, urn, fault)
        assert held is not None
        self._session.results[urn] = held
        return self._answer(goal, held.resource)

    async def _with_assets(self, goal: Goal) -> Goal:
        """Its files found and hashed: an asset is compared by its hash; its path is recorded as the program said it."""
        if not any(isinstance(part, Asset | Archive) for part in values.walk(goal.inputs)):
            return goal
        directory = self._session.context.stack.project.path
        return dataclasses.replace(goal, inputs=await asyncio.to_thread(assets.resolved, goal.inputs, directory))

    async def _after_import(self, goal: Goal, held: Held, new: Resource, provider: Provider | None) -> Held:
        async with self._turn:
            chain = await self._planner.continued(goal, new, held, provider)
        if chain[0].op is Op.SAME:
            return held
        return await self._executor.run(chain) or held

    def _admit(
        self, type_: str, name: str, urn: str, parent: str, needs: tuple[str, ...], position: Position | None
    ) -> None:
        registered = self._session.registered
        if urn in registered:
            first = registered[urn]
            self._refuse(
                f"{type_} {name!r} is registered twice (first at {first})", position, urn, "give it another name"
            )
        registered[urn] = position
        if parent and parent not in registered:
            self._refuse(f"{type_} {name!r}: its parent {parent} is not registered", position, urn)
        for need in needs:
            if need not in registered:
                self._refuse(f"{type_} {name!r} depends on {need}, which is not registered", position, urn)

    def _refuse(self, message: str, position: Position | None, urn: str, hint: str = "") -> None:
        self._session.report.error(message, hint=hint, position=position, urn=urn)
        raise Refused(message)

    async def _resolve(self, goal: Goal, urn: str) -> Goal:
        goal = goals.inherit(goal, self._session.goals.get(goal.parent))
        providers = dict(goal.providers)
        inherited = self._component_providers.get(goal.parent, {})
        package = urns.package_of(goal.type)
        if goal.custom and not urns.is_provider(goal.type):
            explicit = goal.provider or providers.get(package) or inherited.get(package)
            reference = explicit or await self._defaults.reference(
                package, goal.version, goal.plugin_download_url, goal.source_position
            )
            goal = dataclasses.replace(goal, provider=reference)
        elif goal.custom:
            goal = dataclasses.replace(goal, provider="", inputs=self._defaults.plugin_inputs(goal))
        else:
            self._component_providers[urn] = {**inherited, **providers}
        self._session.goals[urn] = goal
        self._session.report.scrubber.learn(goal.inputs)
        return goal

    async def _provider(self, goal: Goal) -> Provider | None:
        if not goal.custom or urns.is_provider(goal.type):
            return None
        found = self._session.pool.live(goal.provider)
        if found is None:
            raise errors.EngineError(
                f"{goal.type} {goal.name!r} names a provider that is not registered: {goal.provider}",
                position=goal.source_position,
            )
        return found

    def _depends_on_broken(self, goal: Goal) -> bool:
        """Whether it cannot be made. A preview only asks for the provider, so that it can tell more faults."""
        broken = self._session.broken
        needed: set[str] = {urns.split_provider_reference(goal.provider)[0]} if goal.provider else set()
        if not self._session.dry_run:
            needed.update((*goals.needs(goal), goal.parent))
        return not broken.isdisjoint(needed)

    def _skip(self, goal: Goal, urn: str) -> Registered:
        self._session.broken.add(urn)
        held = self._session.olds.get(urn)
        if held and held.old is not None:
            self._session.operated.add(held.old)
        return Registered(urn, UNKNOWN if goal.custom else None, result=Result.SKIPPED)

    def _broken(self, goal: Goal, urn: str, fault: Exception) -> Registered:
        """What a failed registration answers: a preview goes on, so that one run shows every fault."""
        if not isinstance(fault, Refused | Stopped):
            self._session.report.fault(fault, position=goal.source_position, urn=urn)
        self._session.broken.add(urn)
        going = self._session.dry_run or self._session.context.options.continue_on_error
        if going and not self._session.cancelled and self._session.fatal is None:
            result = Result.SUCCESS if self._session.dry_run else Result.FAILED
            return Registered(urn, UNKNOWN if goal.custom else None, result=result)
        if isinstance(fault, errors.StackyardError):
            raise fault
        raise Stopped(f"{type(fault).__name__}: {fault}") from fault

    def _answer(self, goal: Goal, resource: Resource) -> Registered:
        outputs = resource.outputs if resource.custom else {}
        if not goal.supports_partial_values:
            outputs = {key: value for key, value in outputs.items() if not values.has_unknown(value)}
        id_ = (resource.id or UNKNOWN) if resource.custom else None
        provider = self._session.pool.live(resource.provider) if resource.provider else None
        return Registered(resource.urn, id_, outputs, properties=properties(provider, resource.type))

    async def register_outputs(self, urn: str, outputs: Properties) -> None:
        """Outputs of a component; those of the root stack are kept until everything else is done."""
        self._session.report.scrubber.learn(outputs)
        if urn not in self._session.registered:
            raise errors.EngineError(f"outputs were registered for {urn}, which is not registered itself")
        if urn in self._session.broken or urn not in self._session.results:
            return
        if self._session.results[urn].resource.type == urns.STACK_TYPE:
            self.stack_outputs = outputs
        else:
            self._set_outputs(urn, outputs)

    def _set_outputs(self, urn: str, outputs: Properties) -> None:
        held = self._session.results[urn]
        assert held.of is not None
        resource = held.resource.replaced(outputs=dict(outputs))
        self._session.results[urn] = Held(resource, of=held.of)
        self._session.record.note(JournalEntry(held.of, Phase.OUTPUTS, Op.UPDATE, of=held.of, resource=resource))

    async def read(self, request: ReadRequest) -> Registered:
        """ReadResource: look at a resource and record it as one that is not ours."""
        stack = self._session.context.stack
        urn = goals.urn_of(stack.name, request.type, request.name, request.parent)
        try:
            async with self._turn:
                self._session.check_going()
                position = request.source_position
                self._admit(request.type, request.name, urn, request.parent, request.dependencies, position)
                package = urns.package_of(request.type)
                parent = self._session.goals.get(request.parent)
                goal = goals.inherit(Goal(request.type, request.name, True, provider=request.provider), parent)
                inherited = self._component_providers.get(request.parent, {})
                reference = (
                    goal.provider
                    or inherited.get(package)
                    or await self._defaults.reference(package, request.version, request.plugin_download_url, position)
                )
                request = dataclasses.replace(request, provider=reference)
                provider = await self._provider(dataclasses.replace(goal, provider=reference))
                assert provider is not None
                chain = self._planner.decide_read(request, self._external(request, urn), provider)
            held = await self._executor.run(chain)
        except Exception as fault:  # noqa: BLE001 - as in register
            failed = Goal(request.type, request.name, True, source_position=request.source_position)
            return self._broken(failed, urn, fault)
        assert held is not None
        self._session.results[urn] = held
        return self._answer(Goal(request.type, request.name, True, supports_partial_values=True), held.resource)

    def _external(self, request: ReadRequest, urn: str) -> Resource:
        directory = self._session.context.stack.project.path
        return Resource(
            urn=urn,
            type=request.type,
            custom=True,
            id="" if request.id is UNKNOWN else request.id,
            inputs=_without_nulls(request),
            parent=request.parent,
            external=True,
            dependencies=request.dependencies,
            provider=request.provider,
            additional_secret_outputs=request.additional_secret_outputs,
            source_position=positions.render(request.source_position, directory),
        )

    async def invoke(self, invocation: Invocation) -> Invoked:
        """Call a function. With unknown arguments, in a preview, the whole answer is unknown."""
        package = urns.package_of(invocation.token)
        if invocation.token == "pulumi:pulumi:getResource":
            return self._get_resource(invocation)
        if values.has_unknown(invocation.arguments):
            return Invoked(unknown=True)
        async with self._turn:
            reference = invocation.provider or await self._defaults.reference(
                package, invocation.version, invocation.plugin_download_url, invocation.source_position
            )
        provider = self._session.pool.live(reference)
        if provider is None:
            raise errors.EngineError(
                f"{invocation.token} names a provider that is not registered: {reference}",
                position=invocation.source_position,
            )
        self._session.report.scrubber.learn(invocation.arguments)
        return await provider.invoke(invocation.token, builtin.given(provider, invocation.arguments))

    def _get_resource(self, invocation: Invocation) -> Invoked:
        urn = invocation.arguments.get("urn")
        held = self._session.results.get(str(urn))
        if held is None:
            raise errors.EngineError(f"{urn} is not registered", position=invocation.source_position)
        resource = held.resource
        id_: Value = (resource.id or UNKNOWN) if resource.custom else ""
        return Invoked({"urn": resource.urn, "id": id_, "state": resource.outputs})

    async def stack_output(self, query: OutputQuery) -> Value:
        """One output of another stack."""
        value = await self._session.reads.output(query)
        self._session.report.scrubber.learn(value)
        return value

    def log(self, entry: LogEntry) -> None:
        """A line of the program."""
        self._session.report.log(entry)

    async def finish(self) -> None:
        """The program ran to its end; returns when no step is running."""
        self.finished = True
        await self._executor.idle()

    def settle_outputs(self, failed: bool) -> Properties:
        """Give the root stack its outputs; after a failure new ones overlay the old. Answers what they then are."""
        root = next((h for h in self._session.results.values() if h.resource.type == urns.STACK_TYPE), None)
        if root is None:
            return self._session.record.base.outputs
        if self.stack_outputs is None:
            return dict(root.resource.outputs)
        old = self._session.record.base.outputs if failed else {}
        outputs = {**old, **self.stack_outputs}
        self._set_outputs(root.resource.urn, outputs)
        return outputs


def _without_nulls(request: ReadRequest) -> Properties:
    if urns.package_of(request.type) != builtin.PACKAGE:
        return dict(request.inputs)
    return {key: value for key, value in request.inputs.items() if value is not None}
