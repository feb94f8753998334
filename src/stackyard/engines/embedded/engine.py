"""The embedded engine: plans and applies one stack at a time, many stacks at once."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping

from stackyard import errors
from stackyard.engines.base import StackContext
from stackyard.engines.embedded import exports
from stackyard.engines.embedded.builtin import Builtins
from stackyard.engines.embedded.catalog import Catalog, Languages
from stackyard.engines.embedded.deletion import Deletion
from stackyard.engines.embedded.executor import Executor
from stackyard.engines.embedded.monitor import ProgramMonitor
from stackyard.engines.embedded.planner import Planner
from stackyard.engines.embedded.pool import ProviderPool
from stackyard.engines.embedded.record import Record
from stackyard.engines.embedded.recovery import Recovery
from stackyard.engines.embedded.references import StackReads
from stackyard.engines.embedded.refresh import Refresh
from stackyard.engines.embedded.reporting import Reporter
from stackyard.engines.embedded.session import Refused, Session, Stopped
from stackyard.languages.base import Exit, Program
from stackyard.model import values
from stackyard.model.checkpoints import Checkpoint
from stackyard.model.plans import Op, Operation, Plan, Step
from stackyard.model.resources import Resource
from stackyard.model.updates import Outcome, Update
from stackyard.model.values import Properties
from stackyard.state.base import StackState


class EmbeddedEngine:
    """The `engines.base.Engine` that runs programs here. It owns neither languages nor providers.

    `apply` appends to the journal of the open state and leaves the final `commit` to its caller; in between
    it commits without an update when a killed run had to be repaired or a refresh changed the record.
    """

    owns_state = False

    def __init__(self, languages: Languages, catalog: Catalog) -> None:
        self._languages = languages
        self._catalog = catalog

    async def plan(self, context: StackContext, operation: Operation) -> Plan:
        """Say what `operation` would do; faults of the program and of providers are in its diagnostics."""
        seed = secrets.token_hex(16)
        session = self._session(context, operation, context.checkpoint, None, seed)
        run = Run(session, self._languages, None)
        old = context.checkpoint.outputs
        outputs = {name: exports.told(value, old.get(name)) for name, value in (await run.carry_out()).items()}
        report = session.report
        settled = not report.failed and run.is_settled(outputs)
        return Plan(
            report.stack,
            operation,
            tuple(report.steps),
            outputs,
            old,
            session.reads.all(),
            tuple(report.diagnostics),
            settled,
            seed,
        )

    async def apply(self, context: StackContext, plan: Plan) -> Update:
        """Carry `plan` out. Raises StateError when the record cannot be written; anything else is in the Update."""
        if context.state is None:
            raise errors.EngineError("an apply needs the stack's state, open for writing")
        if plan.failed:
            raise errors.UsageError(f"the plan of {plan.stack} has errors and cannot be applied")
        state, seed = context.state, plan.seed or secrets.token_hex(16)
        session = self._session(context, plan.operation, state.checkpoint, state, seed)
        run = Run(session, self._languages, plan)
        outputs = await run.carry_out()
        await session.record.flush()
        if session.fatal is not None:
            raise session.fatal
        report = session.report
        outcome = Outcome.CANCELLED if session.cancelled else Outcome.FAILED if report.failed else Outcome.SUCCEEDED
        return Update(
            report.stack,
            plan.operation,
            outcome,
            tuple(report.steps),
            outputs,
            session.reads.all(),
            tuple(report.diagnostics),
        )

    async def outputs(self, context: StackContext) -> Properties:
        """The stack's recorded outputs."""
        return context.checkpoint.outputs

    async def close(self) -> None:
        """Nothing is kept warm here: languages and providers belong to whoever made them."""

    def _session(
        self, context: StackContext, operation: Operation, base: Checkpoint, state: StackState | None, seed: str
    ) -> Session:
        if context.options.targets:
            raise errors.Unsupported("the embedded engine cannot yet restrict an operation to targets")
        dry_run = state is None
        reads = StackReads(context.references, dry_run)
        pool = ProviderPool(self._catalog, context, dry_run, Builtins(reads))
        record, report = Record(base, state), Reporter(context, dry_run)
        return Session(context, operation, dry_run, seed, record, report, pool, reads)


