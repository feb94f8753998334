"""Webhook secrets: each organization has its own, in its account, so that none can announce another's pushes.

While one is replaced, the one before is good, too, for as long as was said. Values are shown once and never again.
"""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import hmac
import json
import math
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from stackyard import errors
from stackyard.model import diagnostics
from stackyard.model.diagnostics import Diagnostic
from stackyard.operations import tenants
from stackyard.operations.hosting import SITES, Hosting, in_cloud
from stackyard.operations.workspace import Opening
from stackyard.tenancy.registry import Entry

KEPT_SECONDS: Final = 60.0
"""How long a service goes by what it has read; so long may a removed secret still be good."""
AGAIN_SECONDS: Final = 2.0
"""What is signed otherwise may be signed with a newer one: then it is read again, no oftener than this."""
_BYTES: Final = 32


@dataclasses.dataclass(frozen=True, slots=True)
class Secrets:
    """An organization's webhook secret, and the one before, which is good `until` then (seconds of the epoch)."""

    current: str = dataclasses.field(repr=False)
    previous: str = dataclasses.field(default="", repr=False)
    until: float = 0

    def good(self, now: float) -> tuple[str, ...]:
        """Those that are good at a time."""
        return (self.current, self.previous) if self.previous and now < self.until else (self.current,)

    def renewed(self, secret: str, now: float, overlap: float) -> Secrets:
        """A new one; the current one is good for `overlap` seconds more."""
        return Secrets(secret, self.current, now + overlap) if overlap else Secrets(secret)


def name(organization: str) -> str:
    """What the secret is called in Secrets Manager (docs/design/0008-tenants.md)."""
    return f"/site/{organization}/webhooks"


def read(client: Any, organization: str) -> Secrets | None:
    """What is kept; None when there is none, or one that is to be deleted. Blocks.

    Raises StateError for a damaged one.
    """
    try:
        text = client.get_secret_value(SecretId=name(organization))["SecretString"]
    except (client.exceptions.ResourceNotFoundException, client.exceptions.InvalidRequestException):
        return None
    try:
        found = json.loads(text)
        return Secrets(str(found["current"]), str(found["previous"]), float(found["until"]))
    except (ValueError, TypeError, KeyError):
        hint = f"stackyard tenant webhook {organization}"
        raise errors.StateError(f"the secret {name(organization)} is not of the form it has", hint=hint) from None


def write(client: Any, organization: str, kept: Secrets, key: str = "") -> None:
    """Keep it; `key` encrypts a new one. Blocks. That of an organization which left and is back is brought back."""
    text = json.dumps(dataclasses.asdict(kept))
    try:
        client.put_secret_value(SecretId=name(organization), SecretString=text)
    except client.exceptions.InvalidRequestException:
        client.restore_secret(SecretId=name(organization))
        client.put_secret_value(SecretId=name(organization), SecretString=text)
    except client.exceptions.ResourceNotFoundException:
        tags = [{"Key": "Organization", "Value": organization}, {"Key": "Layer", "Value": "sites"}]
        told = "What git hosts sign their webhooks with"
        given = {"KmsKeyId": key} if key else {}
        client.create_secret(Name=name(organization), SecretString=text, Description=told, Tags=tags, **given)


@dataclasses.dataclass(frozen=True, slots=True)
class Renewed:
    """A new secret, shown once; `until` is when the one before ends (seconds of the epoch), 0 = there is none."""

    organization: str
    until: int
    secret: str = dataclasses.field(repr=False)


async def renew(opening: Opening, organization: str, overlap: float, tell: tenants.Tell) -> Renewed:
    """Make a new secret; the one before is good for `overlap` seconds more, and any before that ends now.

    Raises UsageError when there is no such organization.
    """
    async with tenants.opened(opening, tell) as workspace:
        hosting = Hosting(workspace)
        tenants.found(hosting, organization)
        client = await in_cloud(hosting.clients(organization), "secretsmanager")
        before = await in_cloud(_readable, client, organization)
        secret = secrets.token_urlsafe(_BYTES)
        kept = before.renewed(secret, time.time(), overlap) if before else Secrets(secret)
        await in_cloud(write, client, organization, kept, await _key(hosting, organization))
        return Renewed(organization, int(kept.until), secret)


