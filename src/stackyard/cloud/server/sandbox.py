"""The launcher of one confined program: `python -I -S sandbox.py <descriptor of a socket>`; see `confinement`.

Three processes: this one, which watches and is watched by the server through the socket; the first process of a new
process namespace, which collects orphans; and the program. Whichever of the first two dies, the kernel or the other
takes the program, and all that it started, along. Standard library only, and few modules of it: it starts often.

Follows mount_namespaces(7), pivot_root(2), user_namespaces(7), pid_namespaces(7) and prctl(2).
"""

from __future__ import annotations

import ctypes
import errno
import marshal
import os
import resource
import select
import signal
import struct
import sys
import time

TYPE_CHECKING = False  # importing `typing` for it would cost more than everything else here
if TYPE_CHECKING:
    from typing import Any, NoReturn

    Box = dict[str, Any]

_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID = 0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x20000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
_DETACH = 2
_PDEATHSIG, _CAPBSET_DROP, _SUBREAPER, _NO_NEW_PRIVS = 1, 24, 36, 38
_CAPSET = {"x86_64": 126, "aarch64": 91}
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # landlock's calls, on every machine
_PORT_RULE, _BIND_PORT, _SCOPES = 2, 1, 3  # scopes: abstract Unix sockets, signals
_SET_FILTER, _SPEC_ALLOW = 1, 4  # a filter; without the slow measures that some kernels take along with one
_KILL_FIRST = "900"  # of -1000 to 1000: who goes when the machine has no memory left
_SHARED_PAGES = "16384"  # System V shared memory, which no process is charged for
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CAP_VERSION_3 = 0x20080522
_STAGES = ("/sys", "/mnt", "/media")  # where the new root is put together: nothing is ever shown from there
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_ETC = (
    "resolv.conf", "hosts", "host.conf", "nsswitch.conf", "gai.conf", "services", "protocols", "mime.types", "ssl",
    "pki", "ca-certificates", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "timezone", "alternatives",
    "fonts", "os-release",
)  # fmt: skip
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_KEPT_BY_THE_KERNEL = ((os.ST_NOSUID, _NOSUID), (os.ST_NODEV, _NODEV), (os.ST_NOEXEC, _NOEXEC), (os.ST_RDONLY, _RDONLY))
_OFTEN, _SELDOM = 0.05, 0.25  # seconds between looks at the memory in use, beyond a quarter of the limit and below
_LENGTH = 8  # bytes before the box, which say how long it is
_AGAIN = 0.005  # seconds between looks for orphans that are left
_libc = ctypes.CDLL(None, use_errno=True)


def main(descriptor: int) -> int:
    """Run the box that arrives on the socket; leaves with the program's exit status."""
    os.umask(0o022)
    os.set_inheritable(descriptor, False)
    box = marshal.loads(_received(descriptor, int.from_bytes(_received(descriptor, _LENGTH), "big")))
    waking, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: None)
    faults, told = os.pipe()
    try:
        if box["means"] == "none":
            _prctl(_SUBREAPER, 1)
        else:
            _own_namespaces(box)
        # Held back until the program is there to be given it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        first = os.fork()
    except OSError as error:
        _tell(descriptor, "failed", f"no process of its own: {error}")
        return 125
    if first == 0:
        os.close(descriptor)
        os.close(faults)
        _first(box, told)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.close(told)
    _forget_streams()
    return _watch(descriptor, box, first, faults, waking)


