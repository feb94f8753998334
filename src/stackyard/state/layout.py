"""Where things lie in a folder of the DIY backend, and what may not be followed there.

`.pulumi/{stacks,history,backups,locks}` are the Pulumi CLI's (pulumi/pulumi pkg/backend/diy/store.go);
`.pulumi/stackyard` is ours: journals, fencing counters, mutexes and temporary files.
"""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from urllib.parse import unquote

from stackyard import errors
from stackyard.model import names
from stackyard.model.names import StackName


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """Paths of one backend. `root` is absolute; names are checked, symbolic links below it refused."""

    root: Path

    @classmethod
    def of_url(cls, url: str) -> Layout:
        """The folder of `file:///abs`, `file://~`, `file://.` or a bare path. Raises `errors.StateError`."""
        path = unquote(re.sub(r"^file:(//)?", "", url).partition("?")[0])
        if not path:
            raise errors.StateError(f"{url!r} names no folder", hint="use file:///absolute/path, file://~ or file://.")
        return cls(Path(os.path.realpath(Path(path).expanduser())))

    @property
    def home(self) -> Path:
        """`.pulumi`."""
        return self.root / ".pulumi"

    @property
    def meta(self) -> Path:
        return self.home / "meta.yaml"

    @property
    def stacks(self) -> Path:
        return self.home / "stacks"

    @property
    def journals(self) -> Path:
        """The folder of our own files, journals among them."""
        return self.home / "stackyard"

    def checkpoint(self, stack: StackName) -> Path:
        """`stacks/P/S.json`; the CLI may have added `.gz`."""
        return self._in("stacks", stack, f"{stack.stack}.json")

    def history(self, stack: StackName) -> Path:
        return self._in("history", stack, stack.stack)

    def backups(self, stack: StackName) -> Path:
        return self._in("backups", stack, stack.stack)

    def locks(self, stack: StackName) -> Path:
        """The folder in which every file is a lock, to the CLI."""
        self._checked(stack)
        return self._guarded(self.home / "locks" / names.DEFAULT_ORGANIZATION / stack.project / stack.stack)

    def own(self, stack: StackName, suffix: str) -> Path:
        """A file of ours: `journal`, `fence`, `mutex`, `tmp`."""
        return self._in("stackyard", stack, f"{stack.stack}.{suffix}")

    @property
    def intents(self) -> Path:
        """The folder of acts over several stacks; no project is called so, since a name has no `~`."""
        return self._guarded(self.journals / "intents~")

    def intent(self, name: str) -> Path:
        """The document of one such act."""
        if not names.is_name(name):
            raise errors.StateError(f"{name!r} cannot name an act", hint="use letters, digits, `_`, `.` and `-`")
        return self._guarded(self.intents / f"{name}.json")

    def _in(self, part: str, stack: StackName, name: str) -> Path:
        self._checked(stack)
        return self._guarded(self.home / part / stack.project / name)

    def _checked(self, stack: StackName) -> None:
        for name in (stack.project, stack.stack):
            if not names.is_name(name):
                raise errors.StateError(
                    f"{name!r} cannot name a project or stack", hint="use letters, digits, `_`, `.` and `-`"
                )

    def _guarded(self, path: Path) -> Path:
        part = path
        while part != self.root:
            if part.is_symlink():
                raise errors.StateError(
                    f"{part} is a symbolic link, which is not followed here", hint="put the folder itself there"
                )
            part = part.parent
        return path
