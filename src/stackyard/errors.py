"""Every public error, and the position in a file that most of them carry.

    StackyardError                  1
     |- UsageError                  1   the command line asks for something that cannot be
     |- DiagnosedError              1   faults in the user's files, all of them at once
     |- ConfigError                 1   a stack's configuration is missing or malformed
     |- SecretsError                3   a passphrase or key is wrong or absent
     |- StackNotFound               6
     |- ProgramError                1   the user's program failed
     |- StateError                  1
     |   |- IntegrityError          1   a snapshot breaks a rule of the format
     |   |- LockedError             1   somebody else holds the stack
     |   |- FencedError             1   the lock was lost while writing
     |   `- SpilledError            4   state could not be saved; it was put beside the journal
     |- EngineError                 4   a step of an update failed
     |- ProviderError               4   a provider refused or failed a call
     |   |- Unsupported             4   nobody here knows how to do that
     |   `- UncertainError          4   the reply was lost: the call may or may not have been carried out
     |- CloudError                  1   the embedded cloud cannot be started or reached
     |- SourceError                 1   a git repository refuses, or lacks what is asked of it
     |   `- Unreachable             1   a repository could not be asked: nothing follows about what it has
     `- Cancelled                   8

Exit codes are the Pulumi CLI's where it has one (sdk/go/common/util/cmdutil/exit.go), except that 1 is
every mistake of the user, and 2 means "changes pending" under `--detailed-exitcode`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from stackyard.model.diagnostics import Diagnostic


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file: path as the user would write it, line and column from 1 (0 = unknown)."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        parts = [self.path, *(str(n) for n in (self.line, self.column) if n)]
        return ":".join(parts)


class StackyardError(Exception):
    """The root of the tree: a message, what to do about it, where it is, and an exit code."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", position: Position | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.position = position

    def __str__(self) -> str:
        return f"{self.position}: {self.message}" if self.position else self.message


class UsageError(StackyardError):
    """The command line asks for something that cannot be."""


class DiagnosedError(StackyardError):
    """Faults in the user's files, collected so that one run shows all of them."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        count = len(diagnostics)
        super().__init__(f"{count} error{'s' if count != 1 else ''}")
        self.diagnostics = tuple(diagnostics)


class ConfigError(StackyardError):
    """A stack's configuration is missing or malformed."""


class SecretsError(StackyardError):
    """A passphrase or key is wrong or absent."""

    exit_code = 3


class StackNotFound(StackyardError):
    """No stack of that name exists."""

    exit_code = 6


class ProgramError(StackyardError):
    """The user's program failed: the message is its own, the position is its own line."""


class StateError(StackyardError):
    """A backend cannot do what was asked."""


class IntegrityError(StateError):
    """A snapshot breaks a rule of the checkpoint format."""


class LockedError(StateError):
    """Somebody else holds the stack."""


class FencedError(StateError):
    """The lock was lost in mid-run; nothing further may be written."""


class SpilledError(StateError):
    """State could not be saved where it belongs; it was written, encrypted, beside the run's journal."""

    exit_code = 4


class EngineError(StackyardError):
    """A step of an update failed."""

    exit_code = 4


class ProviderError(StackyardError):
    """A provider refused or failed a call."""

    exit_code = 4


class Unsupported(ProviderError):
    """A provider, type or feature that nobody here knows."""


class UncertainError(ProviderError):
    """A call's reply was lost: it may or may not have been carried out. The engine keeps the intent and looks."""


class CloudError(StackyardError):
    """The embedded cloud cannot be started or reached."""


class SourceError(StackyardError):
    """A git repository refuses, or lacks what is asked of it."""


class Unreachable(SourceError):
    """A git repository could not be asked, so nothing follows about what it has or no longer has."""


class Cancelled(StackyardError):
    """The user asked to stop."""

    exit_code = 8
