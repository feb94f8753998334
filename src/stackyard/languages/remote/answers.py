"""The calls of one program, answered by its monitor."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from stackyard import errors
from stackyard.languages.base import Monitor, Program
from stackyard.model.registrations import LogEntry
from stackyard.wire import deployments, registrations, serving, versions

REFUSED = {
    "Call": "methods of resources are not supported",
    "RegisterStackTransform": "transforms are not supported",
    "RegisterStackInvokeTransform": "transforms of functions are not supported",
    "RegisterResourceHook": "hooks are not supported",
    "RegisterErrorHook": "hooks are not supported",
    "RegisterPackage": "parameterized packages are not supported",
}


class Answers:
    """Handlers of both services for one program.

    `on_log` is given each log entry first, and answers whether it has dealt with it.
    """

    def __init__(self, program: Program, monitor: Monitor, on_log: Callable[[LogEntry], bool]) -> None:
        self._program = program
        self._monitor = monitor
        self._on_log = on_log
        self._root = ""

    def handlers(self) -> Mapping[str, Mapping[str, serving.Handler]]:
        """All of them, by service and method."""
        refusals = {method: _refusal(sentence) for method, sentence in REFUSED.items()}
        monitor: dict[str, serving.Handler] = {
            "GetDeploymentInfo": self._deployment,
            "SupportsFeature": self._supports,
            "Invoke": self._invoke,
            "ReadResource": self._read,
            "RegisterResource": self._register,
            "RegisterResourceOutputs": self._register_outputs,
            "SignalAndWaitForShutdown": self._finish,
            **refusals,
        }
        engine: dict[str, serving.Handler] = {
            "Log": self._log,
            "GetRootResource": self._get_root,
            "SetRootResource": self._set_root,
            "RequirePulumiVersion": self._require_version,
        }
        return {serving.MONITOR: monitor, serving.ENGINE: engine}

    async def _deployment(self, payload: bytes) -> bytes:
        program = self._program
        return deployments.described(
            project=program.project,
            stack=program.stack,
            organization=program.organization,
            config=program.config,
            secret_keys=program.secret_keys,
            dry_run=program.dry_run,
            parallel=program.parallel,
            features=self._monitor.features,
        )

    async def _supports(self, payload: bytes) -> bytes:
        return deployments.supported(deployments.feature(payload) in self._monitor.features)

    async def _register(self, payload: bytes) -> bytes:
        return registrations.registered(await self._monitor.register(registrations.goal(payload)))

    async def _register_outputs(self, payload: bytes) -> bytes:
        await self._monitor.register_outputs(*registrations.outputs(payload))
        return b""

    async def _read(self, payload: bytes) -> bytes:
        return registrations.read_answer(await self._monitor.read(registrations.read_request(payload)))

    async def _invoke(self, payload: bytes) -> bytes:
        return registrations.invoked(await self._monitor.invoke(registrations.invocation(payload)))

    async def _finish(self, payload: bytes) -> bytes:
        await self._monitor.finish()
        return b""

    async def _log(self, payload: bytes) -> bytes:
        entry = registrations.log_entry(payload)
        if not self._on_log(entry):
            self._monitor.log(entry)
        return b""

    async def _get_root(self, payload: bytes) -> bytes:
        return deployments.root_answer(self._root)

    async def _set_root(self, payload: bytes) -> bytes:
        self._root = deployments.root(payload)
        return b""

    async def _require_version(self, payload: bytes) -> bytes:
        versions.require(registrations.version_range(payload))
        return b""


def _refusal(sentence: str) -> serving.Handler:
    async def refuse(payload: bytes) -> bytes:
        raise errors.Unsupported(sentence)

    return refuse
