"""How a program that fails is reported: the fault as its author should read it, at a line of theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stackyard import errors
from stackyard.languages.base import Exit
from stackyard.model.registrations import Goal
from stackyard.testing.monitors import EchoMonitor

pytestmark = pytest.mark.asyncio(loop_scope="module")

THING = """\
import pulumi
class Thing(pulumi.CustomResource):
    def __init__(self, name, text=None, opts=None):
        super().__init__("test:index:Thing", name, {"text": text}, opts)
"""


def at(exit_: Exit) -> tuple[str, int]:
    assert exit_.position is not None, exit_
    return Path(exit_.position.path).name, exit_.position.line


async def test_an_exception_is_placed_in_the_users_own_deepest_frame(run: Any) -> None:
    helper = "import json\n\ndef load(text):\n    return json.loads(text)\n"
    exit_, monitor = await run("import helper\nhelper.load('{')\n", files={"helper.py": helper})
    assert not exit_.ok
    assert exit_.message.startswith("json.decoder.JSONDecodeError: Expecting property name")
    assert at(exit_) == ("helper.py", 4)
    assert exit_.traceback.startswith("Traceback (most recent call last):\n  File ")
    assert "runpy" not in exit_.traceback
    assert monitor.finished == 0


async def test_an_exception_in_an_apply(run: Any) -> None:
    text = THING + "def double(text):\n    return text['héllo']\nThing('a', 'x').text.apply(double)\n"
    exit_, _ = await run(text)
    assert exit_.message == "TypeError: string indices must be integers, not 'str'"
    assert at(exit_) == ("__main__.py", 6)


async def test_a_run_error_is_only_its_text(run: Any) -> None:
    exit_, _ = await run("import pulumi\nraise pulumi.RunError('say it like this')")
    assert (exit_.ok, exit_.message) == (False, "say it like this")
    assert at(exit_) == ("__main__.py", 2)


async def test_a_missing_config_value(run: Any) -> None:
    exit_, _ = await run("import pulumi\n\npulumi.Config().require('size')")
    assert "Missing required configuration variable 'project:size'" in exit_.message
    assert at(exit_) == ("__main__.py", 3)


async def test_a_syntax_error_is_placed(run: Any) -> None:
    exit_, _ = await run("import helper", files={"helper.py": "x = 1\ndef f(:\n    pass\n"})
    assert exit_.message == "SyntaxError: invalid syntax"
    assert at(exit_) == ("helper.py", 2)
    assert exit_.position is not None
    assert exit_.position.column == 7


async def test_a_missing_module(run: Any) -> None:
    exit_, _ = await run("import pulumi\nimport no_such_module\n")
    assert exit_.message == "ModuleNotFoundError: No module named 'no_such_module'"
    assert at(exit_) == ("__main__.py", 2)


async def test_there_is_no_program(run: Any, tmp_path: Path) -> None:
    exit_, _ = await run("", main="empty", files={"empty/other.py": ""})
    assert not exit_.ok
    assert exit_.message == f"there is no program: {tmp_path / 'empty'} has no __main__.py"


async def test_the_folder_is_not_there(run: Any) -> None:
    exit_, _ = await run("", main="absent")
    assert not exit_.ok
    assert "absent" in exit_.message


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("sys.exit(3)", "the program ended itself with exit code 3"),
        ("sys.exit('told why')", "told why"),
        ("raise SystemExit(32)", ""),
    ],
)
async def test_sys_exit_fails(run: Any, call: str, message: str) -> None:
    exit_, monitor = await run(THING + f"import sys\nThing('a')\n{call}\n")
    assert (exit_.ok, exit_.message) == (False, message)
    assert at(exit_) == ("__main__.py", 7)
    assert monitor.finished == 0


async def test_sys_exit_0_ends_well_with_what_was_registered_before(run: Any) -> None:
    exit_, monitor = await run(THING + "import sys\nThing('a')\nsys.exit(0)\nThing('b')\n")
    assert exit_.ok, exit_
    assert [goal.name for goal in monitor.goals] == ["project-dev", "a"]
    assert monitor.finished == 0


async def test_dying_without_a_word(run: Any) -> None:
    exit_, _ = await run("import os\nprint('last words')\nos._exit(9)")
    assert (exit_.ok, exit_.message) == (False, "the program ended with exit code 9 without saying why")
    exit_, _ = await run("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")
    assert (exit_.ok, exit_.message) == (False, "the program was killed by SIGSEGV without saying why")


async def test_closing_descriptors_that_are_not_its_own(run: Any) -> None:
    exit_, _ = await run(THING + "import os\nos.closerange(3, 256)\nThing('a')\n")
    assert not exit_.ok


async def test_failing_in_an_exit_handler(run: Any) -> None:
    exit_, _ = await run("import atexit, os\natexit.register(lambda: os._exit(5))")
    assert (exit_.ok, exit_.message) == (False, "the program ended with exit code 5")


async def test_what_the_monitor_refuses_is_told_in_its_words_at_the_resource(run: Any) -> None:
    monitor = EchoMonitor()

    async def refuse(goal: Goal) -> None:
        if goal.name == "b":
            raise errors.EngineError("duplicate URN", hint="rename one")

    monitor.before_register = refuse
    exit_, _ = await run(THING + "Thing('a')\nThing('c', Thing('b').text)\n", monitor)
    assert (exit_.ok, exit_.message) == (False, "duplicate URN")
    assert at(exit_) == ("__main__.py", 6)
    assert [goal.name for goal in monitor.goals if goal.name == "c"] == []


async def test_an_unforeseen_fault_of_the_monitor_reaches_the_program(run: Any) -> None:
    monitor = EchoMonitor()

    async def fail(goal: Goal) -> None:
        raise ZeroDivisionError

    monitor.before_register = fail
    exit_, _ = await run(THING + "Thing('a')\n", monitor)
    assert (exit_.ok, exit_.message) == (False, "ZeroDivisionError")


async def test_a_stopping_engine_is_no_fault_of_the_program(run: Any) -> None:
    monitor = EchoMonitor()

    async def stop(goal: Goal) -> None:
        if goal.custom:
            raise errors.Cancelled("stopping")

    monitor.before_register = stop
    exit_, _ = await run(THING + "Thing('a')\n", monitor)
    assert (exit_.ok, exit_.message) == (False, "")


async def test_the_first_of_several_faults_is_shown(run: Any) -> None:
    text = THING + "first = Thing('a', 'x').text.apply(lambda text: 1 / 0)\nThing('b', first)\nThing('c', first)\n"
    exit_, _ = await run(text)
    assert exit_.message == "ZeroDivisionError: division by zero"
    assert at(exit_) == ("__main__.py", 5)


async def test_an_interpreter_that_cannot_run_programs(run: Any, tmp_path: Path) -> None:
    exit_, _ = await run("", interpreter=str(tmp_path / "no-python"))
    assert not exit_.ok
    assert "no-python cannot be started: No such file or directory" in exit_.message
