"""Programs that follow each other, or run beside each other, in one warm interpreter do not meet."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from stackyard.errors import Position
from stackyard.languages.python import PythonLanguage, interpreters
from stackyard.testing.monitors import EchoMonitor

from .conftest import ENVIRON

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_modules_path_and_folder_are_a_programs_own(run: Any, tmp_path: Path) -> None:
    text = """
import os, sys, pulumi, shared
sys.path.append("/left/behind")
os.environ["LEFT"] = "behind"
sys.argv.append("behind")
pulumi.left = shared.NAME
os.chdir("/")
pulumi.export("seen", shared.NAME)
"""
    for name in ("one", "two"):
        files = {"shared.py": f"NAME = {name!r}"}
        exit_, monitor = await run(text, files=files, folder=tmp_path / name)
        assert exit_.ok, exit_
        assert monitor.stack_outputs == {"seen": name}
    look = """
import os, sys, pulumi
pulumi.export("seen", [sys.path.count("/left/behind"), "LEFT" in os.environ, sys.argv, hasattr(pulumi, "left"),
                       "shared" in sys.modules, os.getcwd() == pulumi.get_root_directory(), sys.path[0]])
"""
    exit_, monitor = await run(look, folder=tmp_path / "three")
    assert exit_.ok, exit_
    assert monitor.stack_outputs == {"seen": [0, False, ["."], False, False, True, "."]}


async def test_the_environment_is_exactly_what_was_given(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ours")
    text = """
import os, subprocess, time, pulumi
pulumi.export("names", sorted(os.environ))
pulumi.export("inherited", subprocess.run("echo $ZONE", shell=True, capture_output=True, text=True).stdout.strip())
pulumi.export("time", time.strftime("%Z", time.localtime(0)))
"""
    environ = ENVIRON | {"ZONE": "a", "TZ": "America/New_York"}
    exit_, monitor = await run(text, environ=environ)
    assert exit_.ok, exit_
    given = sorted([*environ, "PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS"])
    assert monitor.stack_outputs == {"names": given, "inherited": "a", "time": "EST"}


async def test_pythonpath_of_the_program_is_honoured(run: Any, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "found.py").write_text("NAME = 'there'")
    environ = ENVIRON | {"PYTHONPATH": str(tmp_path / "elsewhere")}
    exit_, monitor = await run("import found, pulumi\npulumi.export('a', found.NAME)", environ=environ)
    assert exit_.ok, exit_
    assert monitor.stack_outputs == {"a": "there"}


async def test_the_zygote_holds_no_credential(language: PythonLanguage, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "PULUMI_CONFIG_PASSPHRASE", "PYTHONPATH"):
        monkeypatch.setenv(name, "canary")
    fresh = PythonLanguage(remember=False)
    try:
        zygote = await fresh.warm()
        environ = Path(f"/proc/{zygote.pid}/environ").read_bytes()
    finally:
        await fresh.close()
    assert b"canary" not in environ
    assert b"PATH=" in environ


async def test_random_numbers_differ_between_programs(run: Any) -> None:
    text = "import random, uuid, pulumi\npulumi.export('a', [random.random(), str(uuid.uuid4())])"
    results = [(await run(text))[1].stack_outputs["a"] for _ in range(3)]
    assert len({str(result) for result in results}) == 3


async def test_exit_handlers_and_threads_end_before_the_program_does(run: Any) -> None:
    text = """
import atexit, threading
go = threading.Event()
def work():
    go.wait()
    print("thread")
threading.Thread(target=work).start()
atexit.register(lambda: print("exit handler"))
atexit.register(go.clear)
threading._register_atexit(go.set)
"""
    exit_, monitor = await run(text)
    assert exit_.ok, exit_
    assert monitor.lines("stdout") == ["thread", "exit handler"]


async def test_what_a_program_imports_is_warm_for_the_next_but_its_own_modules_never(run: Any, tmp_path: Path) -> None:
    language = PythonLanguage(remember=False)
    text = """
