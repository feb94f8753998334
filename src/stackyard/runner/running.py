"""One run, from its order to its commit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from . import checkouts, children, commits, logs, orders
from .faults import MISSING, RunFault
from .orders import Order

_KINDS: Final = ("extractors", "loaders", "mappers", "transformers", "utilities")
_KEPT: Final = ("LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH")


def run(environ: Mapping[str, str], meltano: Path) -> int:
    """Do the run that `environ` orders with the Meltano at `meltano`; returns the exit code. Raises RunFault."""
    began = time.monotonic()
    order = orders.read(environ)
    store = commits.Store(order, _client("s3"), _client("dynamodb"))
    store.begin()
    secrets = _secrets(order)
    with checkouts.scratch() as scratch:
        folders = {name: scratch / name for name in ("project", "system", "state", "data", "home", "tmp")}
        for folder in folders.values():
            folder.mkdir()
        project = checkouts.unpack(store.source(), order.source_sha256, order.manifest, folders["project"])
        _link(order, folders["system"])
        before = store.restore(folders["state"], folders["data"])
        logs.say(f"run {order.run} of {order.organization}/{order.key} at {order.commit[:12]}; "
             f"it goes on from {f'run {before.run}' if before.run else 'nothing'}")  # fmt: skip
        variables = _variables(environ, order, folders, secrets, meltano)
        log = logs.Log([*secrets.values(), *(environ.get(name, "") for name in _OURS)])
        command = [str(meltano), "run", "--force", "--no-install", *order.jobs]
        child = children.Child(command, variables, project, lambda line: logs.write(log.line(line)))
        code = child.wait(order.seconds - (time.monotonic() - began))
        if code:
            logs.say(f"Meltano ended with {code}; nothing is committed")
            return code
        after = store.commit(before, folders["state"], folders["data"], log.counts)
    for stream, count in log.counts.items():
        logs.say(f"{count} rows of {stream}")
    logs.say("committed")
    _prune(store, before, after)
    return 0


_OURS: Final = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def _variables(
    environ: Mapping[str, str], order: Order, folders: Mapping[str, Path], secrets: Mapping[str, str], meltano: Path
) -> dict[str, str]:
    """What Meltano and its plugins see: the task's own variables, the secrets, and where things lie."""
    ours = {name: value for name, value in environ.items() if name not in ("STACKYARD_SECRETS", "PYTHONPATH")}
    return {
        **ours,
        **secrets,
        "PATH": f"{meltano.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folders["home"]),
        "TMPDIR": str(folders["tmp"]),
        "STACKYARD_DATA": str(folders["data"]),
        "MELTANO_ENVIRONMENT": order.meltano_environment,
        "MELTANO_SYS_DIR_ROOT": str(folders["system"]),
        "MELTANO_STATE_BACKEND_URI": f"file://{folders['state']}",
        "MELTANO_DATABASE_URI": f"sqlite:///{folders['system']}/meltano.db",
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
        "MELTANO_CLI_LOG_CONFIG": str(folders["system"] / "none.yaml"),
        "MELTANO_CLI_LOG_FORMAT": "json",
        "NO_COLOR": "1",
    }


def _link(order: Order, system: Path) -> None:
    """Let Meltano find the plugins' environments of the shared cache, which is read-only."""
    if not (order.plugins / ".ready").exists():
        raise RunFault(f"the plugins {order.plugins.name} are not installed", MISSING)
    for kind in _KINDS:
        if (order.plugins / kind).is_dir():
            (system / kind).symlink_to(order.plugins / kind)


def _secrets(order: Order) -> dict[str, str]:
    """The values of the run's secrets: the environment's own value of one goes before the project's."""
    client = _client("secretsmanager") if order.secrets else None
    own = f"/site/{order.organization}/{order.key}/"
    return {variable: _secret(client, variable, own + variable, name) for variable, name in order.secrets.items()}


def _secret(client: Any, variable: str, *names: str) -> str:
    for name in dict.fromkeys(names):
        try:
            return str(client.get_secret_value(SecretId=name)["SecretString"])
        except client.exceptions.ResourceNotFoundException:
            continue
    raise RunFault(f"the secret {names[-1]} for {variable} has no value yet", MISSING)


def _client(service: str) -> Any:
    import boto3  # lazy: install-plugins needs no cloud
    from botocore.config import Config  # lazy: as above

    return boto3.client(service, config=Config(retries={"mode": "standard", "total_max_attempts": 6}))


def _prune(store: commits.Store, *kept: commits.Head) -> None:
    """What nobody needs is removed; that it could not be is told, and no reason to fail a committed run."""
    from botocore.exceptions import BotoCoreError, ClientError  # lazy: as above

    try:
        store.prune(*kept)
    except (BotoCoreError, ClientError) as fault:
        logs.say(f"objects of older runs are left: {fault}")
