"""serve: the reconcile loop as a service, woken by webhooks of git hosts and by the clock."""

from __future__ import annotations

import asyncio
import dataclasses
import hmac
import json
import math
import os
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from stackyard import errors
from stackyard.model import tenants
from stackyard.operations import archives, environments, webhooks
from stackyard.operations.environments import Reconciled, Voice
from stackyard.operations.hosting import Hosting
from stackyard.operations.reconciling import Manner
from stackyard.operations.workspace import Opening
from stackyard.tenancy import registry

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

SECRET: Final = "STACKYARD_STATUS_SECRET"
"""The variable with the secret of who may read `/status` in full, when no file is named."""
HOST: Final = "127.0.0.1"
BODY_LIMIT: Final = 1 << 20
EXPIRY_SECONDS: Final = 86400.0
"""How often archives are looked at: nothing is kept by the hour."""
_SHORTEST: Final = 16


@dataclasses.dataclass(frozen=True, slots=True)
class Serving:
    """What is served. `every` is seconds between rounds, 0 = only webhooks; `reconcile` false: nothing is changed.

    `secret` opens `/status` in full; webhooks are signed with their organizations' own (operations.webhooks).
    """

    host: str = HOST
    port: int = 8787
    every: float = 60.0
    reconcile: bool = True
    secret: str = dataclasses.field(default="", repr=False)
    manner: Manner = dataclasses.field(default_factory=Manner)


def secret_of(path: Path | None, environ: Mapping[str, str] = os.environ) -> str:
    """The operators' secret from a file that only its owner can read, else from the environment; empty when not set.

    Raises UsageError for a file that is missing or open to others, and for a secret that is too short.
    """
    if path is None:
        found = environ.get(SECRET, "")
    else:
        try:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise errors.UsageError(f"{path} can be read by others", hint=f"chmod 600 {path}")
            found = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as fault:
            raise errors.UsageError(f"the secret of /status cannot be read: {fault}") from None
    if (found or path is not None) and len(found) < _SHORTEST:
        raise errors.UsageError(f"the secret of /status is shorter than {_SHORTEST} characters")
    return found


def is_bearer(secret: str, headers: Mapping[str, str]) -> bool:
    """Whether a request carries the secret itself: `Authorization: Bearer …`."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    known = hmac.compare_digest(secret.encode(), given.strip().encode())
    return bool(secret) and scheme.lower() == "bearer" and known


def outline(state: Mapping[str, Any]) -> dict[str, Any]:
    """What anybody may know, tenants' runs on this machine included: that it works, and nobody's name."""
    last = state["last"] or {}
    shown = {name: last[name] for name in ("began", "seconds", "exit_code") if name in last}
    return {**state, "last": shown or None}


class Loop:
    """Reconciles organizations one round after another; what is asked for meanwhile is done in the next one.

    `state` is what `/status` shows: no secret, no value of a configuration.
    """

    def __init__(self, opening: Opening, serving: Serving, voice: Voice) -> None:
        self._opening, self._serving, self._voice = opening, serving, voice
        self._asked: set[str] = set()
        self._due = -math.inf
        self._woken = asyncio.Event()
        self._tidied = -math.inf
        self.state: dict[str, Any] = {"rounds": 0, "running": False, "last": None, "started": time.time()}

    def tell(self, said: str) -> None:
        """Say something to whoever watches."""
        self._voice.tell(said)

    def ask(self, organization: str) -> None:
        """Have an organization reconciled soon; many calls make one round."""
        self._asked.add(organization)
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled is set: wait for webhooks and the clock, and reconcile. A round that began is finished."""
        while not self._voice.cancelled.is_set():
            everything = self._serving.every > 0 and self._left() <= 0
            if everything or self._asked:
                chosen = sorted(self._asked)
                self._asked.clear()
                await self._round([] if everything else chosen)
            if everything:
                self._due = time.monotonic() + self._serving.every
            await self._sleep()

    def _left(self) -> float:
        """Seconds until everything is due: webhooks, however many, do not put it off."""
        return self._due - time.monotonic()

    async def _sleep(self) -> None:
        """Wait until there is something to do."""
        self._woken.clear()
        if self._asked or self._voice.cancelled.is_set():
            return
        waiting = [asyncio.ensure_future(each.wait()) for each in (self._woken, self._voice.cancelled)]
        try:
            left = max(0, self._left()) if self._serving.every else None
            await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    async def _round(self, chosen: list[str]) -> None:
        begun = time.time()
        self.state["running"] = True
        said: dict[str, Any]
        try:
            said = await self._reconciled(chosen)
        except errors.StackyardError as fault:
            said = {"exit_code": fault.exit_code, "faults": [fault.message]}
            self._voice.tell(str(fault))
        except Exception as fault:  # noqa: BLE001 - a full disk, or what nobody foresaw: it ends this round, not the service
            message = f"{type(fault).__name__}: {fault}"
            said = {"exit_code": errors.StackyardError.exit_code, "faults": [message]}
            self._voice.tell(message)
        seconds = round(time.time() - begun, 3)
        self.state.update(running=False, rounds=self.state["rounds"] + 1)
        self.state["last"] = {"began": begun, "seconds": seconds, "organizations": chosen or "all", **said}

    async def _reconciled(self, chosen: list[str]) -> dict[str, Any]:
        """What was done. A workspace for each round: what was changed by others is seen, and nothing grows."""
        async with environments.opened(self._opening, self._voice.tell) as workspace:
            hosts = Hosting(workspace)
            known = set(hosts.organizations()[0]).union(each.organization for each in hosts.read().active)
            wanted = [name for name in chosen if name in known]
            if chosen and not wanted:
                raise errors.UsageError(f"there is no organization {', '.join(chosen)}")
            done = await environments.once(
                hosts, wanted, self._voice, lambda _: self._serving.reconcile, self._serving.manner
            )
            return {**_summary(done), **await self._expired(hosts)}

    async def _expired(self, hosts: Hosting) -> dict[str, Any]:
        """Once a day, delete the archives past their time; which, and what stood in the way."""
        now = time.monotonic()
        if not self._serving.reconcile or self._voice.cancelled.is_set() or now - self._tidied < EXPIRY_SECONDS:
            return {}
        gone, faults = await archives.expire_all(hosts, self._voice.tell)
        self._tidied = now
        for each in faults:
            self._voice.tell(str(each))
        return {"expired": gone, "archives": [str(each) for each in faults]}


