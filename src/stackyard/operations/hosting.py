"""An open estate as a platform of tenants: where its organizations, records, stacks and accounts are."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import functools
import os
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from stackyard import errors
from stackyard.kit import files
from stackyard.model.activations import Activation
from stackyard.model.diagnostics import Diagnostic
from stackyard.model.estates import Estate, Stack
from stackyard.model.names import StackName
from stackyard.model.tenants import Organization
from stackyard.operations import accounts
from stackyard.operations.workspace import Workspace
from stackyard.state import stacks as states
from stackyard.tenancy import registry
from stackyard.tenancy.records import Reading, Records
from stackyard.tenancy.sites import Site

SITES: Final = "site_instances"
HOSTED: Final = "hosted_projects"
ENVIRONMENTS: Final = "activated_environments"
_EXPORTS: Final = ("bucket", "archive_bucket", "runs_table", "cluster_arn", "log_group")

P = ParamSpec("P")
T = TypeVar("T")


class Hosting:
    """The tenants of an open estate. Raises UsageError when the estate has no fleets for them."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._known: tuple[Estate | None, Mapping[tuple[str, str], Stack]] = (None, {})
        root = workspace.estate.root
        self.tenants = root / self._registry(SITES)
        self.records = Records(root / self._registry(ENVIRONMENTS), root)

    def _registry(self, project: str) -> Path:
        for fleet in self.workspace.estate.fleets:
            if fleet.project == project:
                return Path(fleet.registry)
        hint = f"its manifest needs a fleet of the project {project!r}: see docs/guide/tenants.md"
        raise errors.UsageError("this estate hosts no tenants", hint=hint)

    def organizations(self) -> tuple[Mapping[str, Organization], tuple[Diagnostic, ...]]:
        """The organizations whose files can be read, by name, and the faults of all files."""
        found, faults = registry.read_all(self.tenants, self.workspace.estate.root)
        return {each.name: each for each in found}, faults

    def read(self) -> Reading:
        """The records of environments."""
        return self.records.read()

    def record(self, organization: str, project: str, environment: str) -> Activation:
        """One environment's record. Raises UsageError naming those that there are, StateError for a damaged one."""
        entry = f"{organization}.{project}.{environment}"
        if not self.records.file(entry).exists():
            known = ", ".join(each.title for each in self.read().active) or "none"
            message = f"environment {organization}/{project}/{environment} is not active"
            raise errors.UsageError(message, hint=f"there are: {known}")
        return self.records.one(entry)

    def stack(self, project: str, entry: str) -> Stack | None:
        """The stack of a fleet that is made for `entry` (`acme`, `acme.shop`, `acme.shop.prod`), whatever its stage."""
        return self._stacks.get((project, entry))

    @property
    def _stacks(self) -> Mapping[tuple[str, str], Stack]:
        estate = self.workspace.estate
        if self._known[0] is not estate:
            self._known = (estate, {(e.project.name, e.name.stack.rpartition(".")[0]): e for e in estate.stacks})
        return self._known[1]

    async def is_up(self, stack: Stack) -> bool:
        """Whether it has resources, or a killed run may have left some."""
        found = await self.workspace.peek(stack.name)
        return (found is not None and found.root is not None) or await self.workspace.unfinished(stack)

    async def site(self, organization: str) -> Site:
        """An organization's account. Raises StackNotFound when its site is not up, EngineError when it is too old."""
        stack = self.stack(SITES, organization)
        outputs = await self.workspace.outputs(stack.name) if stack else None
        if stack is None or outputs is None:
            hint = f"stackyard up {stack.name.short}" if stack else f"write tenants/{organization}.yaml"
            raise errors.StackNotFound(f"the site of {organization} is not up", hint=hint)
        missing = [name for name in _EXPORTS if not isinstance(outputs.get(name), str)]
        if missing:
            hint = f"stackyard up {stack.name.short}"
            raise errors.EngineError(f"{stack.name.short} has no output {', '.join(missing)}", hint=hint)
        given = {name.removesuffix("_arn"): str(outputs[name]) for name in _EXPORTS}
        return Site(organization, **given, client=self.clients(organization))

    def clients(self, organization: str) -> Callable[[str], Any]:
        """boto3 clients of an organization's account by service, each made once; they block."""
        return functools.cache(lambda service: accounts.client(self.workspace, service, organization))

    async def orphans(self) -> list[StackName]:
        """Stacks of organizations that have resources and that no file asks for."""
        asked = {stack.name for stack in self.workspace.estate.stacks}
        left = []
        for store in self.workspace.stores():
            found = (each for each in await store.list() if each.project in (SITES, HOSTED, ENVIRONMENTS))
            for name in sorted(set(found) - asked):
                checkpoint = await states.read(store, name)
                if checkpoint is not None and checkpoint.root is not None:
                    left.append(name)
        return sorted(set(left))

    async def forget(self, stack: Stack) -> None:
        """Remove the state of a stack that has no resources any more; its backup stays."""
        found = await self.workspace.peek(stack.name)
        if found is None or found.root is not None or found.resources:
            return
        backend = self.workspace.backend(stack.name)
        lock = await backend.lock(stack.name)
        try:
            await backend.delete(stack.name, lock)
        finally:
            await backend.unlock(stack.name, lock)


async def in_cloud(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Call what blocks on a cloud in a thread. Raises ProviderError for the cloud's own faults."""
    from botocore import exceptions  # lazy: botocore takes 0.1 s, and most verbs need none

    try:
        return await asyncio.to_thread(function, *arguments, **named)
    except (exceptions.BotoCoreError, exceptions.ClientError) as fault:
        away = isinstance(fault, exceptions.ConnectionError | exceptions.HTTPClientError)
        hint = "`stackyard cloud status` says whether the embedded cloud is up" if away else ""
        raise errors.ProviderError(str(fault), hint=hint) from fault


@contextlib.asynccontextmanager
async def alone(
    folder: Path, tell: Callable[[str], None], cancelled: asyncio.Event | None = None
) -> AsyncIterator[None]:
    """Be the only one that reconciles this estate; waits for another, and says so. A claim ends with its process.

    Raises Cancelled when `cancelled` is set while it waits.
    """
    files.make_folder(folder)
    descriptor = os.open(folder / "reconcile.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "?"
            tell(f"waiting: process {holder} reconciles this estate")
            await _locked(descriptor, cancelled)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


async def _locked(descriptor: int, cancelled: asyncio.Event | None) -> None:
    """Asked again and again, for a thread that waits in flock could not be interrupted."""
    while True:
        if cancelled is not None and cancelled.is_set():
            raise errors.Cancelled("stopped while another process reconciles this estate", hint="nothing was done")
        await asyncio.sleep(0.2)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
