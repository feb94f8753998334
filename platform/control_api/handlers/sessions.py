"""Sessions in organizations' accounts: through the platform's broker, as one role, kept while they are good.

The functions' own role may become the broker and nothing else, so what a call can reach is what its session's role
can, and each session bears the name of the user for whom it was opened.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import time
from collections import OrderedDict
from functools import cache
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

_SECONDS: Final = 900
_EARLY: Final = 60
_MOST: Final = 64
_CALLING: Final = Config(connect_timeout=3, read_timeout=8, retries={"total_max_attempts": 3})
_NO_ROLE: Final = ("AccessDenied", "AccessDeniedException", "NoSuchEntity", "ValidationError")


@dataclasses.dataclass
class Session:
    """Credentials of a role in an organization's account. Clients are made once: making one takes long."""

    credentials: dict[str, str]
    ends: float
    _clients: dict[str, Any] = dataclasses.field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A client of the account."""
        if service not in self._clients:
            self._clients[service] = _client(service, self.credentials)
        return self._clients[service]


_sessions: OrderedDict[tuple[str, str, str], Session] = OrderedDict()


def account_of(organization: str, row: dict[str, Any]) -> str:
    """The account of an organization: its row's, or (on the embedded cloud) the one that follows from its name."""
    if row.get("account"):
        return str(row["account"])
    if os.environ.get("ACCOUNTS") != "derived":
        return ""
    digest = hashlib.sha256(b"stackyard account\0" + organization.encode()).digest()
    return str(100_000_000_000 + int.from_bytes(digest[:16], "big") % 900_000_000_000)


def opened(account: str, organization: str, role: str, user: str) -> Session | None:
    """A session as `/site/<role>` of an account; None when there is no such role for us."""
    key = (account, role, user)
    kept = _sessions.get(key)
    if kept is not None and kept.ends > time.time():
        _sessions.move_to_end(key)
        return kept
    arn = f"arn:aws:iam::{account}:role/site/{role}"
    try:
        made = _assumed(_broker().client("sts"), arn, user, ExternalId=organization)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NO_ROLE:
            return None
        raise
    _sessions[key] = made
    while len(_sessions) > _MOST:
        _sessions.popitem(last=False)
    return made


_brokers: list[Session] = []


def _broker() -> Session:
    if not _brokers or _brokers[0].ends <= time.time():
        _brokers[:] = [_assumed(_own(), os.environ["BROKER_ARN"], "control-api")]
    return _brokers[0]


@cache
def _own() -> Any:
    return boto3.client("sts", config=_CALLING)


def _assumed(sts: Any, arn: str, user: str, **given: str) -> Session:
    name = re.sub(r"[^\w+=,.@-]", "-", user)[:64].ljust(2, "-")
    made = sts.assume_role(RoleArn=arn, RoleSessionName=name, DurationSeconds=_SECONDS, **given)
    return Session(made["Credentials"], time.time() + _SECONDS - _EARLY)


def _client(service: str, credentials: dict[str, str]) -> Any:
    return boto3.session.Session().client(
        service,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        config=_CALLING,
    )
