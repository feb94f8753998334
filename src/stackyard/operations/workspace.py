"""One estate, opened: the only place where the parts are wired together."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from stackyard import errors
from stackyard.cloud import client as clouds
from stackyard.config import resolution, stack_files
from stackyard.config.environments import handing
from stackyard.config.resolution import ResolvedConfig
from stackyard.estate import discovery
from stackyard.graph import graphs, references
from stackyard.kit import registry
from stackyard.model.checkpoints import Checkpoint
from stackyard.model.diagnostics import Diagnostic, Severity
from stackyard.model.estates import Estate, Stack
from stackyard.model.names import StackName
from stackyard.model.values import Properties
from stackyard.operations import deployers
from stackyard.runs.ledger import Ledger
from stackyard.secrets.opening import Opener
from stackyard.state import backends, intents
from stackyard.state import stacks as states

if TYPE_CHECKING:
    from stackyard.engines.base import Engine
    from stackyard.languages.base import Language
    from stackyard.providers.catalog import Catalog
    from stackyard.state.base import Backend, StackState

DEFAULT_REGION: Final = "us-east-1"
FOLDER: Final = ".stackyard"


@dataclasses.dataclass(frozen=True, slots=True)
class Opening:
    """What the user said about which estate to open. `stacks` are for a folder that has no manifest.

    `past_entries`: faults of single entries of a fleet's registry stop nothing; whoever asks for it tells them.
    `as_role`: stacks on the embedded cloud are deployed as this role (operations.deployers).
    """

    cwd: str | Path = "."
    stacks: tuple[str, ...] = ()
    backend: str = ""
    past_entries: bool = False
    as_role: str = ""


class Workspace:
    """An open estate. Use it as an async context manager: leaving it ends every warm process.

    `diagnostics` are the faults of the estate's files; `check` raises them. `finished` tells which acts of killed
    processes over several stacks were finished on entering. `progress` is told about long
    set-up work, such as installing the embedded cloud's server.
    """

    def __init__(
        self, opening: Opening, *, catalog: Catalog | None = None, progress: Callable[[str], None] | None = None
    ) -> None:
        self._opening = opening
        self._adopt(discovery.discover(Path(opening.cwd), stacks=opening.stacks))
        self.folder = self.estate.root / FOLDER
        self.ledger = Ledger(self.folder / "runs.ledger")
        self.cloud = clouds.EmbeddedCloud(self.estate.root, progress=progress)
        self.secrets = Opener(os.environ, self.folder, lambda: stack_files.estate_salt(self.estate.stacks))
        self.finished: tuple[str, ...] = ()
        self._progress = progress or (lambda said: None)
        self._catalog = catalog
        self._backends: dict[str, Backend] = {}
        self._languages: dict[str, Language] = {}
        self._engines: dict[str, Engine] = {}
        self._starting: asyncio.Task[clouds.CloudInfo] | None = None
        self._files = handing.TemporaryFiles()

    def _adopt(self, found: discovery.Discovery) -> None:
        self.estate: Estate = found.estate
        self.diagnostics: tuple[Diagnostic, ...] = found.diagnostics

    async def __aenter__(self) -> Self:
        await self._finish_acts()
        if self.estate.manifest is None and not self._opening.stacks:
            await self._recall()
        return self

    async def _finish_acts(self) -> None:
        """Finish what a killed process had decided about several stacks; a living one is left alone."""
        for store in self.stores():
            with contextlib.suppress(errors.LockedError):
                self.finished += await intents.finish(store)
        if self.finished:
            self.rediscover()
        for said in self.finished:
            self._progress(said)

    async def _recall(self) -> None:
        """Without a manifest, stacks that were made by naming them are known from their state alone."""
        known = {stack.name.short for stack in self.estate.stacks}
        names = [name.short for name in await self.backend().list()]
        projects = {project.name for project in self.estate.projects}
        made = [name for name in names if name not in known and name.partition("/")[0] in projects]
        if made:
            self._adopt(discovery.discover(Path(self._opening.cwd), stacks=made))

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for engine in self._engines.values():
                await engine.close()
            for language in self._languages.values():
                await language.close()
            if self._catalog is not None:
                await self._catalog.close()
        finally:
            self._files.remove()

    def check(self) -> None:
        """Raises DiagnosedError with every fault of the estate's files, if there is one."""
        found = [each for each in self.diagnostics if each.severity is Severity.ERROR]
        if self._opening.past_entries:
            found = [each for each in found if not self._is_of_an_entry(each)]
        if found:
            raise errors.DiagnosedError(found)

    def _is_of_an_entry(self, found: Diagnostic) -> bool:
        registries = {fleet.registry.strip("/") for fleet in self.estate.fleets}
        return found.position is not None and found.position.path.rpartition("/")[0] in registries

    def rediscover(self) -> None:
        """Read the estate's files again, after some were written; warm processes and the cloud stay."""
        self._adopt(discovery.discover(Path(self._opening.cwd), stacks=self._opening.stacks))
        self.__dict__.pop("unchecked_graph", None)

    def recall(self, names: Sequence[StackName]) -> None:
        """Know stacks that no file asks for any more, until `rediscover`: for destroying what is left of them."""
        asked = (*self._opening.stacks, *(name.short for name in names))
        self._adopt(discovery.discover(Path(self._opening.cwd), stacks=asked))
        self.__dict__.pop("unchecked_graph", None)

    def suppose(self, estate: Estate) -> None:
        """Work with another estate than the files say, until `rediscover`: with stacks that are only proposed."""
        self.estate = estate
        self.__dict__.pop("unchecked_graph", None)

    @functools.cached_property
    def unchecked_graph(self) -> graphs.StackGraph:
        """The graph of stacks from declared, evaluated and recorded references, whatever is wrong with it."""
        self.check()
        evaluation = references.evaluate(self.estate)
        ledger = self.ledger
        return graphs.build(self.estate, evaluation, ledger.reads(), check=False, required=ledger.needs())

    # what a run asks for (runs.stacks.Services)

    async def config(self, stack: Stack) -> tuple[Mapping[str, str], tuple[str, ...]]:
        """The resolved config of a stack, and which keys are secret. Raises DiagnosedError."""
        resolved = await asyncio.to_thread(resolution.resolve, stack, self.secrets)
        return resolved.values, resolved.secret_keys

    async def environ(self, stack: Stack) -> Mapping[str, str]:
        """The environment of a stack's programs and providers.

        Embedded: keys of the organization's account in the embedded cloud, its root's or those of whom the user
        deploys as, and none of the user's own AWS settings. Starts the cloud on need.
        """
        deployer = deployers.Deployer.of(os.environ, self._opening.as_role)
        resolved, environ = await asyncio.to_thread(self._given, stack)
        if stack.cloud != "embedded":
            deployer.refuse_aws(stack)
            return environ
        await self.ensure_cloud()
        account = self.account(stack)
        root = self.cloud.environ(account, resolved.values.get("aws:region", DEFAULT_REGION))
        inside = await asyncio.to_thread(deployer.settings, root, stack, account)
        return {**deployers.withheld(clouds.withheld(environ)), **inside, "STACKYARD_CLOUD": "embedded"}

    def _given(self, stack: Stack) -> tuple[ResolvedConfig, dict[str, str]]:
        """A stack's configuration, and our own environment with what its configuration environments add."""
        resolved = resolution.resolve(stack, self.secrets)
        paths = self._files.variables(stack.name.short, resolved.files)
        return resolved, {**os.environ, **handing.variables(resolved.variables), **paths}

    async def ensure_cloud(self) -> clouds.CloudInfo:
        """The running embedded cloud, started once however many stacks ask."""
        if self._starting is None:
            self._starting = asyncio.ensure_future(self.cloud.ensure())
        return await asyncio.shield(self._starting)

    def account(self, stack: Stack | None = None) -> str:
        """The embedded account a stack's resources live in: one an organization."""
        if stack is not None and stack.tenant:
            return clouds.account_of(stack.tenant)
        return self.estate.account or clouds.account_of(self.estate.organization)

    async def engine(self, stack: Stack) -> Engine:
        """The engine that the stack's project names."""
        name = stack.project.engine
        if name not in self._engines:
            from stackyard.engines import registry as engines  # lazy: verbs that run nothing import no engine

            self._engines[name] = engines.load(name)(self._language, self.catalog)
        return self._engines[name]

    @property
    def catalog(self) -> Catalog:
        """The providers, shared by all stacks."""
        if self._catalog is None:
            from stackyard.providers.catalog import Catalog  # lazy: as above

            self._catalog = Catalog()
        return self._catalog

    def _language(self, runtime: str) -> Language:
        if runtime not in self._languages:
            try:
                self._languages[runtime] = registry.load("stackyard.languages", runtime)()
            except KeyError:
                known = ", ".join(registry.names("stackyard.languages"))
                raise errors.Unsupported(
                    f"the embedded engine cannot run {runtime} programs yet", hint=f"it runs: {known}"
                ) from None
        return self._languages[runtime]

    async def read(self, stack: StackName) -> Checkpoint | None:
        """The recorded state of a stack of this estate's backend, secrets decrypted."""
        return await states.read(self.backend(stack), stack, self.secrets)

    async def peek(self, stack: StackName) -> Checkpoint | None:
        """The same without any key: secrets stay sealed."""
        return await states.read(self.backend(stack), stack)

    async def outputs(self, stack: StackName) -> Properties | None:
        """A stack's recorded outputs; None when it was never made. Plain ones need no key."""
        return await states.read_outputs(self.backend(stack), stack, self.secrets)

    async def open(self, stack: Stack) -> StackState:
        """A stack's state, locked and open for writing."""
        pin = states.Pin(stack.cloud, self.account(stack) if stack.cloud == "embedded" else "")
        salt = (await asyncio.to_thread(stack_files.read, stack)).salt
        return await states.open_for_writing(
            self.backend(stack.name), stack.name, self.secrets, salt=salt, pin=pin, spill=self.folder / "spilled"
        )

    async def unfinished(self, stack: Stack) -> bool:
        """Whether a killed run left a journal or a lock behind."""
        backend = self.backend(stack.name)
        return bool(await backend.entries(stack.name)) or await backend.holder(stack.name) is not None

    def backend(self, stack: StackName | None = None) -> Backend:
        """Where a stack's state is kept: what `--backend` names, else, on the embedded cloud, the estate's own folder.

        On a real cloud it is what the project, the manifest or PULUMI_BACKEND_URL say. Stacks on the embedded
        cloud never use those: state of a laptop must not land beside state of production.
        """
        own = self.estate.root.joinpath(FOLDER).as_uri()
        found = self.estate.stack(stack) if stack else None
        url = self._opening.backend
        if not url and found is not None and found.cloud != "embedded":
            url = found.project.backend_url or self.estate.backend_url or os.environ.get("PULUMI_BACKEND_URL", "")
        return self._opened(url or own)

    def stores(self) -> tuple[Backend, ...]:
        """Every backend that a stack of the estate is kept in, each once."""
        stores = [self.backend(), *(self.backend(stack.name) for stack in self.estate.stacks)]
        return tuple({each.url: each for each in stores}.values())

    def _opened(self, url: str) -> Backend:
        if url not in self._backends:
            self._backends[url] = backends.open_backend(url)
        return self._backends[url]

    @property
    def unused_backend(self) -> str:
        """A backend that is named somewhere, but not used for stacks on the embedded cloud; else empty."""
        if self._opening.backend or not any(stack.cloud == "embedded" for stack in self.estate.stacks):
            return ""
        named = [project.backend_url for project in self.estate.projects]
        return next(filter(None, [*named, self.estate.backend_url, os.environ.get("PULUMI_BACKEND_URL", "")]), "")