import sys
before = "pulumi_random" in sys.modules
import pulumi, pulumi_random, mine
pulumi.export("warm", before)
"""
    try:
        found = []
        for name in ("a", "b"):
            _, monitor = await run(text, files={"mine.py": ""}, folder=tmp_path / name, through=language)
            found.append(monitor.stack_outputs["warm"])
    finally:
        await language.close()
    assert found == [False, True]
    assert "pulumi_random" in language.learnt
    assert "mine" not in language.learnt


async def test_what_a_project_imports_is_remembered_between_runs(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    text = """
import sys
before = "pulumi_random" in sys.modules
import pulumi, pulumi_random
pulumi_random.RandomPet("pet")
pulumi.export("warm", [before, "pulumi_random.random_pet" in sys.modules])
"""
    found = []
    for name in ("a", "a", "b"):
        language = PythonLanguage()
        try:
            exit_, monitor = await run(text, folder=tmp_path / name, through=language)
            assert exit_.ok, exit_
            found.append(monitor.stack_outputs["warm"][0])
        finally:
            await language.close()
    assert found == [False, True, False]


THREADED = {"pulumi_odd.py": "import threading\nstop = threading.Event()\nthreading.Thread(target=stop.wait).start()\n"}
EAGER = {
    "pulumi_odd/__init__.py": "from .config import vars",
    "pulumi_odd/config/__init__.py": "",
    "pulumi_odd/config/vars.py": "import pulumi\ntoken = pulumi.Config('odd').get('token')\nstop = None",
}


@pytest.mark.parametrize("files", [THREADED, EAGER])
async def test_a_package_that_starts_a_thread_or_reads_configuration_is_not_preloaded(
    run: Any, tmp_path: Path, files: dict[str, str]
) -> None:
    python = environment(tmp_path / "venv")
    site = Path(python).parent.parent / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    for name, content in files.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(content)
    language = PythonLanguage(remember=False)
    text = """
import pulumi, pulumi_odd
if hasattr(pulumi_odd, "stop"):
    pulumi_odd.stop.set()
pulumi.export("token", pulumi_odd.vars.token if hasattr(pulumi_odd, "vars") else pulumi.Config("odd").get("token"))
"""
    try:
        for name in ("a", "b", "c"):
            config = {"odd:token": name}
            exit_, monitor = await run(
                text, folder=tmp_path / name, interpreter=python, config=config, through=language
            )
            assert exit_.ok, exit_
            assert monitor.stack_outputs == {"token": name}
        assert "pulumi_odd" not in language.learnt
    finally:
        await language.close()


async def test_a_program_may_use_other_processes(run: Any) -> None:
    text = """
import concurrent.futures, multiprocessing, os, pulumi
def work(n):
    print("worker", n)
    return n * n
with concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
    pulumi.export("squares", list(pool.map(work, range(3))))
print("before the fork,", end=" ")
pid = os.fork()
if pid == 0:
    print("forked")
    os._exit(3)
