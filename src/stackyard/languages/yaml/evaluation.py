"""Runs a program: every resource and variable as soon as what it needs is there."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from stackyard import errors
from stackyard.errors import Position
from stackyard.languages.base import Monitor, Program
from stackyard.languages.yaml import configuration, functions, resources, tokens
from stackyard.languages.yaml.expressions import Access, Call, Expression, Fields, Items, Literal, Step, Text
from stackyard.languages.yaml.programs import BUILTIN, Declared, Setting, Template
from stackyard.languages.yaml.resources import Made, Needs
from stackyard.model import urns, values
from stackyard.model.diagnostics import Diagnostic, Severity, error
from stackyard.model.registrations import Goal, Invocation, LogEntry, OutputQuery
from stackyard.model.resources import EMPTY
from stackyard.model.values import UNKNOWN, Properties, ResourceReference, Secret, Value


class Fault(errors.ProgramError):
    """A fault that is this value's own."""


class Echo(Exception):
    """Something that this value needs has failed, which has been told."""


class Evaluation:
    """One run of a program. Each symbol has one task; `faults` are what went wrong, each told once."""

    def __init__(self, template: Template, program: Program, monitor: Monitor, folder: Path) -> None:
        self.faults: list[Diagnostic] = []
        self._template = template
        self._program = program
        self._monitor = monitor
        self._folder = folder
        self._tasks: dict[str, asyncio.Task[tuple[Value | Made, Needs]]] = {}
        self._asking: set[asyncio.Task[Any]] = set()
        self._doubted: set[str] = set()
        self._stack = ""

    async def run(self) -> None:
        """Run it to its end; all that it started is over then, also when it is cancelled."""
        program = self._program
        name = f"{program.project}-{program.stack}"
        self._stack = (await self._monitor.register(Goal(urns.STACK_TYPE, name, False))).urn
        for doubt in self._template.doubts:
            self._doubt(doubt.message, doubt.position)
        for setting in self._template.settings.values():
            await self._told(self._declared(setting))
        names = [each for each in self._template.variables if each not in self._template.given]
        names += self._template.resources
        try:
            await asyncio.gather(*(self._told(self._symbol(each)) for each in names))
            outputs: Properties = {}
            for key, expression in self._template.outputs.items():
                found = await self._told(self.value(expression, set()))
                if found is not None and (found[0] is not None or self._is_of_resource(expression)):
                    outputs[key] = _exported(resources.referred(found[0]))
            if not self.faults:
                await self._monitor.register_outputs(self._stack, outputs)
                await self._monitor.finish()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _is_of_resource(self, expression: Expression) -> bool:
        """Whether a null is what a resource has: that is exported, and one that is written is left out."""
        return isinstance(expression, Access) and expression.root in self._template.resources

    async def _told(self, work: Coroutine[Any, Any, Any]) -> tuple[Any] | None:
        """The value in a tuple; None when it failed, which has then been told."""
        try:
            return (await work,)
        except (Echo, Fault):
            return None

    async def value(self, expression: Expression, needs: Needs) -> Value | Made:
        """The value of an expression; the URNs it depends on are added to `needs`."""
        if isinstance(expression, Literal):
            return expression.value
        if isinstance(expression, Items):
            return [await self.plain(item, needs) for item in expression.items]
        if isinstance(expression, Fields):
            return await self._fields(expression, needs)
        if isinstance(expression, Access):
            return await self._access(expression, needs)
        if isinstance(expression, Text):
            return await self._text(expression, needs)
        return await self._call(expression, needs)

    async def plain(self, expression: Expression, needs: Needs) -> Value:
        """The same, a resource as a reference to it."""
        return resources.referred(await self.value(expression, needs))

    async def _fields(self, expression: Fields, needs: Needs) -> Value:
        made = {key: await self.plain(item, needs) for key, item in expression.fields.items()}
        hidden = False
        for name, item in expression.computed:
            key = await self.plain(name, needs)
            hidden = hidden or values.has_secret(key)
            key = values.reveal(key)
            if key is UNKNOWN:
                return UNKNOWN
            if not isinstance(key, str):
                raise self._fault(f"a key of a mapping must be text, not {functions.kind(key)}", name.position)
            made[key] = await self.plain(item, needs)
        return Secret(made) if hidden else made

    async def _text(self, expression: Text, needs: Needs) -> Value:
        parts = [part if isinstance(part, str) else await self.plain(part, needs) for part in expression.parts]
        secret = values.has_secret(parts)
        if values.has_unknown(parts):
            return Secret(UNKNOWN) if secret else UNKNOWN
        for part in [] if secret else parts:
            self._doubt_text(part, expression.position)
        try:
            joined = "".join(functions.text(values.reveal(part)) for part in parts)
        except ValueError as fault:
            raise self._fault(str(fault), expression.position) from None
        return Secret(joined) if secret else joined

    def _doubt_text(self, part: Value, position: Position) -> None:
        if part is None or isinstance(part, list | dict):
            self._doubt(f"{functions.kind(part)} in text is written as Go writes it: use fn::toJSON", position)
        elif isinstance(part, int | float) and not isinstance(part, bool) and "e" in functions.text(part):
            self._doubt(f"a number in text is written as {functions.text(part)}: put it into quotes", position)

    def _doubt(self, message: str, position: Position | None) -> None:
        """A warning, once."""
        said = f"{position}: {message}" if position else message
        if said not in self._doubted:
            self._doubted.add(said)
            self._monitor.log(LogEntry(Severity.WARNING, said))

    async def _access(self, access: Access, needs: Needs) -> Value | Made:
        steps = access.steps
        if access.root == BUILTIN:
            found: Value | Made = self._builtins()
        elif access.root in self._template.resources:
            found = await self.symbol(access.root, needs)
        elif access.root in self._template.given or access.root not in self._template.variables:
            found = await self._setting(access)
        else:
            found = await self.symbol(access.root, needs)
        if isinstance(found, Made):
            if not steps:
                return found
            if found.is_stack and len(steps) > 1 and steps[0] == "outputs" and isinstance(steps[1], str):
                found, steps = await self._stack_output(found, steps[1], access.position), steps[2:]
            else:
                if lacking := found.lacks(str(steps[0])):
                    raise self._fault(lacking, access.position)
                found, steps = found.output(str(steps[0])), steps[1:]
        for step in steps:
            found = self._step(found, step, access)
        return found

    def _step(self, value: Value, step: Step, access: Access) -> Value:
        if isinstance(value, Secret):
            return Secret(values.reveal(self._step(value.value, step, access)))
        if value is UNKNOWN:
            return UNKNOWN
        if isinstance(value, dict) and isinstance(step, str):
            return value.get(step)
        if isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            return value[step]
        raise self._fault(f"{access.root}: there is no {step!r} in {functions.kind(value)}", access.position)

    async def _stack_output(self, made: Made, key: str, position: Position) -> Value:
        if made.stack is UNKNOWN:
            return UNKNOWN
        query = OutputQuery(str(values.reveal(made.stack)), key, True, position)
        return await self._asked(self._monitor.stack_output(query), position)

    def _builtins(self) -> Value:
        program = self._program
        return {
            "cwd": str(self._folder),
            "rootDirectory": str(program.directory),
            "organization": program.organization,
            "project": program.project,
            "stack": program.stack,
        }

    async def _setting(self, access: Access) -> Value:
        setting = self._template.settings.get(access.root)
        return await self._declared(setting) if setting else configuration.given(access.root, self._program)

    async def _declared(self, setting: Setting) -> Value:
        try:
            found = configuration.value(setting, self._program)
        except ValueError as fault:
            raise self._fault(str(fault), setting.position) from None
        if found is not None:
            return found
        if setting.fallback is None:
            key = f"{self._program.project}:{setting.key}"
            message = f"the configuration lacks {key}: `stackyard config set {setting.key}`"
            raise self._fault(message, setting.position)
        default = await self.plain(setting.fallback, set())
        return Secret(default) if setting.secret else default

    async def _call(self, call: Call, needs: Needs) -> Value:
        if call.name in functions.PURE:
            argument = await self.plain(call.argument, needs)
            try:
                return functions.call(call.name, argument, self._folder)
            except ValueError as fault:
                raise self._fault(str(fault), call.position) from None
        if call.name in functions.OF_RESOURCES:
            return await self._of_resource(call, needs)
        if call.name != "invoke":
            return await self._invoke(call, call.name, call.argument, EMPTY, "", needs)
        fields = call.argument.fields if isinstance(call.argument, Fields) else {}
        token = await self.plain(fields["function"], needs)
        options = fields.get("options")
        wanted = fields.get("return")
        key = str(await self.plain(wanted, needs)) if wanted else ""
        said = options.fields if isinstance(options, Fields) else EMPTY
        return await self._invoke(call, str(token), fields.get("arguments"), said, key, needs)

    async def _of_resource(self, call: Call, needs: Needs) -> Value:
        found = await self.value(call.argument, set())
        if not isinstance(found, Made):
            raise self._fault(f"fn::{call.name} takes a resource, not {functions.kind(found)}", call.position)
        return found.name if call.name == "pulumiResourceName" else found.type

    async def _invoke(
        self, call: Call, name: str, argument: Expression | None, said: Mapping[str, Expression], key: str, needs: Needs
    ) -> Value:
        try:
            token = tokens.of_function(name)
        except ValueError as fault:
            raise self._fault(str(fault), call.position) from None
        given = await self.plain(argument, needs) if argument is not None else {}
        options = {name: await self.value(item, needs) for name, item in said.items()}
        if values.has_unknown(given) or self._waits_for(options.get("dependsOn")):
            return UNKNOWN
        default = self.default_provider(urns.package_of(token))
        provider = options.get("provider") or (await self.symbol(default, set()) if default else None)
        invocation = Invocation(
            token=token,
            arguments=values.reveal(given or {}),
            provider=provider.reference if isinstance(provider, Made) else "",
            version=str(options.get("version") or ""),
            plugin_download_url=str(options.get("pluginDownloadURL") or ""),
            source_position=call.position,
        )
        answer = await self._asked(self._monitor.invoke(invocation), call.position)
        if answer.failures:
            reasons = "; ".join(
                f"{each.reason} ({each.property})" if each.property else each.reason for each in answer.failures
            )
            raise self._fault(f"{name}: {reasons}", call.position)
        found: Value = UNKNOWN if answer.unknown else answer.outputs
        if key and found is not UNKNOWN:
            if key not in found:
                raise self._fault(f"{name} answers without {key!r}: with {', '.join(sorted(found))}", call.position)
            found = found[key]
        return Secret(values.reveal(found)) if values.has_secret(given) else found

    def _waits_for(self, named: Value) -> bool:
        """Whether something that a call is said to depend on is not made yet: in a preview, the call waits for it."""
        listed = named if isinstance(named, list) else [named]
        return any(isinstance(each, ResourceReference) and each.id is UNKNOWN for each in listed)

    def _symbol(self, name: str) -> Coroutine[Any, Any, tuple[Value | Made, Needs]]:
        if name not in self._tasks:
            declared = self._template.resources.get(name)
            work = self._make(declared) if declared else self._variable(self._template.variables[name])
            self._tasks[name] = asyncio.ensure_future(work)
        return self._await(self._tasks[name])

    async def _await(self, task: asyncio.Task[tuple[Value | Made, Needs]]) -> tuple[Value | Made, Needs]:
        try:
            return await asyncio.shield(task)
        except Fault:
            raise Echo from None

    async def _variable(self, expression: Expression) -> tuple[Value | Made, Needs]:
        needs: Needs = set()
        return await self.value(expression, needs), needs

    async def _make(self, declared: Declared) -> tuple[Value | Made, Needs]:
        made = await resources.make(declared, self, self._stack)
        return made, {made.urn}

    async def register(self, goal: Goal) -> Any:
        """Register a resource; what is refused is told at its place."""
        return await self._asked(self._monitor.register(goal), goal.source_position)

    async def read(self, request: Any) -> Any:
        """Read a resource; what is refused is told at its place."""
        return await self._asked(self._monitor.read(request), request.source_position)

    @property
    def dry_run(self) -> bool:
        """Whether this is a preview: then what is missing is unknown."""
        return self._program.dry_run

    def default_provider(self, package: str) -> str:
        """The resource that is declared as the default provider of a package; empty for none."""
        wanted = f"pulumi:providers:{package}"
        found = (each for each in self._template.resources.values() if each.is_default_provider and each.type == wanted)
        return next((each.symbol for each in found), "")

    async def symbol(self, name: str, needs: Needs) -> Value | Made:
        """The value of a resource or variable by its name."""
        found, needed = await self._symbol(name)
        needs.update(needed)
        return found

    async def _asked(self, work: Coroutine[Any, Any, Any], position: Position | None) -> Any:
        """The monitor's answer. A request is answered to its end even when the program is cancelled."""
        asked = asyncio.ensure_future(work)
        self._asking.add(asked)
        asked.add_done_callback(self._answered)
        try:
            return await asyncio.shield(asked)
        except errors.Cancelled:
            raise
        except errors.StackyardError as refused:
            raise self._fault(refused.message, refused.position or position, refused.hint) from None
        except Exception as refused:  # noqa: BLE001 - the contract: what a monitor raises fails the call
            raise self._fault(str(refused) or type(refused).__name__, position) from None

    def _answered(self, asked: asyncio.Task[Any]) -> None:
        self._asking.discard(asked)
        if not asked.cancelled():
            asked.exception()  # It was told to whoever asked, if they are still there.

    def fault(self, message: str, position: Position | None) -> Fault:
        """Note a fault of the program; raise what it answers."""
        return self._fault(message, position)

    def _fault(self, message: str, position: Position | None, hint: str = "") -> Fault:
        told = error(message, position=position, hint=hint)
        if told not in self.faults:
            self.faults.append(told)
        return Fault(message, position=position)


def _exported(value: Value) -> Value:
    """An output of the stack: one that has a secret in it is a secret as a whole, as Pulumi's SDK for Go has it."""
    value = resources.without_nulls(value)
    return Secret(values.reveal(value)) if values.has_secret(value) else value