def _received(channel: int, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = os.read(channel, size - len(found))
        if not part:
            os._exit(125)  # the server has gone before it said what to run
        found += part
    return found


def _tell(channel: int, event: str, text: str) -> None:
    """A line of an event and what is to be said of it."""
    try:
        os.write(channel, f"{event} {text}".replace("\n", " ").encode() + b"\n")
    except OSError:
        return  # nobody listens any more; the watch ends everything


def _forget_streams() -> None:
    """Let go of the program's streams, so that their readers see the end when the program does."""
    empty = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(empty, stream)
    os.close(empty)


# ---- watching


def _watch(channel: int, box: Box, first: int, faults: int, waking: int) -> int:
    """Until the first process ends: pass on signals, look at its memory, and end it when the server has gone."""
    poll = select.poll()
    for descriptor in (channel, faults, waking):
        poll.register(descriptor, select.POLLIN)
    limit, used, reason, settled = box["memory"], 0, "", False
    while True:
        for descriptor, _event in poll.poll(1000 * (_OFTEN if used > limit // 4 else _SELDOM) if limit else None):
            if descriptor == waking:
                _pass_on(os.read(waking, 64), first)
            elif descriptor == faults:
                poll.unregister(faults)
                settled = _settled(channel, faults)
            elif _is_asked(channel):
                _tell(channel, "memory", str(_memory(first, box)))
            else:
                poll.unregister(channel)
                _end(first)
        used = _memory(first, box) if limit and not reason else 0
        if limit and used > limit:
            reason = "OutOfMemory"
            _end(first)
        code = _collected(first)
        if code is not None:
            _end_rest(box)
            if not settled:
                _settled(channel, faults)
            _tell(channel, "ended", reason)
            return code


def _is_asked(channel: int) -> bool:
    """Whether the server asks for the memory in use; False when it has gone, with lines of ours unread or without."""
    try:
        return bool(os.read(channel, 64))
    except ConnectionResetError:
        return False


def _settled(channel: int, faults: int) -> bool:
    """Tell what came of the start: the pipe closes by itself when the program begins, and holds the fault if not."""
    fault = b""
    while part := os.read(faults, 4096):
        fault += part
    _tell(channel, "failed" if fault else "started", fault.decode(errors="replace"))
    return True


def _pass_on(signals: bytes, first: int) -> None:
    if signal.SIGTERM in signals:
        _kill(first, signal.SIGTERM)


def _kill(process: int, number: int) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return  # it has ended already, and is collected in a moment


def _end(first: int) -> None:
    """The kernel takes everything else along; without a namespace `_end_rest` does."""
    _kill(first, signal.SIGKILL)


def _end_rest(box: Box) -> None:
    """Without a namespace: end whatever is left. Orphans become children of this process, so none is missed.

    Not by waiting for a child: one that changed parents during the look was not found, and does not end.
    """
    while box["means"] == "none":
        for process in _descendants(os.getpid()):
            _kill(process, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(_AGAIN)


def _collected(first: int) -> int | None:
    """The exit status of the first process, as a shell would tell it, or None while it runs."""
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return 125
        if process == first:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if process == 0:
            return None


def _memory(first: int, box: Box) -> int:
    """Bytes of memory of everything inside that no file stands behind."""
    if box["means"] == "none":
        folders = [f"/proc/{process}" for process in [first, *_descendants(first)]]
    else:
        inside = f"/proc/{first}/root/proc"
        try:
            folders = [f"{inside}/{name}" for name in os.listdir(inside) if name.isdigit()]
        except OSError:
            return 0
    used = sum(_of(folder, "status", (b"RssAnon:", b"RssShmem:")) for folder in folders)
    if not box["memory"] or used <= box["memory"]:
        return used
    # What processes share counts once, which takes longer to find out. Kernels before 5.5 do not tell it by kind.
    return sum(_of(folder, "smaps_rollup", (b"Pss_Anon:", b"Pss_Shmem:")) for folder in folders) or used


def _of(folder: str, name: str, wanted: tuple[bytes, ...]) -> int:
    """The sum of the wanted lines of a process, in bytes; 0 when it has ended."""
    try:
        with open(f"{folder}/{name}", "rb") as stream:
            lines = stream.read().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(wanted))


def _descendants(process: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as stream:
                    parents.setdefault(int(stream.read().rpartition(b")")[2].split()[1]), []).append(int(name))
            except (OSError, IndexError):
                continue
    found, left = [], [process]
    while left:
        children = parents.get(left.pop(), [])
        found += children
        left += children
    return found


# ---- the first process inside


def _first(box: Box, told: int) -> NoReturn:
    """Become the box, start the program, and collect whatever ends until the program does."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _set("/proc/self/oom_score_adj", _KILL_FIRST)
        if box["means"] != "none":
            _furnish(box)
            _drop_privileges(box)
        _prctl(_PDEATHSIG, signal.SIGKILL)  # last: a change of user takes it back
        program = os.fork()
        if program == 0:
            _program(box)
    except OSError as error:
        os.write(told, f"{error.strerror or error}: {error.filename or ''}".rstrip(": ").encode())
        os._exit(125)
    except Exception as error:  # noqa: BLE001 - whatever it is, the one who asked must hear of it
        os.write(told, repr(error).encode())
        os._exit(125)
    signal.signal(signal.SIGTERM, lambda *_: _kill(program, signal.SIGTERM))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    for descriptor in range(3, told):
        _close(descriptor)
    os.close(told)
    _forget_streams()
    os._exit(_reaped(program))


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        return  # it was not open


def _reaped(program: int) -> int:
    while True:
        process, status = os.wait()
        if process == program:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _program(box: Box) -> NoReturn:
    """Replace this process by the program; a failure is raised to `_first`, whose pipe closes by itself otherwise."""
    for number in (signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # what Python ignores or handles
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.setsid()
    _prctl(_PDEATHSIG, signal.SIGKILL)
    os.umask(box["umask"])
    _limit(box)
    os.chdir(box["cwd"])
    if box["means"] != "none":
        _reserve_ports(box["ports"])
        _filter_calls(box["filter"])
    _replace(box["argv"], box["environ"])


def _replace(argv: list[str], environ: dict[str, str]) -> NoReturn:
    """Like os.execvpe, which would import a module of a Python that cannot be seen any more."""
    places = [""] if "/" in argv[0] else [f"{place}/" for place in environ.get("PATH", "/usr/bin:/bin").split(":")]
    fault: OSError = FileNotFoundError(errno.ENOENT, "no such program", argv[0])
    for place in places:
        try:
            os.execve(place + argv[0], argv, environ)
        except FileNotFoundError:
            continue
        except OSError as error:
            fault = error
    raise OSError(fault.errno, fault.strerror, argv[0])


def _limit(box: Box) -> None:
    os.nice(box["niceness"])
    wanted = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, box["processes"]),
        (resource.RLIMIT_FSIZE, box["file_bytes"]),
        (resource.RLIMIT_NOFILE, 65536),
        (resource.RLIMIT_CPU, box["cpu_seconds"]),
        # Only against a leap between two looks: reservations of address space count here, and are harmless.
        (resource.RLIMIT_DATA, box["memory"] * 4 + (1 << 30) if box["memory"] else None),
    ]
    for which, value in wanted:
        if value is not None:
            hard = resource.getrlimit(which)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(which, (value, value))


# ---- namespaces


def _call(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def _prctl(option: int, value: int) -> None:
    _call(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    call = _libc.mount(
        source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode() if data else None
    )
    _call(call, f"{source or kind} on {target}")


def _own_namespaces(box: Box) -> None:
    """What must be left before the fork: the processes seen, and for an ordinary user, the right to leave anything."""
    uid, gid = os.geteuid(), os.getegid()
    if box["means"] == "user namespaces":
        _call(_libc.unshare(_NEWUSER), "user namespace")
        for name, text in (
            ("setgroups", "deny"), ("uid_map", f"{box['uid']} {uid} 1"), ("gid_map", f"{box['uid']} {gid} 1"),
        ):  # fmt: skip
            with open(f"/proc/self/{name}", "w", encoding="ascii") as stream:
                stream.write(text)
    _call(_libc.unshare(_NEWPID), "process namespace")


def _furnish(box: Box) -> None:
    """A root of its own, in which nothing is but what is shown."""
    _call(_libc.unshare(_NEWNS | _NEWIPC | _NEWUTS), "mount namespace")
    _set("/proc/sys/kernel/shmall", _SHARED_PAGES)
    _mount("", "/", "", _REC | _PRIVATE)
    stage = next(path for path in _STAGES if os.path.isdir(path))
    name = box["name"].encode()[:64]
    _call(_libc.sethostname(name, len(name)), "sethostname")
    if box["root"]:
        _layered(box, stage)
    else:
        _mount("tmpfs", stage, "tmpfs", _NOSUID | _NODEV, "size=16m,mode=755")
        _system(stage)
    _identity(box, stage)
    _devices(stage)
    _own_processes(_made(stage, "/proc"))
    _scratch(box, stage)
    for source, target, writable in sorted(box["binds"], key=lambda bind: bind[1].count("/")):
        _show(source, stage, target, writable=writable)
    for path in box["hidden"]:
        if os.path.isdir(stage + path):
            _mount("tmpfs", stage + path, "tmpfs", _NOSUID | _NODEV | _RDONLY, "size=4k,mode=755")
    os.chdir(stage)
    _call(_libc.syscall(_PIVOT_ROOT[os.uname().machine], b".", b"."), "pivot_root")
    _call(_libc.umount2(b".", _DETACH), "umount of the old root")
    os.chdir("/")
    if not box["root"]:
        _mount("", "/", "", _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV)


def _layered(box: Box, stage: str) -> None:
    """An image's files below, this container's changes above."""
    upper = box["changes"]
    for name in ("upper", "work"):
        os.makedirs(f"{upper}/{name}", exist_ok=True)
        if box["means"] == "namespaces":
            os.chown(f"{upper}/{name}", box["uid"], box["uid"])
    _mount("overlay", stage, "overlay", _NOSUID | _NODEV,
           f"lowerdir={_plain(box['root'])},upperdir={_plain(upper)}/upper,workdir={_plain(upper)}/work")  # fmt: skip


def _plain(path: str) -> str:
    """A path in the options of overlayfs, whose separators are escaped."""
    return path.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def _system(stage: str) -> None:
    for path in _SYSTEM:
        if os.path.islink(path):
            os.symlink(os.readlink(path), stage + path)
        elif os.path.isdir(path):
            _show(path, stage, path, writable=False)
    _made(stage, "/etc")
    for name in _ETC:
        if os.path.exists(f"/etc/{name}"):
            _show(os.path.realpath(f"/etc/{name}"), stage, f"/etc/{name}", writable=False)


def _identity(box: Box, stage: str) -> None:
    """Who it is: looked up by much software, some of which fails without. An image brings its own, which is kept."""
    if box["root"]:
        folder = _made(stage, "/etc")  # refuses a link, whose resolv.conf would be the machine's
        for name in ("resolv.conf", "hosts"):
            if os.path.islink(f"{folder}/{name}"):
                os.unlink(f"{folder}/{name}")
            _show(os.path.realpath(f"/etc/{name}"), stage, f"/etc/{name}", writable=False)
        return
    uid = box["uid"]
    for name, text in (
        ("passwd", f"root:x:0:0::/nonexistent:/bin/false\ntask:x:{uid}:{uid}::/tmp:/bin/sh\n"),
        ("group", f"root:x:0:\ntask:x:{uid}:\n"),
    ):  # fmt: skip
        with open(f"{stage}/etc/{name}", "w", encoding="ascii") as stream:
            stream.write(text)


def _devices(stage: str) -> None:
    folder = _made(stage, "/dev")
    _mount("tmpfs", folder, "tmpfs", _NOSUID, "size=64k,mode=755")
    for name in _DEVICES:
        if os.path.exists(f"/dev/{name}"):
            with open(f"{folder}/{name}", "w", encoding="ascii"):
                _mount(f"/dev/{name}", f"{folder}/{name}", "", _BIND)
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"{folder}/{name}")
    _mount("tmpfs", _made(folder, "/shm"), "tmpfs", _NOSUID | _NODEV, "size=64m,mode=1777")


def _own_processes(folder: str) -> None:
    try:
        _mount("proc", folder, "proc", _NOSUID | _NODEV | _NOEXEC)
    except PermissionError:
        # Inside another container parts of /proc may be hidden, and then a new one is refused: better none than all.
        _mount("tmpfs", folder, "tmpfs", _NOSUID | _NODEV | _NOEXEC, "size=4k")


def _scratch(box: Box, stage: str) -> None:
    if box["scratch"]:
        _show(box["scratch"], stage, "/tmp", writable=True)
    else:
        _mount("tmpfs", _made(stage, "/tmp"), "tmpfs", _NOSUID | _NODEV, "size=256m,mode=1777")
    if not os.path.lexists(stage + "/var/tmp"):
        os.symlink("/tmp", _made(stage, "/var") + "/tmp")


def _made(stage: str, path: str) -> str:
    """The folder `path` below the stage. A link on the way is refused: it would lead out, to the machine's files."""
    place = stage
    for name in path.split("/"):
        if name in ("", ".", ".."):
            continue
        place = f"{place}/{name}"
        if os.path.islink(place):
            raise OSError(errno.ELOOP, "there is a symbolic link on the way", path)
        if not os.path.isdir(place):
            os.mkdir(place)
    return place


def _show(source: str, stage: str, path: str, *, writable: bool) -> None:
    """Bind the machine's `source` to `path` in the new root."""
    if not os.path.exists(source):
        raise FileNotFoundError(errno.ENOENT, "no such file or folder", source)
    if os.path.isdir(source):
        target = _made(stage, path)
    else:
        target = f"{_made(stage, os.path.dirname(path))}/{os.path.basename(path)}"
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644) if not os.path.exists(target)
                 else os.open(target, os.O_PATH | os.O_NOFOLLOW))  # fmt: skip
    # What an ordinary user cannot take apart must be shown whole.
    whole = _REC if os.geteuid() != 0 or not _is_outer_root() else 0
    _mount(source, target, "", _BIND | whole)
    kept = os.statvfs(target).f_flag
    flags = sum(flag for seen, flag in _KEPT_BY_THE_KERNEL if kept & seen)
    _mount("", target, "", _REMOUNT | _BIND | _NOSUID | _NODEV | flags | (0 if writable else _RDONLY))


def _set(path: str, value: str) -> None:
    try:
        with open(path, "w", encoding="ascii") as stream:
            stream.write(value)
    except OSError:
        return  # not everybody may, and the box holds without


def _reserve_ports(ports: tuple[int, ...]) -> None:
    """Let the program listen on `ports` and on those that the kernel gives, and on no other's; and reach no socket
    without a file that others have. Follows landlock(7): ports since Linux 6.7, sockets since 6.12; before, neither."""
    version = _libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 4:
        return
    wanted = struct.pack("=QQQ", 0, _BIND_PORT, _SCOPES if version >= 6 else 0)
    rules = _libc.syscall(_CREATE_RULESET, wanted, 24 if version >= 6 else 16, 0)
    _call(min(rules, 0), "landlock_create_ruleset")
    for port in (0, *ports):
        rule = struct.pack("=QQ", _BIND_PORT, port)
        _call(_libc.syscall(_ADD_RULE, rules, _PORT_RULE, rule, 0), "landlock_add_rule")
    _call(_libc.syscall(_RESTRICT_SELF, rules, 0), "landlock_restrict_self")
    os.close(rules)


def _filter_calls(program: bytes) -> None:
    """Let go of the calls that `syscalls` refuses, for ever and for all that is started from here."""
    if not program:
        return
    steps = ctypes.create_string_buffer(program, len(program))
    whole = struct.pack("@HP", len(program) // 8, ctypes.addressof(steps))
    result = _libc.syscall(_SECCOMP[os.uname().machine], _SET_FILTER, _SPEC_ALLOW, whole)
    if result != 0 and ctypes.get_errno() not in (errno.EINVAL, errno.ENOSYS):  # this kernel has no filters
        _call(result, "seccomp")


def _is_outer_root() -> bool:
    with open("/proc/self/uid_map", encoding="ascii") as stream:
        return stream.read().split() == ["0", "0", "4294967295"]


def _drop_privileges(box: Box) -> None:
    for capability in range(64):
        if _libc.prctl(_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0) != 0:
            break  # beyond the last one that this kernel has
    if box["means"] == "namespaces":
        os.setgroups(box["groups"])
        os.setresgid(box["uid"], box["uid"], box["uid"])
        os.setresuid(box["uid"], box["uid"], box["uid"])
    header = (ctypes.c_uint32 * 2)(_CAP_VERSION_3, 0)
    _call(_libc.syscall(_CAPSET[os.uname().machine], header, (ctypes.c_uint32 * 6)()), "capset")
    _prctl(_NO_NEW_PRIVS, 1)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
