"""Runs one command line and kills its process at the Nth boundary: `split_driver.py NTH ARGUMENT...`.

The boundaries are before and after whatever a regrouping leaves on the disk: stack files, locks, copies, the intent,
states, what is put aside. With NTH 0 nothing is killed; the number of boundaries is the last line of output.
"""

from __future__ import annotations

import functools
import itertools
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from stackyard.cli import main
from stackyard.config.stack_copies import StackCopies
from stackyard.kit import files
from stackyard.state import locks

NTH, ARGUMENTS = int(sys.argv[1]), sys.argv[2:]
_COUNT = itertools.count(1)
_PASSED = [0]


def reach(where: str) -> None:
    """Pass one boundary; it may be the last thing this process does."""
    _PASSED[0] = number = next(_COUNT)
    if number == NTH:
        print(f"killed {where}", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)


def bounded(owner: Any, name: str) -> None:
    """Put a boundary before and after a function."""
    function: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(function)
    def wrapper(*arguments: Any, **named: Any) -> Any:
        reach(f"before {name} {arguments[:1]}")
        result = function(*arguments, **named)
        reach(f"after {name} {arguments[:1]}")
        return result

    setattr(owner, name, wrapper)


for owner, name in ((files, "write"), (files, "remove"), (os, "rename"), (locks, "release"), (StackCopies, "propose")):
    bounded(owner, name)
code = main.run(ARGUMENTS)
print(_PASSED[0], flush=True)
sys.exit(code)