def _readable(client: Any, organization: str) -> Secrets | None:
    """What is kept; a damaged one is none: it is about to be replaced."""
    try:
        return read(client, organization)
    except errors.StateError:
        return None


async def _key(hosting: Hosting, organization: str) -> str:
    """The organization's own key; empty while its site is not up."""
    stack = hosting.stack(SITES, organization)
    outputs = await hosting.workspace.outputs(stack.name) if stack else None
    return str((outputs or {}).get("key_arn") or "")


async def revoke(opening: Opening, organization: str, tell: tenants.Tell) -> bool:
    """Remove an organization's secret: its webhooks are refused from then on. Whether there was one."""
    async with tenants.opened(opening, tell) as workspace:
        hosting = Hosting(workspace)
        tenants.found(hosting, organization)
        return await in_cloud(_remove, hosting.clients(organization)("secretsmanager"), organization)


def _remove(client: Any, organization: str) -> bool:
    try:
        client.delete_secret(SecretId=name(organization), ForceDeleteWithoutRecovery=True)
    except client.exceptions.ResourceNotFoundException:
        return False
    return True


def is_signed(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a webhook is from who knows the secret: GitHub's `X-Hub-Signature-256` or GitLab's `X-Gitlab-Token`.

    https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries; takes equally long for any guess.
    """
    if not secret:
        return False
    signature, token = headers.get("x-hub-signature-256"), headers.get("x-gitlab-token")
    if signature is not None:
        wanted = "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()
        return hmac.compare_digest(wanted.encode(), signature.encode())
    return token is not None and hmac.compare_digest(secret.encode(), token.encode())


class Keyring:
    """The secrets of organizations as a service knows them. `load` reads one; `clock` counts seconds."""

    def __init__(
        self, load: Callable[[str], Awaitable[Secrets | None]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._load, self._clock = load, clock
        self._kept: dict[str, tuple[float, Secrets | errors.StackyardError | None]] = {}
        self._asking: collections.defaultdict[str, asyncio.Lock] = collections.defaultdict(asyncio.Lock)

    async def knows(self, organization: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether a webhook is signed with a secret of this organization, which must be one that there is.

        Raises StackyardError when the secrets cannot be read: the same one until they are asked for again.
        """
        for age in (KEPT_SECONDS, AGAIN_SECONDS):
            found = await self._of(organization, age)
            if found and any(is_signed(secret, headers, body) for secret in found.good(time.time())):
                return True
        return False

    async def _of(self, organization: str, age: float) -> Secrets | None:
        """What is known, read again when it is older than `age` seconds; many callers make one call."""
        async with self._asking[organization]:
            read_at, found = self._kept.get(organization, (-math.inf, None))
            if self._clock() - read_at > (AGAIN_SECONDS if isinstance(found, errors.StackyardError) else age):
                try:
                    found = await self._load(organization)
                except errors.StackyardError as fault:
                    found = fault
                self._kept[organization] = (self._clock(), found)
        if isinstance(found, errors.StackyardError):
            raise found.with_traceback(None)
        return found


async def missing(hosting: Hosting, entries: Sequence[Entry]) -> list[Diagnostic]:
    """What keeps the webhooks of organizations with projects from being heard, at the place of their projects."""
    found = []
    for entry in entries:
        if entry.organization is None or not entry.organization.projects:
            continue
        hint = f"make one for its git hosts: stackyard tenant webhook {entry.name}"
        try:
            told = "" if await load(hosting, entry.name) else f"{entry.name} has no webhook secret"
        except errors.StackyardError as fault:
            told, hint = f"the webhook secret of {entry.name} cannot be read: {fault.message}", fault.hint
        if told:
            message = f"{told}; its webhooks are refused"
            found.append(diagnostics.error(message, hint=hint, position=entry.position("projects")))
    return found


async def load(hosting: Hosting, organization: str) -> Secrets | None:
    """What is kept for an organization that there is. Starts the embedded cloud on need."""
    if not any(stack.tenant == organization for stack in hosting.workspace.estate.stacks):
        await asyncio.to_thread(hosting.workspace.rediscover)  # its file is newer than this service
    client = await in_cloud(hosting.clients(organization), "secretsmanager")
    return await in_cloud(read, client, organization)
