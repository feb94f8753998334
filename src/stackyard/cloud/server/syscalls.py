"""Which calls of the kernel a confined program has: a filter for seccomp(2), as the bytes of a BPF program.

Refused is what gets around the box or its limits. Namespaces and mounts of one's own: a tmpfs there is memory that
nobody counts. Files in memory (memfd_create), for the same reason. Parts of the kernel that such programs have no use
for, and that its weaknesses are often found in: bpf, io_uring, userfaultfd, perf, keys; addresses of other kinds than
IP and Unix, which on a virtual machine reach its host. Programs that try one of these have another way: they are told
that the kernel does not have it.

Numbers are those of asm/unistd.h, the format is that of seccomp(2) and of linux/filter.h.
"""

from __future__ import annotations

import dataclasses
import errno
import struct
from collections.abc import Iterable, Mapping

_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_OF, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data; little endian, so low halves
_NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
_X32 = 0x40000000
_EVERYWHERE = (
    425, 426, 427,  # io_uring_setup, _enter, _register
    428, 429, 430, 431, 432, 433, 442,  # open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr
    435,  # clone3: its flags are where no filter can see them, and C libraries know how to do without
    447,  # memfd_secret
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class _Machine:
    """The numbers of one architecture. `refused`: unshare, setns, mount, umount2, pivot_root, memfd_create, bpf,
    perf_event_open, userfaultfd, add_key, request_key, keyctl, msgget."""

    architecture: int
    clone: int
    socket: int
    refused: tuple[int, ...]


_MACHINES: Mapping[str, _Machine] = {
    "x86_64": _Machine(0xC000003E, 56, 41, (272, 308, 165, 166, 155, 319, 321, 298, 323, 248, 249, 250, 68)),
    "aarch64": _Machine(0xC00000B7, 220, 198, (97, 268, 40, 39, 41, 279, 280, 241, 282, 217, 218, 219, 186)),
}


def filter_for(machine: str) -> bytes:
    """The filter for programs on `machine` (as `os.uname` calls it); empty where its numbers are not known."""
    known = _MACHINES.get(machine)
    return b"".join(_program(known)) if known else b""


def _program(machine: _Machine) -> Iterable[bytes]:
    missing, allowed = _ERRNO | errno.ENOSYS, _ALLOW
    yield _step(_LOAD, _ARCHITECTURE)
    yield _step(_EQUAL, machine.architecture, 1, 0)
    yield _step(_RETURN, missing)  # a program for another architecture, whose calls have other numbers
    yield _step(_LOAD, _NUMBER)
    yield _step(_AT_LEAST, _X32, 0, 1)
    yield _step(_RETURN, missing)
    for number in (*machine.refused, *_EVERYWHERE):
        yield _step(_EQUAL, number, 0, 1)
        yield _step(_RETURN, missing)
    yield _step(_EQUAL, machine.clone, 0, 4)
    yield _step(_LOAD, _FIRST_ARGUMENT)
    yield _step(_ANY_OF, _NEW_NAMESPACES, 0, 1)
    yield _step(_RETURN, _ERRNO | errno.EPERM)
    yield _step(_RETURN, allowed)
    yield _step(_EQUAL, machine.socket, 1, 0)
    yield _step(_RETURN, allowed)
    yield _step(_LOAD, _FIRST_ARGUMENT)
    for family in _FAMILIES:
        yield _step(_EQUAL, family, 0, 1)
        yield _step(_RETURN, allowed)
    yield _step(_RETURN, _ERRNO | errno.EAFNOSUPPORT)


def _step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    """One struct sock_filter: jumps are counted from the next step."""
    return struct.pack("=HBBI", code, then, otherwise, value)
