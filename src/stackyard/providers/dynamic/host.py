"""Runs the SDK's host of dynamic providers, in the project's own interpreter: standard library and `pulumi` only.

Ends with whoever started it, however that one ends.
"""

import os
import runpy
import sys
import threading


def _end_with_starter() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


# In place of our own folder: modules of the project are found as its program finds them.
sys.path[0] = os.getcwd()
threading.Thread(target=_end_with_starter, daemon=True).start()
runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)
