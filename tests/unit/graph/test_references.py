"""What the evaluator tells of programs' sources: the cases of `references.cases`, and estates of several files."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import ClassVar

import pytest

from stackyard.estate.discovery import discover
from stackyard.graph import references
from stackyard.graph.evaluation.state import Hidden
from stackyard.model.estates import Stack

CONFIG = {
    "app:network": "acme/network/QA",
    "app:stage": "QA",
    "app:enabled": "true",
    "app:disabled": "false",
    "app:count": "2",
    "app:many": '["a", "b"]',
    "app:tree": '{"net": {"stack": "deep"}}',
    "aws:region": "eu-west-1",
}

_CASE = re.compile(r"^== (.+) ==\n((?:.*\n)+?)-> (.*)$", re.MULTILINE)
CASES = _CASE.findall(Path(__file__).with_name("references.cases").read_text())
PRELUDE = "import pulumi\n\n\ndef ref(name):\n    return pulumi.StackReference(name)\n\n\n"
WITH_R = PRELUDE + "r = pulumi.StackReference('n')\n"


def config_value(stack: Stack, key: str) -> str | None:
    if key == "app:hidden":
        raise Hidden("the secret app:hidden")
    return CONFIG.get(key)


def evaluated(root: Path, program: str, files: dict[str, str] | None = None) -> references.Evaluation:
    contents = {
        "stackyard.yaml": "organization: acme",
        "app/Pulumi.yaml": "name: app\nruntime: python\n",
        "app/Pulumi.QA.yaml": "",
        "app/__main__.py": textwrap.dedent(program),
        **(files or {}),
    }
    for name, text in contents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return references.evaluate(discover(root).estate, config_value)


def told(evaluation: references.Evaluation) -> list[str]:
    """References as the cases write them; `!` begins what could not be told."""
    found = []
    for each in evaluation.references:
        for evidence in each.evidence:
            keys = f":{','.join(evidence.keys)}" if evidence.keys else ""
            found.append(f"{each.target}{'?' if evidence.conditional else ''}{keys}")
    prefix = "cannot tell which stack this refers to: it depends on "
    found += ["!" + each.message.removeprefix(prefix) for each in evaluation.diagnostics]
    return sorted(found)


def full(text: str) -> str:
    """A name as the cases write it, as the estate understands it."""
    name, mark, keys = text.partition(":")
    conditional = "?" if name.endswith("?") else ""
    parts = name.removesuffix("?").split("/")
    whole = "/".join(["acme", "app"][: 3 - len(parts)] + parts) if len(parts) != 2 else f"acme/{name.removesuffix('?')}"
    return f"{whole}{conditional}{mark}{keys}"


@pytest.mark.parametrize(("name", "program", "expected"), CASES, ids=[name for name, _, _ in CASES])
def test_a_program(tmp_path: Path, name: str, program: str, expected: str) -> None:
    wanted = [] if expected == "nothing" else expected.split(" | ")
    wanted = sorted(each if each.startswith("!") else full(each) for each in wanted)
    found = told(evaluated(tmp_path, (WITH_R if name.endswith("(r)") else PRELUDE) + program))
    if "!" in wanted:  # Any reason will do.
        found = sorted("!" if each.startswith("!") else each for each in found)
    assert found == wanted


def test_there_are_enough_cases() -> None:
    """A change of the file's form must not make cases disappear unseen."""
    assert len(CASES) > 130


