"""The `command` package: shell commands as resources.

Promise: a command runs in its own process group and nothing of it outlives a cancellation or a timeout.
Must not: quote a command, its environment or its standard input in a message; run anything in a preview.
"""

from stackyard.providers.command.provider import CommandProvider

__all__ = ["CommandProvider"]
