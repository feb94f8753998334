"""Errors of AWS: what certainly did not happen, and what cannot be told."""

from __future__ import annotations

import types
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError, ReadTimeoutError

from stackyard import errors
from stackyard.providers.aws import faults

KIND: Any = types.SimpleNamespace(token="aws:x:Thing", schema=types.SimpleNamespace(secrets=()), write_only=())


def refused(status: int, retries: int = 0, code: str = "No") -> ClientError:
    about = {"HTTPStatusCode": status, "RetryAttempts": retries}
    return ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": about}, "CreateThing")  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("error", "certain"),
    [
        (refused(400), True),
        (refused(403), True),
        (refused(409, retries=1), False),
        (refused(500), False),
        (refused(501, code="NotEmulated"), True),
        (refused(501, code="EmulatorFault"), False),
        (ReadTimeoutError(endpoint_url="http://here"), False),
        (EndpointConnectionError(endpoint_url="http://here"), False),
        (ParamValidationError(report="bad"), True),
    ],
)
def test_only_a_refusal_is_certain(error: Exception, certain: bool) -> None:
    with pytest.raises(errors.ProviderError) as told, faults.translated(KIND, "create", {}):
        raise error
    assert isinstance(told.value, errors.UncertainError) is not certain