SHARED = {
    "lib/__init__.py": "",
    "lib/names.py": "NETWORK = 'network'\nDNS = NETWORK.replace('network', 'dns')\n",
    "lib/stacks.py": """
        from __future__ import annotations
        import pulumi
        from dataclasses import dataclass
        from . import names as n

        @dataclass
        class Info:
            stack: str
            suffix: str

        def parse() -> Info:
            stack = pulumi.get_stack()
            return Info(stack, stack.rsplit('.', 1)[-1].lower())

        def open(project: str, stack: str | None = None, *, opts=None) -> pulumi.StackReference:
            from lib.legacy import PREFIX
            return pulumi.StackReference(f'{project}/{stack or parse().stack}', opts=opts)

        def network() -> pulumi.StackReference:
            return open(n.NETWORK)
    """,
    "lib/registry.py": "NAMES = []\ndef register(n):\n    NAMES.append(n)\n",
    "lib/cache.py": """
        import pulumi
        _cache = {}
        def get(n):
            if n not in _cache:
                _cache[n] = pulumi.StackReference(n + '/QA')
            return _cache[n]
    """,
    "lib/legacy.py": "PREFIX = {}\n",
    "src/pkg/deep/__init__.py": "from .inner import REF\n",
    "src/pkg/deep/inner.py": "import pulumi\nREF = pulumi.StackReference('deep/QA')\n",
}

ACROSS: dict[str, tuple[str, list[str]]] = {
    "a helper": (
        "from lib.stacks import open\nfrom lib import names\nopen(names.DNS, 'QA').get_output('z')", ["acme/dns/QA:z"]),
    "a helper of a helper": ("from lib import stacks\nstacks.network().get_output('vpc')", ["acme/network/QA:vpc"]),
    "through a dotted import": ("import lib.stacks\nlib.stacks.network()", ["acme/network/QA"]),
    "renamed": ("import lib.stacks as s\ns.open('a', s.parse().suffix)", ["acme/a/qa"]),
    "made when imported": ("from pkg.deep import REF\nREF.get_output('x')", ["acme/deep/QA:x"]),
    "made by an unused import": ("import pkg.deep", ["acme/deep/QA"]),
    "star import": ("from lib.names import *\nfrom lib.stacks import *\nopen(DNS)", ["acme/dns/QA"]),
    "imported by name": ("import importlib\nimportlib.import_module('lib.stacks').open('a')", ["acme/a/QA"]),
    "beside the program": ("import beside\nbeside.make()", ["acme/beside/QA"]),
    "of its own folder": ("from parts.one import NAME\nfrom lib.stacks import open\nopen(NAME)", ["acme/one/QA"]),
    "a list that a shared function fills": (
        "from lib.registry import *\nfrom lib.stacks import open\nregister('x')\nfor n in NAMES:\n    open(n)",
        ["!a name"],
    ),
    "a cache in a shared module": (
        "from lib.cache import get\nget('x').get_output('k')\nget('x').get_output('j')",
        ["acme/x/QA:j,k"],
    ),
    "not there": ("from lib.absent import thing\nfrom lib.stacks import open\nopen(thing)", ["!a name"]),
}  # fmt: skip
BESIDE = {
    "app/beside.py": "import pulumi\ndef make():\n    return pulumi.StackReference(f'beside/{pulumi.get_stack()}')\n",
    "app/parts/one.py": "NAME = 'one'\n",
}


@pytest.mark.parametrize("name", ACROSS)
def test_modules_of_the_estate(tmp_path: Path, name: str) -> None:
    program, expected = ACROSS[name]
    files = {path: textwrap.dedent(text) for path, text in (SHARED | BESIDE).items()}
    found = told(evaluated(tmp_path, program, files))
    assert [re.sub("^!.*", "!a name", each) for each in found] == expected


def test_evidence_stands_in_the_program_not_in_the_shared_module(tmp_path: Path) -> None:
    files = {path: textwrap.dedent(text) for path, text in SHARED.items()}
    program = "from lib import stacks\n\nnet = stacks.network()\nnet.require_output('vpc')\n"
    (reference,) = evaluated(tmp_path, program, files).references
    assert [str(evidence.position) for evidence in reference.evidence] == ["app/__main__.py:3:7"]


def test_sources_that_the_manifest_names_are_looked_in(tmp_path: Path) -> None:
    files = {
        "stackyard.yaml": "organization: acme\ndiscovery: {sources: [packages/common/src]}",
        "packages/common/src/common/__init__.py": "NAME = 'x/QA'\n",
    }
    assert told(evaluated(tmp_path, PRELUDE + "from common import NAME\nref(NAME)", files)) == ["acme/x/QA"]


