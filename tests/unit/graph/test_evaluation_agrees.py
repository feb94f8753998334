"""The evaluator against Python itself: random programs are evaluated and run, and the two must not disagree.

Whatever a run refers to must have been told, or something must have been said to be unknown; and what was told for
certain must happen in every run that does not fail, whatever the environment holds.
"""

from __future__ import annotations

import builtins
import contextlib
import random
import types
from pathlib import Path
from typing import Any

import pytest

from stackyard.graph.evaluation import machine
from stackyard.graph.evaluation.sources import Source
from stackyard.graph.evaluation.state import Shared, Subject

PRELUDE = """
import os
import pulumi
def ref(name):
    return pulumi.StackReference(name)
a, b, c, xs, d = 'p', 'q', 'r', ['s', 't'], {'k': 'u'}
ys = []
zs = xs
class Box:
    def __init__(self, name):
        self.name = name
        self.made = []
    def set(self, name):
        self.name = name
        return self
    @property
    def twice(self):
        return self.name + self.name
    def make(self, s):
        self.made.append(s)
        ref(self.name + s)
box = Box('i')
def each(items):
    for i in items:
        if i != 's':
            yield i
def shout(function):
    def louder(s):
        return function(s).upper()
    return louder
@shout
def loud(s):
    return s + 'l'
def h(items):
    for i in items:
        if os.environ.get('U1'):
            return i
    return 'none'
def next_of(s):
    return s[1:] + s[:1] if s else 'none'
class manager:
    def __init__(self, name):
        self.name = name
    def __enter__(self):
        return self.name[-3:]
    def __exit__(self, *exception):
        return None
def fill(s):
    ys.append(s)
    return s
"""
UNKNOWNS = ("U0", "U1", "U2")


