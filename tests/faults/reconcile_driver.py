"""Runs one command line and kills itself at the Nth boundary: `reconcile_driver.py NTH ARGUMENT...`.

The boundaries are before and after everything that a reconcile makes durable or destroys: records, bundles, the
steps of an archive and of a removal, journals and effects of stacks. With NTH 0 nothing is killed, and the number of
boundaries is the last line of standard output.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import os
import signal
import sys
from typing import Any

from stackyard.cli import main
from stackyard.operations.hosting import Hosting
from stackyard.providers.aws.provider import AwsProvider
from stackyard.state.stacks import OpenStack
from stackyard.tenancy import activation, archive, records, retirement, rows

NTH, ARGUMENTS = int(sys.argv[1]), sys.argv[2:]
_COUNT = itertools.count(1)
_PASSED = [0]


def reach(where: str) -> None:
    """Pass one boundary; it may be the last thing this process does."""
    _PASSED[0] = number = next(_COUNT)
    if number == NTH:
        print(f"killing {where}", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)


def bounded(owner: Any, name: str) -> None:
    """Put a boundary before and after a function, method or coroutine method."""
    function, where = getattr(owner, name), f"{owner.__name__}.{name}"

    @functools.wraps(function)
    async def later(*arguments: Any, **named: Any) -> Any:
        if getattr(arguments[1] if len(arguments) > 1 else None, "preview", False):
            return await function(*arguments, **named)
        reach(f"before {where}")
        result = await function(*arguments, **named)
        reach(f"after {where}")
        return result

    @functools.wraps(function)
    def at_once(*arguments: Any, **named: Any) -> Any:
        reach(f"before {where}")
        result = function(*arguments, **named)
        reach(f"after {where}")
        return result

    setattr(owner, name, later if inspect.iscoroutinefunction(function) else at_once)


for _owner, _names in (
    (records.Records, ("write", "remove")),
    (activation, ("deliver",)),
    (archive, ("make", "verify", "delete")),
    (archive._Copying, ("put", "copy")),
    (retirement, ("remove",)),
    (rows, ("remove",)),
    (Hosting, ("forget",)),
    (OpenStack, ("append", "commit")),
    (AwsProvider, ("create", "update", "delete")),
):
    for _name in _names:
        bounded(_owner, _name)

if __name__ == "__main__":
    code = main.run(ARGUMENTS)
    print(_PASSED[0])
    sys.exit(code)
