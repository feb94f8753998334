"""The service's HTTP server: strangers hold neither its connections nor its end. Needs uvicorn; import it lazily."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http import h11_impl

from stackyard import errors

CONNECTIONS: Final = 128
"""How many there may be at once; a further one takes the place of the one that waits longest."""
SECONDS: Final = 20.0
"""From a connection, or the answer before, to the answer: git hosts wait ten."""
ENDING_SECONDS: Final = 5
"""How long requests may still take when the service ends."""


class Protocol(h11_impl.H11Protocol):
    """HTTP/1.1 as uvicorn has it, which would wait for ever for who opens a connection, or a body, and says no more."""

    seconds = SECONDS
    _late: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin the time of the first request; close what is too many."""
        super().connection_made(transport)
        self._late = self.loop.call_later(self.seconds, transport.abort)
        if len(self.connections) > CONNECTIONS:
            oldest = min((each for each in self.connections if isinstance(each, Protocol)), key=Protocol.ends)
            self.connections.discard(oldest)
            oldest.transport.abort()

    def ends(self) -> float:
        """When its time is over, by the loop's clock."""
        return self._late.when()

    def on_response_complete(self) -> None:
        """Begin the time of the next request."""
        self._late.cancel()
        self._late = self.loop.call_later(self.seconds, self.transport.abort)
        super().on_response_complete()

    def shutdown(self) -> None:
        """End, and do not wait for the rest of a request that is not all there."""
        super().shutdown()
        if self.cycle is not None and self.cycle.more_body:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the time."""
        self._late.cancel()
        super().connection_lost(exc)


def server(application: Any, host: str, port: int) -> uvicorn.Server:
    """A server of an ASGI application, which leaves signals to its caller. It ends soon after `should_exit` is set."""
    config = uvicorn.Config(
        application, host=host, port=port, log_level="error", lifespan="off", http=Protocol, ws="none",
        timeout_graceful_shutdown=ENDING_SECONDS,
    )  # fmt: skip
    made = uvicorn.Server(config)
    # uvicorn's own handling of signals would end the process before a round has ended.
    made.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    return made


def bound(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 is any that is free. Raises UsageError when it cannot be had."""
    made = socket.socket(socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen()  # so that who reads the address can already call it
    except OSError as fault:
        made.close()
        raise errors.UsageError(f"cannot listen on {host}:{port}: {fault.strerror}") from None
    return made