class Run:
    """One operation from its start to its end; the same for a preview and an apply."""

    def __init__(self, session: Session, languages: Languages, plan: Plan | None) -> None:
        self._session = session
        self._languages = languages
        self._plan = plan
        self._executor = Executor(session, plan)
        self._dry_run_was_read = False

    async def carry_out(self) -> Properties:
        """Do everything; answers the stack's outputs as they then are. Faults have been reported."""
        session = self._session
        try:
            await Recovery(session).run()
            if session.operation is Operation.REFRESH or session.context.options.refresh:
                await Refresh(session, self._executor).run()
            if session.operation is Operation.DESTROY:
                await Deletion(session, self._executor).run()
                return {}
            if session.operation is Operation.UP:
                return await self._up()
        except (Refused, Stopped):
            pass
        except errors.StateError:
            raise
        except errors.StackyardError as fault:
            session.report.fault(fault)
        return session.record.base.outputs

    async def _up(self) -> Properties:
        session = self._session
        if self._plan is not None and self._plan.settled and not session.record.is_repaired:
            session.report.steps.extend(self._plan.steps)
            return dict(self._plan.outputs)
        monitor = ProgramMonitor(session, Planner(session), self._executor)
        ended = await self._run_program(monitor)
        self._dry_run_was_read = monitor.dry_run_was_read
        await self._executor.idle()
        self._judge(ended)
        try:
            if self._may_delete(ended):
                await Deletion(session, self._executor).run()
        finally:
            outputs = monitor.settle_outputs(session.report.failed)
        return outputs

    def _may_delete(self, ended: Exit | None) -> bool:
        session = self._session
        if ended is None or not ended.ok or session.cancelled or session.fatal is not None:
            return False
        return not session.report.failed or (session.context.options.continue_on_error and not session.dry_run)

    async def _run_program(self, monitor: ProgramMonitor) -> Exit | None:
        """Run the program to its end; None when it was ended from here, because nothing may start any more."""
        language = self._languages(self._session.context.stack.project.runtime)
        program = asyncio.ensure_future(language.run(self._program(), monitor))
        stop = asyncio.ensure_future(self._stopped())
        try:
            await asyncio.wait({program, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not program.done():
                await self._executor.idle()
                program.cancel()
            return await program
        except asyncio.CancelledError:
            if program.cancelled() and stop.done():
                return None
            raise
        finally:
            stop.cancel()
            program.cancel()
            await asyncio.gather(stop, program, return_exceptions=True)

    async def _stopped(self) -> None:
        waits = [
            asyncio.ensure_future(each.wait()) for each in (self._session.context.cancelled, self._session.stopping)
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    def _judge(self, ended: Exit | None) -> None:
        """Report the program's own fault. What it says after a failure of ours is only the echo of that."""
        report = self._session.report
        if ended is None or ended.ok or report.failed or self._session.cancelled:
            return
        # The SDK names the verb of the Pulumi CLI; ours takes the same words.
        message = ended.message.replace("`pulumi config set", "`stackyard config set")
        report.error(message or "the program failed", position=ended.position, hint=_hint(ended))
        for other in ended.others:
            report.error(other.message, position=other.position, hint=other.hint)

    def _program(self) -> Program:
        context = self._session.context
        stack, project = context.stack.name, context.stack.project
        return Program(
            project=stack.project,
            stack=stack.stack,
            organization=stack.organization,
            directory=project.path,
            main=project.main,
            config=context.config,
            secret_keys=context.secret_keys,
            environ=context.environ,
            options=project.runtime_options,
            dry_run=self._session.dry_run,
            debug=context.options.debug,
            parallel=context.options.parallel,
        )

    def is_settled(self, outputs: Properties) -> bool:
        """Whether an apply would have nothing to run and nothing to record."""
        session = self._session
        quiet = session.operation is Operation.UP and not self._dry_run_was_read and not session.reads.previewed
        if not quiet or session.record.is_repaired or session.context.options.refresh:
            return False
        if not same_values(outputs, session.record.base.outputs):
            return False
        components = {held.resource.urn: held.resource for held in session.results.values()}
        return all(_unchanged(step, components.get(step.urn)) for step in session.report.steps)


def _hint(ended: Exit) -> str:
    lines = ended.traceback.strip().splitlines()
    return lines[-1] if lines and not ended.message else ""


def same_values(left: Mapping[str, values.Value], right: Mapping[str, values.Value]) -> bool:
    """Equality in every respect, secretness included."""
    return left == right and not values.has_unknown(dict(left))


def _unchanged(step: Step, result: Resource | None) -> bool:
    if step.op not in {Op.SAME, Op.READ} or step.old is None or result is None:
        return False
    times = {"created": "", "modified": "", "source_position": "", "aliases": ()}
    return step.old.replaced(**times) == result.replaced(**times) and not values.has_unknown(result.outputs)
