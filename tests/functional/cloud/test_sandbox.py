"""What a confined program sees, may do and leaves behind; each means that this machine has is tried."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stackyard.cloud.server import confinement

MEANS = ("namespaces", "user namespaces", "none")
Run = Callable[..., tuple[int, str, confinement.Confined]]
_PATH = {"PATH": "/usr/bin:/bin"}
_UID = confinement.uid_of("123456789012")


def test_the_number_of_an_account_is_far_from_those_of_people() -> None:
    numbers = {confinement.uid_of(f"{account:012}") for account in range(100)}
    assert len(numbers) > 95
    assert all(200_000 <= number < 300_000 for number in numbers)


@pytest.fixture(params=MEANS)
def kind(request: pytest.FixtureRequest) -> str:
    wanted: str = request.param
    if wanted == "namespaces" and os.geteuid() != 0:
        pytest.skip("only root makes namespaces without a user namespace")
    if wanted == "user namespaces" and os.geteuid() == 0:
        pytest.skip("root has no need of user namespaces")
    if wanted != "none" and not confinement._works(wanted):
        pytest.skip(f"this machine has no {wanted}")
    return wanted


@pytest.fixture
def run(kind: str) -> Run:
    def run(*argv: str, **given: object) -> tuple[int, str, confinement.Confined]:
        box = confinement.Box(argv=argv, **{"environ": _PATH, "uid": _UID, **given})  # type: ignore[arg-type]
        process = confinement.start(box, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, kind=kind)
        with process:
            assert process.stdout is not None
            text = process.stdout.read().decode()
            return process.wait(20), text, process

    return run


def _isolated(kind: str) -> None:
    if kind == "none":
        pytest.skip("without namespaces nothing is hidden, and the status says so")


def test_streams_and_exit_statuses_are_the_programs(run: Run) -> None:
    assert run("sh", "-c", "echo out; echo err >&2; exit 7")[:2] == (7, "out\nerr\n")
    assert run("sh", "-c", "kill -9 $$")[0] == 137


def test_a_program_that_is_not_there_is_told(run: Run) -> None:
    code, _text, process = run("nothing-of-that-name")
    assert code == 125
    assert "nothing-of-that-name" in process.fault


def test_nothing_of_the_servers_environment_is_inherited(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "secret")
    _code, text, _process = run("env", environ={**_PATH, "THEIRS": "1"})
    assert "secret" not in text
    assert "THEIRS=1" in text


def test_files_that_were_not_shown_are_not_there(run: Run, kind: str, tmp_path: Path) -> None:
    _isolated(kind)
    hidden, shown = tmp_path / "hidden", tmp_path / "shown"
    for folder in (hidden, shown):
        folder.mkdir()
        (folder / "file").write_text("content")
    code, text, _process = run("cat", str(hidden / "file"), read_only=(str(shown),))
    assert code != 0
    assert "No such file" in text
    assert run("cat", str(shown / "file"), read_only=(str(shown),))[:2] == (0, "content")


def test_what_is_shown_read_only_cannot_be_written(run: Run, kind: str, tmp_path: Path) -> None:
    _isolated(kind)
    tmp_path.chmod(0o777)
    assert run("touch", f"{tmp_path}/x", read_only=(str(tmp_path),))[0] != 0
    assert run("touch", f"{tmp_path}/x", writable=(str(tmp_path),))[0] == 0
    moved = (confinement.Bind(str(tmp_path), "/data/here"),)
    assert run("sh", "-c", "ls /data/here; touch /data/here/y || exit 3", binds=moved)[0] == 3


def test_only_its_own_processes_are_seen(run: Run, kind: str) -> None:
    _isolated(kind)
    _code, text, _process = run("sh", "-c", "ls /proc | grep -c '^[0-9]'")
    assert int(text) < 10


def test_it_has_no_capability_and_can_gain_none(run: Run, kind: str) -> None:
    _isolated(kind)
    _code, text, _process = run("sh", "-c", "id -u; grep -E 'Cap(Eff|Prm|Bnd)|NoNewPrivs' /proc/self/status")
    lines = text.split()
    assert lines[0] == str(_UID)
    assert lines[2::2] == ["0" * 16] * 3 + ["1"]


def test_a_link_that_leads_out_is_not_followed(run: Run, kind: str, tmp_path: Path) -> None:
    _isolated(kind)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "out").symlink_to("/usr")
    binds = (confinement.Bind(str(tmp_path), "/tmp/out/new"),)
    code, _text, process = run("true", scratch=str(scratch), binds=binds)
    assert code == 125
    assert "symbolic link" in process.fault
    assert not Path("/usr/new").exists()


def test_a_memory_hog_is_ended_and_told(run: Run) -> None:
    program = "import time; hog = bytearray(400_000_000); time.sleep(60)"
    python = getattr(sys, "_base_executable", sys.executable)
    code, _text, process = run(python, "-c", program, memory=100_000_000, read_only=confinement.shown_for(python))
    assert code == 137
    assert process.reason == "OutOfMemory"


def test_a_fork_bomb_is_limited(run: Run, kind: str) -> None:
    _isolated(kind)
    code, text, _process = run("sh", "-c", "for i in $(seq 200); do sleep 20 & done; echo all", processes=40)
    assert code != 0
    assert "all" not in text


def test_a_file_cannot_grow_without_end(run: Run) -> None:
    code, _text, _process = run("sh", "-c", "f=$(mktemp); yes > $f; s=$?; rm -f $f; exit $s", file_bytes=1_000_000)
    assert code == 128 + signal.SIGXFSZ


def test_terminate_reaches_the_program_and_kill_its_descendants(kind: str) -> None:
    reading, writing = os.pipe()
    script = "trap 'echo told; exit 3' TERM; (setsid sleep 300 &); echo ready; while :; do sleep 0.05; done"
    box = confinement.Box(argv=("sh", "-c", script), environ=_PATH, uid=_UID)
    with confinement.start(box, stdout=writing, kind=kind) as process, os.fdopen(reading) as lines:
        os.close(writing)
        assert lines.readline() == "ready\n"
        process.terminate()
        assert lines.read() == "told\n"  # the end comes only when the sleeping descendant has ended, too
        assert process.wait(10) == 3
    with confinement.start(box, stdout=subprocess.PIPE, kind=kind) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.kill()
        assert process.stdout.read() == b""
        assert process.wait(10) == 137


@pytest.mark.parametrize("victim", ["server", "server that has not listened", "launcher"])
def test_nothing_outlives_whoever_started_it(kind: str, victim: str, tmp_path: Path) -> None:
    if kind == "none" and victim == "launcher":
        pytest.skip("without a process namespace nobody is left to end a descendant that hides")
    reading, writing = os.pipe()
    starter = f"""