class Writer:
    """Writes random programs. Functions call no other random ones, so that every run ends."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def one(self, *options: str) -> str:
        return self.random.choice(options)

    def text(self, depth: int = 2) -> str:
        """An expression that is text."""
        if depth == 0 or self.random.random() < 0.4:
            return self.one("box.name", "a", "b", "c", "'x'", "'y'", "d['k']", "xs[0]", "xs[-1]", "d.get('m', 'z')")
        one, other = self.text(depth - 1), self.text(depth - 1)
        return self.one(
            f"({one} + {other})",
            f"f'{{{self.one('a', 'b', 'c')}}}-{{{self.one('a', 'b', 'c')}}}'",
            f"{one}.upper()",
            "'/'.join(xs)[:9]",
            f"({one} if {self.condition()} else {other})",
            f"({one} or {other})",
            f"f({one})",
            f"fill({one})",
            "box.twice[-4:]",
            f"loud({one})",
            "'+'.join(each(xs))[:9]",
            f"(lambda s: s + {other})({one})",
        )

    def condition(self) -> str:
        known = self.one(
            f"{self.one('a', 'b', 'c')} == {self.one(repr('p'), repr('x'), 'a')}",
            f"len(xs) > {self.random.randint(0, 4)}",
            f"{self.one('k', 'm')!r} in d",
            self.one("True", "False", "not xs", "c.startswith('r')", "ys"),
        )
        unknown = f"os.environ.get({self.one(*UNKNOWNS)!r})"
        return self.one(known, unknown, f"not {unknown}", f"({unknown} and {known})", f"({known} or {unknown})")

    def simple(self, *more: str) -> str:
        """A statement of one line. Texts are cut, since loops would double them without end."""
        text = f"({self.text()})[-9:]"
        return self.one(
            f"ref({text})",
            f"ref({text})",
            f"{self.one('a', 'b', 'c')} = {text}",
            f"{self.one('a', 'b', 'c')} += {self.one('a', 'b', repr('z'))}[-3:]",
            f"xs.append({text})",
            f"xs = xs + [{text}]",
            f"xs = [s[-5:] + {text} for s in list(xs) if {self.condition()}]",
            f"d[{self.one('k', 'm')!r}] = {text}",
            f"d = {{**d, 'm': {text}}}",
            f"a, b = b, {text}",
            f"g({text})",
            f"{self.condition()} and ref({text})",
            self.one("xs.pop()", "d.pop('m', None)", "xs[0] = a", "del d['k']", "xs = sorted(xs)", "c = h(xs)"),
            self.one(
                "zs = xs", "zs.append(a)", "box = Box(a[-3:])", "box.name = b[-3:]", "c = box.made[-1]", "zs = list(zs)"
            ),
            f"box.make({text})",
            f"c = next_of({text})",
            *more,
        )

    def block(self, depth: int, *more: str) -> str:
        lines = []
        for _ in range(self.random.randint(1, 3)):
            compound = depth and self.random.random() < 0.45
            lines.append(self.compound(depth - 1, *more) if compound else self.simple(*more))
        return "\n".join(lines)

    def compound(self, depth: int, *more: str) -> str:
        """An `if`, a loop or a `try`."""
        one, other = indented(self.block(depth, *more)), indented(self.block(depth, *more))
        loop = indented(self.block(depth, "break", "continue", *more))
        count = f"n{self.random.randrange(10**9)}"
        return self.one(
            f"if {self.condition()}:\n{one}",
            f"if {self.condition()}:\n{one}\nelse:\n{other}",
            f"for {self.one('a', 'b')} in list(xs)[:3]:\n{loop}",
            f"for n in range(2):\n{loop}\nelse:\n{other}",
            f"for k, v in list(d.items()):\n{loop}\n    ref(k + v)",
            f"try:\n{one}\nexcept OSError:\n{other}",
            f"try:\n{one}\nfinally:\n{other}",
            f"{count} = 0\nwhile {count} < 2 and {self.condition()}:\n    {count} += 1\n{loop}",
            f"with manager({self.text()}) as c:\n{one}",
            f"match {self.text()}:\n    case 'p' | 'x':\n{indented(one)}\n    case _:\n{indented(other)}",
            f"def local(s):\n{one}\n    return s + c\nif {self.condition()}:\n    ref(local(a)[-9:])"
            if not more
            else f"if True:\n{one}",
        )

    def function(self, name: str) -> str:
        lines = [self.inner() for _ in range(self.random.randint(1, 3))]
        if self.random.random() < 0.5:
            lines.append(f"if {self.condition()}:\n    {self.inner()}")
        return f"def {name}(s):\n{indented(chr(10).join(lines))}\n    return {self.one('s', 's + a', repr('t'))}"

    def inner(self) -> str:
        return self.one(
            "s = s + a", "s = s + 'f'", "return s", "ref(s)", "ref(s + b)", "xs.append(s)", "d['k'] = s", "s = xs[0]"
        )

    def program(self) -> str:
        return f"{self.function('f')}\n{self.function('g')}\n{self.block(2)}\nfor y in ys:\n    ref(y)\n"


def indented(text: str) -> str:
    return "\n".join("    " + line for line in text.split("\n"))


def told(program: str) -> tuple[set[str], set[str], bool]:
    """What the evaluator says: certain names, possible names, whether anything is unknown."""
    source = Source(Path("/estate/app/__main__.py"), "app/__main__.py", PRELUDE + program)
    shared = Shared(Path("/estate"))
    shared.learn(source, ())
    shared.find_sinks()
    subject = Subject("acme", "app", "QA", Path("/estate/app"), (), lambda key: None)
    facts, _ = machine.evaluate(source, subject, shared)
    assert facts.stopped is None or "Stackyard itself" not in facts.stopped[1], facts.stopped
    found = facts.references.values()
    certain = {each.name for each in found if not each.reason and not each.conditional}
    unknown = facts.stopped is not None or any(each.reason for each in found)
    return certain, {each.name for each in found if not each.reason}, unknown


def done(program: str, environ: dict[str, str]) -> tuple[set[str], bool]:
    """What a run refers to, and whether it ended well."""
    made: list[str] = []
    modules: dict[str, Any] = {
        "os": types.SimpleNamespace(environ=environ),
        "pulumi": types.SimpleNamespace(StackReference=made.append),
    }
    names: dict[str, Any] = {"__builtins__": {**vars(builtins), "__import__": lambda name, *_: modules[name]}}
    with contextlib.suppress(KeyError, IndexError, TypeError, NameError):
        exec(compile(PRELUDE + program, "program", "exec"), names)
        return set(made), True
    return set(made), False


def disagreement(seed: int) -> str:
    """What the evaluator and a run say differently of one random program; nothing when they agree."""
    program = Writer(seed).program()
    certain, possible, unknown = told(program)
    for chosen in range(2 ** len(UNKNOWNS)):
        environ = {name: "yes" for index, name in enumerate(UNKNOWNS) if chosen >> index & 1}
        made, ended_well = done(program, environ)
        if not unknown and not made <= possible:
            return f"with {environ} it refers to {made - possible}, which nobody told\n{program}"
        if ended_well and not certain <= made:
            return f"with {environ} it does not refer to {certain - made}, which was told for certain\n{program}"
    return ""


@pytest.mark.parametrize("hundred", range(5))
def test_what_is_told_is_what_happens(hundred: int) -> None:
    for seed in range(hundred * 100, hundred * 100 + 100):
        assert disagreement(seed) == ""


def test_the_comparison_can_fail() -> None:
    """Known and unknown programs both occur, and runs make references: else agreeing would mean nothing."""
    programs = [Writer(seed).program() for seed in range(100)]
    answers = [told(program) for program in programs]
    assert sum(not unknown for _, _, unknown in answers) > 30
    assert sum(bool(certain) for certain, _, _ in answers) > 30
    assert sum(bool(possible - certain) for certain, possible, _ in answers) > 20
    assert sum(done(program, {})[1] for program in programs) > 50
