"""Which secrets manager a stack has, and where the passphrase comes from.

The passphrase is looked for where the Pulumi CLI looks (`PULUMI_CONFIG_PASSPHRASE`, then
`PULUMI_CONFIG_PASSPHRASE_FILE`); an estate that lives in its own folder may have one generated for it.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

from stackyard import errors
from stackyard.kit import registry
from stackyard.secrets.base import SecretsManager
from stackyard.secrets.passphrase import PassphraseManager

GROUP: Final = "stackyard.secrets"
KEY_FILE: Final = "passphrase"
SALT_FILE: Final = "encryptionsalt"


class Opener:
    """Opens the managers of one estate. Nothing is asked for, read or derived before the first secret.

    environ  the variables to look in
    folder   where a passphrase may be generated (`.stackyard` of an embedded estate); None: nowhere
    salt     the estate's `encryptionsalt`, which new stacks share, or who looks for it when it is needed;
             empty: one is made and kept in `folder`

    Safe to use from several threads.
    """

    def __init__(
        self, environ: Mapping[str, str], folder: Path | None = None, salt: str | Callable[[], str] = ""
    ) -> None:
        self._environ = environ
        self._folder = folder
        self._salt = salt
        self._making = threading.Lock()

    def passphrase(self) -> str:
        """The passphrase. Raises `errors.SecretsError` when there is none; generates it where allowed."""
        if "PULUMI_CONFIG_PASSPHRASE" in self._environ:
            return self._environ["PULUMI_CONFIG_PASSPHRASE"]
        if path := self._environ.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
            return _read_passphrase(Path(path))
        if self._folder is None:
            raise errors.SecretsError(
                "no passphrase for the secrets of this stack",
                hint="set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
            )
        if (self._folder / SALT_FILE).exists() and not (self._folder / KEY_FILE).exists():
            raise errors.SecretsError(
                f"the passphrase of this estate's secrets is gone: there is no {self._folder / KEY_FILE}",
                hint="restore that file, or set PULUMI_CONFIG_PASSPHRASE to what it held",
            )
        return _kept(self._folder / KEY_FILE, lambda: base64.b64encode(secrets.token_bytes(32)).decode())

    def from_provider(self, provider: Mapping[str, Any]) -> SecretsManager:
        """The manager of a checkpoint's `secrets_providers` object. Raises `errors.SecretsError`."""
        kind = provider.get("type")
        try:
            implementation = registry.load(GROUP, str(kind))
        except KeyError:
            raise errors.SecretsError(
                f"the secrets of this stack are kept by {kind!r}, which is not installed",
                hint=f"known are: {', '.join(registry.names(GROUP))}",
            ) from None
        return cast(SecretsManager, implementation.opened(provider.get("state") or {}, self.passphrase))

    def from_salt(self, salt: str) -> PassphraseManager:
        """The manager of a stack file's `encryptionsalt`."""
        return PassphraseManager(salt, self.passphrase)

    def new(self) -> PassphraseManager:
        """A manager for a stack that has none: of the estate's salt where there is one, else of a new one.

        Making a salt derives its key (0.2 seconds, blocking); after that the estate has one.
        """
        with self._making:
            if callable(self._salt):
                self._salt = self._salt()
            if not self._salt:
                self._salt = self._made()
            return self.from_salt(self._salt)

    def _made(self) -> str:
        def make() -> str:
            return PassphraseManager.made(self.passphrase).salt

        return make() if self._folder is None else _kept(self._folder / SALT_FILE, make)


def _read_passphrase(path: Path) -> str:
    try:
        return path.expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise errors.SecretsError(f"PULUMI_CONFIG_PASSPHRASE_FILE ({path}) cannot be read: {reason}") from None


def _kept(path: Path, make: Callable[[], str]) -> str:
    """The text of a file that only its owner may read, made once: of several makers the first wins."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(encoding="utf-8").strip()
    text = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        os.unlink(temporary)
    return path.read_text(encoding="utf-8").strip()