def test_a_program_in_another_folder(tmp_path: Path) -> None:
    files = {
        "app/Pulumi.yaml": "name: app\nruntime: python\nmain: code\n",
        "app/code/__main__.py": PRELUDE + "from near import N\nref(N)",
        "app/code/near.py": "N = 'x/QA'",
    }
    assert told(evaluated(tmp_path, "ref('never')", files)) == ["acme/x/QA"]


FLAT = {
    "app/Pulumi.yaml": "name: app\nruntime: python\n",
    "app/Pulumi.app.QA.yaml": "",
    "net/Pulumi.yaml": "name: net\nruntime: python\n",
    "net/Pulumi.aws.network.QA.yaml": "",
    "net/Pulumi.twice.yaml": "",
    "dns/Pulumi.yaml": "name: dns\nruntime: python\n",
    "dns/Pulumi.twice.yaml": "",
}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("aws.network.QA", "acme/net/aws.network.QA"),
        ("net/aws.network.QA", "acme/net/aws.network.QA"),
        ("acme/net/aws.network.QA", "acme/net/aws.network.QA"),
        ("organization/net/aws.network.QA", "acme/net/aws.network.QA"),
        ("app.QA", "acme/app/app.QA"),
        ("organization/app.QA", "acme/app/app.QA"),
        ("elsewhere/net/QA", "elsewhere/net/QA (external)"),
        ("net/absent", "acme/net/absent (external)"),
        ("absent", "acme/app/absent (external)"),
        ("twice", "'twice' may be any of 2 stacks: dns/twice, net/twice"),
        ("a/b/c/d", "'a/b/c/d' is not a stack name: use organization/project/stack"),
        ("", "'' is not a stack name: use organization/project/stack"),
    ],
)
def test_names_flat_and_full(tmp_path: Path, written: str, expected: str) -> None:
    found = evaluated(tmp_path, PRELUDE + f"ref({written!r})", FLAT)
    for stack in ("app/Pulumi.QA.yaml",):
        (tmp_path / stack).unlink()
    found = references.evaluate(discover(tmp_path).estate, config_value)
    shown = [f"{r.target}{' (external)' if r.external else ''}" for r in found.references if "app" in r.reader.project]
    shown += [diagnostic.message for diagnostic in found.diagnostics]
    assert shown == [expected]


