"""One account per organization, and the keys of each account's root.

The keys are made here, kept in `accounts.json` (mode 0600) beside the cloud's data, and read from there by the
server: no secret is ever in an argument or in the server's environment.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from stackyard.cloud.client import files
from stackyard.errors import CloudError

ACCOUNT: Final = re.compile(r"[0-9]{12}")
_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclasses.dataclass(frozen=True, slots=True)
class RootKey:
    """The access key of one account's root."""

    account: str
    access_key: str
    secret: str = dataclasses.field(repr=False)


def account_of(organization: str) -> str:
    """The account number, 12 digits, of an organization: the same one everywhere and always.

    Numbers below 100000000000 are left out, since a leading zero is often lost on the way through YAML.
    """
    digest = hashlib.sha256(b"stackyard account\0" + organization.encode()).digest()
    return str(100_000_000_000 + int.from_bytes(digest[:16], "big") % 900_000_000_000)


def root_key(folder: Path, account: str) -> RootKey:
    """The root key of `account`, made on first use. `folder` is the cloud's own.

    Raises CloudError when `account` is not 12 digits.
    """
    if not ACCOUNT.fullmatch(account):
        raise CloudError(f"{account!r} is not an AWS account number", hint="An account number has 12 digits.")
    path = folder / "accounts.json"
    found = _read(path).get(account)
    if found is None:
        with files.locked(folder / "accounts.lock"):
            accounts = _read(path)
            found = accounts.setdefault(account, _minted())
            files.write_private(path, json.dumps(accounts, indent=1))
    return RootKey(account, found["access_key"], found["secret"])


def withheld(environ: Mapping[str, str]) -> dict[str, str]:
    """A copy of `environ` without any AWS setting, so that no credential of the user reaches a program."""
    return {name: value for name, value in environ.items() if not name.startswith("AWS_")}


def settings(endpoint: str, key: RootKey, region: str) -> dict[str, str]:
    """The environment variables with which every AWS SDK reaches the cloud at `endpoint`, and nothing else."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": key.access_key,
        "AWS_SECRET_ACCESS_KEY": key.secret,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _read(path: Path) -> dict[str, dict[str, str]]:
    try:
        accounts: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise CloudError(f"{path} is damaged: {error}", hint="Restore it, or run `stackyard cloud reset`.") from error
    return accounts


def _minted() -> dict[str, str]:
    letters = "".join(secrets.choice(_BASE32) for _ in range(16))
    return {"access_key": f"AKIA{letters}", "secret": secrets.token_urlsafe(30)}
