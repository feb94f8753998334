"""boto3 clients of any account of a cloud. All share one session: each new one reads its service's model again."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

import boto3

_SESSION: Final = boto3.session.Session()
_ONE_AT_A_TIME: Final = threading.Lock()


def client(environ: Mapping[str, str], service: str, **given: Any) -> Any:
    """The client of a service where the AWS variables in `environ` lead to; what is `given` replaces its settings."""
    settings = {
        "region_name": environ["AWS_REGION"],
        "endpoint_url": environ["AWS_ENDPOINT_URL"],
        "aws_access_key_id": environ["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environ["AWS_SECRET_ACCESS_KEY"],
        "aws_session_token": environ.get("AWS_SESSION_TOKEN"),
    }
    with _ONE_AT_A_TIME:
        return _SESSION.client(service, **{**settings, **given})
