"""Serves calls of Pulumi's gRPC services to one program, on a socket in a folder that only this user may enter.

SDKs send no password, and on a port of the loopback interface any program of the machine, a tenant's run among them,
could register resources as the operator.

What calls mean is their handlers' business: bytes of a request in, bytes of its answer out.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from stackyard import errors

Handler = Callable[[bytes], Awaitable[bytes]]

MONITOR: Final = "pulumirpc.ResourceMonitor"
ENGINE: Final = "pulumirpc.Engine"

# Snapshots of folders and big policies pass here; Pulumi's own limit is the same (rpcutil.GrpcChannelOptions).
_LIMIT: Final = 400 * 1024 * 1024
_LONGEST: Final = 90  # bytes of a folder's path; macOS allows 103 for a socket's

# A program in Node.js answers nothing while its types are checked, which can take minutes: without a reply to a ping
# that only measures the line, gRPC would break the connection after one. A program that ends closes it anyway.
PATIENCE: Final = (("grpc.http2.bdp_probe", 0), ("grpc.http2.settings_timeout", 24 * 3600 * 1000))


class Server:
    """A gRPC server. `handlers` are by service and method; a method that has none answers UNIMPLEMENTED.

    A handler that raises fails its call: `errors.Cancelled` as UNAVAILABLE, which SDKs take as "the engine is
    stopping" and say nothing of; anything else as UNKNOWN with the exception's message. A call whose caller has
    gone is carried on to its end: what an engine has begun with a provider is the engine's to finish.
    """

    def __init__(self, handlers: Mapping[str, Mapping[str, Handler]]) -> None:
        self._handlers = handlers
        self._tasks: set[asyncio.Task[bytes]] = set()
        self._server: Any = None
        self._folder = ""

    async def start(self) -> str:
        """Begin to serve; answers the address as gRPC writes it, `unix:` and a path."""
        import grpc  # lazy: 0.2 s, and only programs in other languages than Python need it

        options = [("grpc.max_receive_message_length", _LIMIT), ("grpc.max_send_message_length", _LIMIT)]
        self._server = grpc.aio.server(options=[*options, *PATIENCE, ("grpc.so_reuseport", 0)])
        for service, methods in self._handlers.items():
            served = {
                name: grpc.unary_unary_rpc_method_handler(self._call(grpc, each)) for name, each in methods.items()
            }
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, served),))
        self._folder = private_folder()
        address = f"unix:{self._folder}/s"
        self._server.add_insecure_port(address)
        await self._server.start()
        return address

    async def stop(self) -> None:
        """Serve no more, at once."""
        if self._server is not None:
            await self._server.stop(None)
            shutil.rmtree(self._folder, ignore_errors=True)

    def _call(self, grpc: Any, handler: Handler) -> Callable[[bytes, Any], Awaitable[bytes]]:
        async def answer(request: bytes, context: Any) -> bytes:
            task = asyncio.ensure_future(handler(request))
            self._tasks.add(task)
            task.add_done_callback(self._done)
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                if not task.cancelled():
                    raise
                code, message = grpc.StatusCode.UNAVAILABLE, "the engine is stopping"
            except errors.Cancelled:
                code, message = grpc.StatusCode.UNAVAILABLE, "the engine is stopping"
            except errors.StackyardError as error:
                code, message = grpc.StatusCode.UNKNOWN, error.message
            except Exception as error:  # noqa: BLE001 - what a monitor raises fails the call, with its message
                code, message = grpc.StatusCode.UNKNOWN, str(error) or type(error).__name__
            await context.abort(code, message)
            raise AssertionError("abort raises")

        return answer

    def _done(self, task: asyncio.Task[bytes]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # It was told to the caller, or there is no caller any more.


def private_folder() -> str:
    """A new folder (0700) for a socket, whose path has 107 bytes at most: in /tmp where the usual place is longer."""
    folder = tempfile.mkdtemp(prefix="stackyard-")
    if len(os.fsencode(folder)) < _LONGEST:
        return folder
    os.rmdir(folder)
    return tempfile.mkdtemp(prefix="stackyard-", dir="/tmp")