def _summary(done: Reconciled) -> dict[str, Any]:
    changes = [{"environment": each.entry, "act": each.act.value, "fault": each.fault} for each in done.results]
    told = (*done.survey.diagnostics, *done.diagnostics)
    pending = [{"environment": each.entry, "act": each.act.value} for each in done.survey.pending]
    pending += [{"project": each.entry, "act": "unhost"} for each in done.survey.leftovers]
    return {"exit_code": done.exit_code, "pending": pending, "changes": changes, "faults": [str(e) for e in told]}


def application(loop: Loop, hosts: Hosting, secret: str) -> Starlette:
    """The web application: webhooks, `/health`, `/status`."""
    keyring = webhooks.Keyring(lambda name: webhooks.load(hosts, name))
    told: dict[str, errors.StackyardError] = {}
    from starlette import applications, responses, routing  # lazy: only who serves has them

    async def webhook(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return responses.JSONResponse({"error": "the body is too large"}, 413)
        name, project = request.path_params["organization"], request.path_params["project"]
        try:
            if not (_is_there(hosts, name) and await keyring.knows(name, request.headers, body)):
                return responses.JSONResponse({"error": "the signature is wrong or missing"}, 401)
        except errors.StackyardError as fault:
            if fault is not told.get(name):
                loop.tell(f"a webhook of {name} cannot be checked: {fault}")
            told[name] = fault
            return responses.JSONResponse({"error": "the signature cannot be checked now"}, 503)
        organization = await asyncio.to_thread(_read, hosts, name)
        if organization is None or project not in organization.projects:
            return responses.JSONResponse({"error": f"there is no project {name}/{project}"}, 404)
        loop.ask(name)
        return responses.JSONResponse({"accepted": f"{name}/{project}"}, 202)

    async def health(_: Request) -> Response:
        return responses.JSONResponse({"ok": True})

    async def status(request: Request) -> Response:
        said = loop.state if is_bearer(secret, request.headers) else outline(loop.state)
        return responses.Response(json.dumps(said, default=str), media_type="application/json")

    return applications.Starlette(
        routes=[
            routing.Route("/webhooks/{organization}/{project}", webhook, methods=["POST"]),
            routing.Route("/health", health),
            routing.Route("/status", status),
        ]
    )


def _read(hosts: Hosting, name: str) -> tenants.Organization | None:
    """One organization's file: a thousand webhooks do not read everybody's a thousand times."""
    return registry.read_one(_file(hosts, name), hosts.workspace.estate.root)[0]


def _file(hosts: Hosting, name: str) -> Path:
    return hosts.tenants / f"{name}{registry.EXTENSION}"


def _is_there(hosts: Hosting, name: str) -> bool:
    """Whether there is an organization of that name: strangers' guesses ask no cloud, and are not remembered."""
    return bool(tenants.ORGANIZATION.fullmatch(name)) and _file(hosts, name).is_file()


async def _body(request: Request) -> bytes | None:
    """The request's body, None when it is too large or breaks off; no more than that is ever held.

    What is too much is taken and thrown away, for as long as a request may last: who is still sending hears no answer.
    """
    from starlette import requests  # lazy: only who serves has it

    found, size = bytearray(), 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size <= BODY_LIMIT:
                found += chunk
    except requests.ClientDisconnect:
        return None  # there is nobody to answer
    return bytes(found) if size <= BODY_LIMIT else None


async def serve(opening: Opening, serving: Serving, voice: Voice, listening: Callable[[str], None]) -> None:
    """Serve until `voice.cancelled` is set, then finish the step under way. `listening` is told the address.

    Raises UsageError when the libraries are not installed or the port is taken.
    """
    try:
        from stackyard.operations import listening as web  # lazy: only who serves has uvicorn
    except ImportError:
        raise errors.UsageError("serving needs starlette and uvicorn", hint="pip install 'stackyard[serve]'") from None
    loop = Loop(opening, serving, voice)
    hosts = Hosting(environments.opened(opening))  # refuses an estate without tenants before anything is served
    await _check_secrets(hosts, serving, voice)
    app = application(loop, hosts, serving.secret)
    server = web.server(app, serving.host, serving.port)
    socket = web.bound(serving.host, serving.port)
    listening(f"http://{serving.host}:{socket.getsockname()[1]}")
    served = asyncio.ensure_future(server.serve(sockets=[socket]))
    try:
        await loop.run()
    finally:
        server.should_exit = True
        await served


async def _check_secrets(hosts: Hosting, serving: Serving, voice: Voice) -> None:
    """Tell which organizations cannot be heard; a fault where nothing but webhooks would wake the loop."""
    entries = await asyncio.to_thread(registry.entries, hosts.tenants, hosts.workspace.estate.root)
    found = await webhooks.missing(hosts, entries)
    if found and not serving.every:
        raise errors.DiagnosedError(found)
    for each in found:
        voice.tell(str(each))
