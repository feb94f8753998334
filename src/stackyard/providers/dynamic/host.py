"""Runs the SDK's host of dynamic providers, in the project's own interpreter: standard library and `pulumi` only.

Ends with whoever started it, however that one ends, and serves on a socket that only its user can reach: on a port,
anybody on the machine could give it code to run.
"""

import os
import runpy
import sys
import threading

import grpc

_socket = os.environ.pop("STACKYARD_SOCKET")
_server = grpc.server


def _end_with_starter() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _on_socket(*arguments, **options):  # type: ignore[no-untyped-def]
    grpc.server = _server
    made = _server(*arguments, **options)
    bind = made.add_insecure_port
    made.add_insecure_port = lambda address: bind(f"unix:{_socket}")
    return made


# In place of our own folder: modules of the project are found as its program finds them.
sys.path[0] = os.getcwd()
grpc.server = _on_socket
threading.Thread(target=_end_with_starter, daemon=True).start()
runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)
