"""The plain object that the SDK takes for its monitor and its engine: each call is one frame to the parent.

Calls come from the executor's threads and from the event loop's own; one daemon thread receives the answers.
"""

from __future__ import annotations

import _thread
import itertools
import os
import queue
import socket
import threading
from collections.abc import Callable
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, resource_pb2

from . import frames

GONE_STATUS = 70
_FEATURES = {
    "secrets": 0,
    "resourceReferences": 1,
    "outputValues": 2,
    "aliasSpecs": 3,
    "deletedWith": 5,
    "replaceWith": 6,
    "transforms": 7,
    "invokeTransforms": 8,
    "parameterization": 9,
    "resourceHooks": 10,
    "errorHooks": 11,
}


class Failure(grpc.RpcError):  # type: ignore[misc]
    """A call that failed, in the shape in which the SDK expects it from gRPC."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self._code = code
        self._details = details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details


class Connection:
    """The program's end of its socket. `stopped`: the engine has answered that it is stopping."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._stream = connection.makefile("rb")
        self._sending = threading.Lock()
        self._numbers = itertools.count(1)
        self.stopped = False
        self._waiting: dict[int, queue.SimpleQueue[tuple[int, bytes]]] = {}

    def receive(self) -> tuple[int, int, bytes]:
        """The next frame: number, kind, payload. Ends the process when the parent has gone."""
        length, number, kind = frames.HEADER.unpack(self._read(frames.HEADER.size))
        return number, kind, self._read(length)

    def _read(self, size: int) -> bytes:
        try:
            data = self._stream.read(size)
        except OSError:
            # The program has closed every descriptor it found: nobody can answer it any more.
            data = b""
        if len(data) < size:
            os._exit(GONE_STATUS)
        return data

    def listen(self) -> None:
        """Hand answers to whoever waits for them, until the parent goes."""
        while True:
            number, kind, payload = self.receive()
            waiting = self._waiting.pop(number, None)
            if waiting is not None:
                waiting.put((kind, payload))

    def abandon(self) -> None:
        """Let go of the socket, in a process that is not the program's."""
        # Not through the stream: the thread that held its lock was not forked.
        os.close(self._socket.detach())

    def start(self) -> None:
        """Listen in a thread of its own."""
        # Unlike threading.Thread it does not wait until the thread runs, and nobody waits for it at the end.
        _thread.start_new_thread(self.listen, ())

    def send(self, kind: int, payload: bytes = b"", number: int = 0) -> None:
        """One frame; returns when it is in the socket. Ends the process when the parent has gone."""
        try:
            with self._sending:
                self._socket.sendall(frames.pack(kind, payload, number))
        except OSError:
            os._exit(GONE_STATUS)

    def call(self, kind: int, payload: bytes = b"") -> bytes:
        """One request and its answer. Raises Failure."""
        number = next(self._numbers)
        waiting: queue.SimpleQueue[tuple[int, bytes]] = queue.SimpleQueue()
        self._waiting[number] = waiting
        self.send(kind, payload, number)
        answered, answer = waiting.get()
        if answered == frames.ANSWER:
            return answer
        if answered == frames.GONE:
            self.stopped = True
            raise Failure(grpc.StatusCode.UNAVAILABLE, "the engine is stopping")
        raise Failure(grpc.StatusCode.UNKNOWN, answer.decode())


class Monitor:
    """pulumirpc.ResourceMonitor and pulumirpc.Engine for one program.

    `references` remembers which stack each StackReference, by URN, stands for; `failures` where the request came
    from whose failure has this text.
    """

    def __init__(self, connection: Connection, program: dict[str, Any]) -> None:
        self._connection = connection
        self._program = program
        self._root = ""
        self.references: dict[str, str] = {}
        self.failures: dict[str, Any] = {}

    def GetDeploymentInfo(self, _: Any) -> Any:
        program = self._program
        return resource_pb2.DeploymentInfo(
            project=program["project"],
            stack=program["stack"],
            organization=program["organization"],
            config=program["config"],
            configSecretKeys=program["secret_keys"],
            dryRun=program["dry_run"],
            parallel=program["parallel"],
            supportedFeatures=program["features"],
        )

    def SupportsFeature(self, request: Any) -> Any:
        supported = _FEATURES.get(request.id, -1) in self._program["features"]
        return resource_pb2.SupportsFeatureResponse(hasSupport=supported)

    def RegisterResource(self, request: Any) -> Any:
        answer = self._ask(frames.REGISTER, request)
        return resource_pb2.RegisterResourceResponse.FromString(answer)

    def RegisterResourceOutputs(self, request: Any) -> Any:
        self._ask(frames.REGISTER_OUTPUTS, request)
        return empty_pb2.Empty()

    def ReadResource(self, request: Any) -> Any:
        response = resource_pb2.ReadResourceResponse.FromString(self._ask(frames.READ, request))
        if request.type == "pulumi:pulumi:StackReference":
            self.references[response.urn] = request.id
        return response

    def Invoke(self, request: Any) -> Any:
        return resource_pb2.ResourceInvokeResponse.FromString(self._ask(frames.INVOKE, request))

    def SignalAndWaitForShutdown(self, _: Any) -> Any:
        self._connection.call(frames.FINISH)
        return empty_pb2.Empty()

    def Call(self, request: Any) -> NoReturn:
        _unsupported(f"calling {request.tok}, a method of a provider's resource, is not supported")

    def ExistsResource(self, request: Any) -> NoReturn:
        _unsupported(f"asking whether a {request.type} exists is not supported")

    def RegisterPackage(self, request: Any) -> NoReturn:
        _unsupported(f"parameterized packages (here {request.name}) are not supported")

    def Log(self, request: Any) -> Any:
        if request.severity != engine_pb2.DEBUG or self._program["debug"]:
            self._connection.send(frames.LOG, request.SerializeToString())
        return empty_pb2.Empty()

    def RequirePulumiVersion(self, request: Any) -> Any:
        self._connection.call(frames.REQUIRE_VERSION, request.SerializeToString())
        return engine_pb2.RequirePulumiVersionResponse()

    def GetRootResource(self, _: Any) -> Any:
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(self, request: Any) -> Any:
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def __getattr__(self, name: str) -> Callable[[Any], NoReturn]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda _: _unsupported(f"{name} is not supported")

    def _ask(self, kind: int, request: Any) -> bytes:
        if "stackTrace" in request.DESCRIPTOR.fields_by_name:
            # Some sixty frames, of which nobody reads more than the first: that is `sourcePosition`.
            request.ClearField("stackTrace")
        try:
            return self._connection.call(kind, request.SerializeToString())
        except Failure as failure:
            self.failures.setdefault(failure.details(), getattr(request, "sourcePosition", None))
            raise


def _unsupported(message: str) -> NoReturn:
    raise Failure(grpc.StatusCode.UNIMPLEMENTED, message)