import os, select, signal
from stackyard.cloud.server import confinement
deaf = {"listened" in victim}
if deaf:
    confinement.Confined._listen = lambda process: None
box = confinement.Box(argv=("sh", "-c", "(setsid sleep 300 &); echo ready; sleep 300"), environ={_PATH}, uid={_UID})
process = confinement.start(box, stdout={writing}, kind={kind!r})
os.close({writing})
if deaf:
    select.select([process._channel], [], [])  # what is unread when it ends makes the end of the line a reset
print(process.pid, flush=True)
signal.pause()
"""
    server = subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, pass_fds=(writing,))
    os.close(writing)
    try:
        with os.fdopen(reading, "rb", buffering=0) as stream:
            assert server.stdout is not None
            launcher = int(server.stdout.readline())
            assert stream.readline() == b"ready\n"
            os.kill(launcher if victim == "launcher" else server.pid, signal.SIGKILL)
            ended, _writable, _errors = select.select([stream], [], [], 60)
            assert ended, "something inside still holds the stream open"
            assert stream.read() == b""
    finally:
        server.kill()
        server.communicate()


def test_the_first_means_that_works_is_taken() -> None:
    expected = next((kind for kind in MEANS if kind == "none" or _can(kind)), "none")
    assert confinement.means() == expected


def _can(kind: str) -> bool:
    return (kind == "namespaces") == (os.geteuid() == 0) and confinement._works(kind)


def test_a_virtual_environment_is_shown_with_what_it_is_made_from(tmp_path: Path) -> None:
    base, environment = tmp_path / "base" / "bin", tmp_path / "venv" / "bin"
    base.mkdir(parents=True)
    environment.mkdir(parents=True)
    (base / "python3").touch()
    (environment / "python").symlink_to(base / "python3")
    (environment.parent / "pyvenv.cfg").write_text(f"home = {base}\nversion = 3.11.7\n")
    shown = confinement.shown_for(str(environment / "python"), "/usr/bin/python3")
    assert shown == (str(tmp_path / "base"), str(tmp_path / "venv"))


_CALLS = """
import ctypes, errno, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *given):
    print(name, getattr(libc, name)(*given) >= 0 or errno.errorcode[ctypes.get_errno()])