HOSTILE: dict[str, str] = {
    "a long loop": "for a in range(9999):\n    for b in range(9999):\n        pulumi.get_stack(); ref('x')",
    "an endless loop": "while True:\n    ref('x')",
    "text that doubles": "s = 'x'\nfor i in range(100):\n    s = s + s\nref(s)",
    "a repetition": "ref('x' * 10**9)\nref('x'.ljust(10**9))\nref('x'.zfill(10**9))",
    "widths": "ref(f\"{'x':1000000000}\")\nref('%1000000000d' % 1)\nref('{:1000000000}'.format('x'))",
    "a width from outside": "ref('%*d' % (10**9, 1))\nref('{:{}}'.format('x', 10**9))\nw = 10**9\nref(f\"{'x':{w}}\")",
    "numbers": "n = 9 ** 9 ** 9\nn = 1 << 10**9\nfor i in range(100):\n    n = n * n\nref(str(n))",
    "replace": "ref(('x' * 9999).replace('x', 'y' * 9999))",
    "a range": "for i in range(10**12):\n    ref('x')",
    "lists that double": "l = ['x']\nfor i in range(100):\n    l = l + l\nref(l[0])",
    "a list in itself": "l = []\nl.append(l)\nd = {'l': l}\nref(l[0])\nref(f'{l}')\nif l == l:\n    ref('x')",
    "many calls": "def f(n):\n    return [f(n - 1), f(n - 1)]\nref(f(50))",
    "deep calls": "def f(n):\n    return f(n + 1)\nref(f(0))",
    "a deep expression": "ref(" + "(" * 150 + "'x'" + ")" * 150 + ")\nref(" + "+".join(["'x'"] * 3000) + ")",
    "classes in a circle": "class A(B): pass\nclass B(A): pass\nref(A().x)\nref(B.y)",
    "choices that multiply": "import os\ns = ''\n" + "s += 'a' if os.environ.get('X') else 'b'\n" * 40 + "ref(s)",
    "branches that multiply": "import os\ns = ''\n" + "if os.environ.get('X'):\n    s += 'a'\n" * 200 + "ref(s)",
    "attributes of formats": "ref('{0.__class__.__mro__}'.format('x'))",
    "a decorator on itself": "@f\ndef f(x):\n    return f(x)\nref(f('x'))",
    "a metaclass": "class M(type):\n    def __call__(cls):\n        return ref('x')\nclass A(metaclass=M): pass\nA()",
    "generators": "def g():\n    yield from g()\nfor x in g():\n    ref(x)",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_programs_end(tmp_path: Path, name: str) -> None:
    """They end, without a fault of ours; and nothing but known or unknown names comes out."""
    found = evaluated(tmp_path, PRELUDE + HOSTILE[name])
    assert all(len(str(each.target)) < 300 for each in found.references)


def test_a_budget_that_is_used_up_is_said_with_its_place(tmp_path: Path) -> None:
    found = evaluated(tmp_path, PRELUDE + "ref('x')\n" + HOSTILE["an endless loop"] + "\nref('y')")
    assert [r.target.stack for r in found.references] == ["x"]
    (warning,) = found.diagnostics
    assert "takes more than" in warning.message
    assert warning.position is not None
    assert warning.position.path == "app/__main__.py"


@pytest.mark.parametrize(
    ("program", "expected"),
    [("def f(:\n", "app/__main__.py:1:7"), ("x = 1\n  y = 2\n", "app/__main__.py:2:"), ("\x00", "app/__main__.py")],
)
def test_a_program_that_does_not_parse(tmp_path: Path, program: str, expected: str) -> None:
    (warning,) = evaluated(tmp_path, program).diagnostics
    assert str(warning.position).startswith(expected)
    assert "could not be evaluated to its end" in warning.message


def test_nothing_of_a_program_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    program = f"import os\nopen({str(mark)!r}, 'w').write('x')\nos.system('touch {mark}')\n"
    code = f"import os; os.mkdir({str(mark)!r})"
    program += f"__import__('os').mkdir({str(mark)!r})\nexec({code!r})\n"
    evaluated(tmp_path, program + PRELUDE + "ref(str(os.system('true')))")
    assert not mark.exists()


def test_the_same_fault_in_several_stacks_is_told_once(tmp_path: Path) -> None:
    files = {"app/Pulumi.CI.yaml": "", "app/Pulumi.Production.yaml": ""}
    (warning,) = evaluated(tmp_path, PRELUDE + "import os\nref(os.environ['X'])", files).diagnostics
    assert warning.message.endswith("an environment variable (in app/CI, app/Production, app/QA)")


def test_languages_that_are_not_read_are_left_alone(tmp_path: Path) -> None:
    files = {"app/Pulumi.yaml": "name: app\nruntime: dotnet\n"}
    assert evaluated(tmp_path, "ref('x')", files) == references.Evaluation()


def test_the_stacks_own_files_give_configuration(tmp_path: Path) -> None:
    evaluated(
        tmp_path,
        PRELUDE + "c = pulumi.Config()\nfor k in ('a', 'b', 'd', 'e', 's', 'n'):\n    ref(c.require(k))",
        {
            "app/Pulumi.yaml": "name: app\nruntime: python\n"
            "config: {a: never, b: from-project, d: {type: string, default: given}}",
            "app/Pulumi.QA.yaml": "config: {'app:a': from-stack, 'app:s': {secure: v1:x}, 'app:n': 7}",
            "stackyard.yaml": "organization: acme\n"
            "fleets: [{project: app, registry: r, stack: '{entry}.F', config: {'app:e': '{entry}'}}]",
            "r/one.yaml": "",
        },
    )
    found = references.evaluate(discover(tmp_path).estate)
    assert {(r.reader.stack, r.target.stack) for r in found.references} == {
        ("QA", "from-stack"), ("QA", "from-project"), ("QA", "given"), ("QA", "7"),
        ("one.F", "never"), ("one.F", "from-project"), ("one.F", "given"), ("one.F", "one"),
    }  # fmt: skip
    assert sorted(each.message.rpartition("depends on ")[2] for each in found.diagnostics) == [
        "the configuration value app:e, which is not set",
        "the configuration value app:n, which is not set",
        "the configuration value app:s, which is not set",
        "the secret app:s",
    ]


class TestMemory:
    """Evaluations are remembered until something they depended on changes."""

    @pytest.fixture(autouse=True)
    def _settled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("stackyard.estate.index.settled", lambda status: True)

    FILES: ClassVar = {path: textwrap.dedent(text) for path, text in SHARED.items()}
    PROGRAM: ClassVar = PRELUDE + "from lib import names\nref(names.DNS)\nref(pulumi.Config().require('stage'))\n"

    def test_nothing_is_evaluated_twice(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        first = evaluated(tmp_path, self.PROGRAM, self.FILES)
        monkeypatch.setattr("stackyard.graph.evaluation.machine.evaluate", None)
        assert references.evaluate(discover(tmp_path).estate, config_value) == first

    @pytest.mark.parametrize(
        ("file", "text"),
        [
            ("app/__main__.py", PRELUDE + "ref('new')"),
            ("lib/names.py", "DNS = 'new'"),
            ("lib/__init__.py", "names = type('N', (), {})"),
            ("app/lib.py", "class names:\n    DNS = 'new'"),
        ],
    )
    def test_a_changed_source_is_seen(self, tmp_path: Path, file: str, text: str) -> None:
        first = evaluated(tmp_path, self.PROGRAM, self.FILES)
        (tmp_path / file).write_text(text)
        assert references.evaluate(discover(tmp_path).estate, config_value) != first

    def test_a_changed_value_is_seen_and_no_value_is_kept(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        evaluated(tmp_path, self.PROGRAM, self.FILES)
        assert b'"stage"' not in (tmp_path / ".stackyard/index.db").read_bytes()
        monkeypatch.setitem(CONFIG, "app:stage", "Other")
        found = references.evaluate(discover(tmp_path).estate, config_value)
        assert "acme/app/Other" in [str(r.target) for r in found.references]


SDKS = {
    "all.ts": 'core.requireOutput("a"); core.getOutput("b"); new pulumi.StackReference("acme/app/QA").getOutput("c")',
    "some.ts": 'core.requireOutput("a"); console.log(core)',
    "open.ts": 'core.requireOutput("a"); new pulumi.StackReference(process.env.CORE!)',
    "none.ts": "",
}


@pytest.mark.parametrize(("entry", "expected"), [("all.ts", {"core": {"a", "b"}}), *((n, {}) for n in list(SDKS)[1:])])
def test_the_only_keys_a_program_asks_for(tmp_path: Path, entry: str, expected: dict[str, set[str]]) -> None:
    """Of programs whose SDK is given all outputs at once; those of Python ask one by one."""
    text = f'const core = new pulumi.StackReference("acme/core/QA");\n{SDKS[entry]};\n'
    files = {"web/Pulumi.yaml": f"name: web\nruntime: nodejs\nmain: {entry}\n", "web/Pulumi.QA.yaml": ""}
    program = "import pulumi\npulumi.StackReference('acme/core/QA').get_output('a')\n"
    asked = evaluated(tmp_path, program, {**files, f"web/{entry}": text}).asked
    assert {target.project: keys for (_, target), keys in asked.items()} == expected
