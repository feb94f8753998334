"""Turns botocore's errors into ProviderErrors that name the type, the call, and AWS's own code and message."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from stackyard.errors import ProviderError, UncertainError
from stackyard.model import values
from stackyard.model.values import Properties
from stackyard.providers.aws.kinds import Kind

# The embedded cloud's word for what it does not do: HTTP 501, and nothing was done.
_REFUSED = "NotEmulated"
_HINTS = {
    "AccessDenied": "the credentials of this stack may not do that",
    "AccessDeniedException": "the credentials of this stack may not do that",
    "UnauthorizedOperation": "the credentials of this stack may not do that",
    "InvalidClientTokenId": "the access key is unknown to this cloud or account",
    "ExpiredToken": "the session's credentials are no longer valid: sign in again",
}


def message(error: Exception) -> str:
    """What AWS said: `CreateQueue: QueueNameExists: a queue …`."""
    if isinstance(error, ClientError):
        detail = error.response.get("Error", {})
        return f"{error.operation_name}: {detail.get('Code', '')}: {detail.get('Message', '')}".rstrip(": ")
    return str(error)


def code(error: Exception) -> str:
    """AWS's error code, empty when it is another error."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def _class(error: Exception) -> type[ProviderError]:
    """UncertainError when AWS may have done it: no reply came, a reply of fault, or an earlier try went unanswered."""
    if isinstance(error, ClientError):
        about = error.response.get("ResponseMetadata", {})
        tried_before, status = about.get("RetryAttempts", 0), about.get("HTTPStatusCode", 400)
        unsure = tried_before or (status >= 500 and code(error) != _REFUSED)
        return UncertainError if unsure else ProviderError
    lost = (exceptions.HTTPClientError, exceptions.ConnectionError)
    return UncertainError if isinstance(error, lost) else ProviderError


@contextlib.contextmanager
def translated(kind: Kind, verb: str, known: Properties) -> Iterator[None]:
    """Raise the errors of the block as ProviderError, without the values of secret properties."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        text = scrub(message(error), [known.get(name) for name in {*kind.schema.secrets, *kind.write_only}])
        raise _class(error)(f"{kind.token}: {verb}: {text}", hint=_HINTS.get(code(error), "")) from None


def scrub(text: str, secret: list[Any]) -> str:
    """`text` without any string inside the values of `secret`."""
    for value in secret:
        for part in values.walk(value):
            if isinstance(part, str) and len(part) > 3:
                text = text.replace(part, "[secret]")
    return text


@contextlib.contextmanager
def invoking(token: str) -> Iterator[None]:
    """The same for a function."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise ProviderError(f"{token}: {message(error)}", hint=_HINTS.get(code(error), "")) from None
