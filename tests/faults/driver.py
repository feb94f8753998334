"""Runs one command line and kills at the Nth boundary: `driver.py VICTIM NTH ARGUMENT...`.

VICTIM is `engine` (this process), `cloud` (the embedded cloud's server) or `both`. The boundaries are before and
after every durable journal write, every effect of a provider, and the final save. With NTH 0 nothing is killed,
and the number of boundaries is the last line of standard output.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from stackyard.cli import main
from stackyard.providers.aws.provider import AwsProvider
from stackyard.providers.random.provider import RandomProvider
from stackyard.state.stacks import OpenStack

VICTIM, NTH, ARGUMENTS = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
_COUNT = itertools.count(1)
_PASSED = [0]


def reach(where: str) -> None:
    """Pass one boundary; it may be the last thing this process does."""
    _PASSED[0] = number = next(_COUNT)
    if number != NTH:
        return
    print(f"killing {VICTIM} {where}", file=sys.stderr, flush=True)
    if VICTIM in ("cloud", "both"):
        estate = Path(ARGUMENTS[ARGUMENTS.index("-C") + 1])
        server = json.loads((estate / ".stackyard/cloud/server.json").read_text())
        os.kill(server["pid"], signal.SIGKILL)
    if VICTIM in ("engine", "both"):
        os.kill(os.getpid(), signal.SIGKILL)


def bounded(owner: type, name: str) -> None:
    """Put a boundary before and after a coroutine method."""
    method = getattr(owner, name)

    @functools.wraps(method)
    async def wrapper(self: Any, *arguments: Any, **named: Any) -> Any:
        if getattr(arguments[0] if arguments else None, "preview", False):
            return await method(self, *arguments, **named)
        reach(f"before {owner.__name__}.{name}")
        result = await method(self, *arguments, **named)
        reach(f"after {owner.__name__}.{name}")
        return result

    setattr(owner, name, wrapper)


for method in ("append", "commit"):
    bounded(OpenStack, method)
for provider in (AwsProvider, RandomProvider):
    for method in ("create", "update", "delete"):
        bounded(provider, method)
code = main.run(ARGUMENTS)
print(_PASSED[0], flush=True)
sys.exit(code)