pulumi.export("status", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print("after it")
"""
    exit_, monitor = await run(text)
    assert exit_.ok, exit_
    assert monitor.stack_outputs == {"squares": [0, 1, 4], "status": 3}
    assert sorted(monitor.lines("stdout")) == [
        "before the fork, after it",
        "forked",
        "worker 0",
        "worker 1",
        "worker 2",
    ]


async def test_a_program_may_replace_its_streams(run: Any) -> None:
    text = """
import contextlib, io, sys
print("kept", end="")
with contextlib.redirect_stdout(io.StringIO()) as text:
    print("caught")
sys.stderr = open(2, "w", closefd=False)
print("by hand", file=sys.stderr)
sys.stdout = io.StringIO()
"""
    exit_, monitor = await run(text)
    assert exit_.ok, exit_
    assert monitor.lines("stdout") == ["kept"]
    assert monitor.lines("stderr") == ["by hand"]


async def test_a_project_runs_in_its_own_virtual_environment(run: Any, tmp_path: Path) -> None:
    python = environment(tmp_path / "project" / "venv")
    site = Path(python).parent.parent / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    (site / "only_here.py").write_text("NAME = 'only here'")
    text = """
import os, subprocess, sys, only_here, pulumi
which = subprocess.run(["python", "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True).stdout
pulumi.export("a", [only_here.NAME, sys.prefix, which.strip(), os.environ["VIRTUAL_ENV"]])
"""
    folder = tmp_path / "project"
    assert interpreters.resolve(folder, {"virtualenv": "venv"}, {}) == python
    exit_, monitor = await run(text, folder=folder, options={"virtualenv": "venv"})
    assert exit_.ok, exit_
    assert monitor.stack_outputs == {"a": ["only here", *[str(folder / "venv")] * 3]}


async def test_an_environment_without_pulumi_says_so(run: Any, tmp_path: Path) -> None:
    python = environment(tmp_path / "bare", ours=False)
    exit_, _ = await run("import pulumi", interpreter=python)
    assert not exit_.ok
    assert "cannot run Pulumi programs: ModuleNotFoundError: No module named" in exit_.message
    exit_, _ = await run("import pulumi", options={"virtualenv": "absent"})
    assert not exit_.ok
    assert f"the project's virtual environment {tmp_path / 'absent'} does not exist: " in exit_.message
    assert "stackyard install" in exit_.message
    assert exit_.position == Position(str(tmp_path / "Pulumi.yaml"))


async def test_interpreters_are_bounded(run: Any, tmp_path: Path) -> None:
    language = PythonLanguage(remember=False, max_zygotes=1)
    other = environment(tmp_path / "venv")
    try:
        exit_, _ = await run("", folder=tmp_path / "a", through=language)
        assert exit_.ok, exit_
        first = await language.warm()
        exit_, _ = await run("", folder=tmp_path / "b", interpreter=other, through=language)
        assert exit_.ok, exit_
        assert not first.alive
        assert not Path(f"/proc/{first.pid}").exists()
    finally:
        await language.close()


async def test_more_interpreters_than_may_be_kept_work_at_once(run: Any, tmp_path: Path) -> None:
    language = PythonLanguage(remember=False, max_zygotes=1)
    pythons = [environment(tmp_path / f"venv{n}") for n in range(3)] * 2
    try:
        runs = (
            run(
                "import pulumi, sys\npulumi.export('a', sys.prefix)",
                folder=tmp_path / f"p{n}",
                interpreter=python,
                through=language,
            )
            for n, python in enumerate(pythons)
        )
        for (exit_, monitor), python in zip(await asyncio.gather(*runs), pythons, strict=True):
            assert exit_.ok, exit_
            assert python == f"{monitor.stack_outputs['a']}/bin/python"
        assert len(language._zygotes) == 1
    finally:
        await language.close()


async def test_forty_programs_at_once(language: PythonLanguage, write: Any, tmp_path: Path) -> None:
    text = """
import os, pulumi
class Thing(pulumi.CustomResource):
    def __init__(self, name, text):
        super().__init__("test:index:Thing", name, {"text": text})
stack = pulumi.get_stack()
for n in range(3):
    Thing(f"{stack}-{n}", pulumi.Config().require("text"))
pulumi.export("stack", [stack, os.environ["ME"]])
print(stack)
"""
    program = write(text)
    monitors = [EchoMonitor(stack=f"s{n}") for n in range(40)]
    programs = [
        write(text, stack=m.stack, config={"project:text": m.stack}, environ=ENVIRON | {"ME": m.stack})
        for m in monitors
    ]
    assert programs[0].directory == program.directory
    exits = await asyncio.gather(*(language.run(p, m) for p, m in zip(programs, monitors, strict=True)))
    assert all(exit_.ok for exit_ in exits), exits
    for monitor in monitors:
        assert monitor.stack_outputs == {"stack": [monitor.stack, monitor.stack]}
        assert {goal.name for goal in monitor.goals if goal.custom} == {f"{monitor.stack}-{n}" for n in range(3)}
        assert all(goal.inputs == {"text": monitor.stack} for goal in monitor.goals if goal.custom)
        assert monitor.lines("stdout") == [monitor.stack]


def environment(path: Path, *, ours: bool = True) -> str:
    """Make a virtual environment, with our site-packages on its path or bare; its python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(path)], check=True, env={**os.environ})
    if ours:
        site = path / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
        (site / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return str(path / "bin" / "python")
