"""Trees of Python sources, parsed with the garbage collector held off.

Before CPython 3.11.8 and 3.12.2 the depth of all trees under construction is one counter (python/cpython#106905): a
finalizer that the collector runs halfway, and that parses something itself or lets another thread do so, as a
traceback being formatted does, makes `ast.parse` raise `SystemError` for a source that has no fault.
"""

from __future__ import annotations

import ast
import gc
import threading
from typing import Final

_ONE_AT_A_TIME: Final = threading.Lock()


def parse(text: str) -> ast.Module:
    """The tree of `text`; raises what `ast.parse` does of a fault: `SyntaxError`, `ValueError`, `RecursionError`."""
    with _ONE_AT_A_TIME:
        was_on = gc.isenabled()
        gc.disable()
        try:
            return ast.parse(text)
        finally:
            if was_on:
                gc.enable()
