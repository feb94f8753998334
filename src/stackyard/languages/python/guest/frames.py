"""The frames that cross every socket here: length of the payload, number of the request, kind; little-endian.

A request carries a number above 0 and is answered by a frame with that number; 0 means that no answer is wanted.
"""

from __future__ import annotations

import struct

HEADER = struct.Struct("<IIB")

# From the parent to the zygote. FORK carries three descriptors: the program's socket, its stdout, its stderr.
FORK, PRELOAD, SIGNAL = 1, 2, 3
# From the zygote to the parent.
READY, BROKEN, FORKED, EXITED = 10, 11, 12, 13
# From the parent to a program.
PROGRAM, ANSWER, FAILURE, GONE = 20, 21, 22, 23
# From a program to the parent, answered.
REGISTER, REGISTER_OUTPUTS, READ, INVOKE, STACK_OUTPUT, FINISH, REQUIRE_VERSION = 30, 31, 32, 33, 34, 35, 36
# From a program to the parent, one way.
LOG, STDOUT, STDERR, DRY_RUN_READ, RESULT = 50, 51, 52, 53, 54

NUMBER = struct.Struct("<i")


def pack(kind: int, payload: bytes = b"", number: int = 0) -> bytes:
    """One frame as bytes."""
    return HEADER.pack(len(payload), number, kind) + payload
