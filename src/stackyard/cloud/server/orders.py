"""What the client asked for, and the environment that ministack reads while it is imported."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path

from . import trees

REGION = "eu-west-1"


@dataclasses.dataclass(frozen=True)
class Order:
    """One server: its folder and port, whether writes last, bytes at which they fold, tasks at once, descriptors."""

    folder: Path
    port: int
    durable: bool
    fold: int
    tasks: int
    descriptors: Mapping[str, int]

    @classmethod
    def parse(cls, text: str) -> Order:
        """Read the JSON of the command line."""
        given = json.loads(text)
        return cls(**{**given, "folder": Path(given["folder"])})


def settle_environment(order: Order) -> None:
    """Set what ministack reads from its environment, before any of it is imported.

    Docker is switched off even where it is installed: what the cloud does must not depend on the machine.
    """
    data = order.folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    scratch = data / "scratch"  # nothing in it outlives the process
    trees.remove(scratch)
    scratch.mkdir()
    os.environ.update({
        "GATEWAY_PORT": str(order.port),
        "BIND_HOST": "127.0.0.1",
        "AUTH": "true",
        "PERSIST_STATE": "0",
        "S3_PERSIST": "0",
        "STATE_DIR": str(data / "services"),
        "S3_DATA_DIR": str(scratch / "s3"),
        "TMPDIR": str(scratch),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
        "MINISTACK_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "HOME": str(scratch),
        "PYTHONNOUSERSITE": "1",
        "LOG_LEVEL": "INFO",
    })  # fmt: skip