call("unshare", 0x10000000)
call("unshare", 0x00020000)
call("mount", b"tmpfs", b"/tmp", b"tmpfs", 0, None)
call("memfd_create", b"x", 0)
for family in (1, 2, 10, 16, 17, 38, 40):
    try:
        socket.socket(family, socket.SOCK_DGRAM).close()
        print(family, True)
    except OSError as error:
        print(family, errno.errorcode[error.errno])
import subprocess, threading
thread = threading.Thread(target=lambda: print("thread", subprocess.run(["true"]).returncode))
thread.start()
thread.join()
"""


def test_it_makes_no_namespaces_mounts_and_files_in_memory(run: Run, kind: str) -> None:
    """Each of them holds memory that no limit knows of, and opens more of the kernel."""
    _isolated(kind)
    _code, text, _process = run(sys.executable, "-c", _CALLS, read_only=confinement.shown_for(sys.executable))
    said = dict(line.split() for line in text.splitlines())
    assert {said[name] for name in ("unshare", "mount", "memfd_create")} == {"ENOSYS"}
    assert {said[family] for family in ("1", "2", "10", "16")} == {"True"}
    assert {said[family] for family in ("17", "38", "40")} == {"EAFNOSUPPORT"}  # packets, kernel crypto, the host
    assert said["thread"] == "0"


@pytest.mark.skipif(sys.platform != "linux", reason="shared memory is counted on Linux")
def test_memory_that_processes_share_counts(run: Run, kind: str) -> None:
    _isolated(kind)
    script = "import mmap, signal; m = mmap.mmap(-1, 300 << 20); m.write(bytes(300 << 20)); signal.pause()"
    shown = confinement.shown_for(sys.executable)
    code, _text, process = run(sys.executable, "-c", script, read_only=shown, memory=128 << 20)
    assert (code, process.reason) == (137, "OutOfMemory")


def test_the_kernel_ends_it_before_the_cloud(run: Run, kind: str) -> None:
    del kind
    assert int(run("cat", "/proc/self/oom_score_adj")[1]) >= 900


_LISTENS = """
import socket, sys
for port in map(int, sys.argv[1:]):
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
            print(True)
        except PermissionError:
            print(False)
"""


def _landlock() -> int:
    return ctypes.CDLL(None).syscall(444, None, 0, 1) if sys.platform == "linux" else 0


@pytest.mark.skipif(_landlock() < 4, reason="this kernel cannot be told who listens where")
def test_it_listens_on_its_own_ports_alone(run: Run, kind: str) -> None:
    """There is one loopback address: another's database that restarts would find its port taken by an impostor."""
    _isolated(kind)
    with socket.create_server(("127.0.0.1", 0)) as free:
        own = free.getsockname()[1]
    shown = confinement.shown_for(sys.executable)
    _code, text, _process = run(
        sys.executable, "-c", _LISTENS, "0", str(own), str(own ^ 1), read_only=shown, ports=(own,)
    )
    assert text.split() == ["True", "True", "False"]


@pytest.mark.skipif(_landlock() < 6, reason="this kernel has no scopes of sockets")
def test_it_reaches_no_socket_without_a_file_that_is_anothers(run: Run, kind: str) -> None:
    _isolated(kind)
    name = f"stackyard-{os.getpid()}-{kind}"
    script = f"import socket; socket.socket(socket.AF_UNIX).connect(chr(0) + {name!r})"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0" + name)
        listener.listen()
        _code, text, _process = run(sys.executable, "-c", script, read_only=confinement.shown_for(sys.executable))
    assert "Operation not permitted" in text
