"""Runs the command line in this process, as `python -m stackyard` would, and reads what it wrote."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import io
import json
import shutil
from pathlib import Path
from typing import Any

from stackyard.cli import main
from stackyard.cloud.client import EmbeddedCloud

QUIET = {"same", "read", "refresh", "discard", "remove-pending-replace"}


@dataclasses.dataclass(frozen=True)
class Result:
    """What one command line came to."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The JSON lines it wrote."""
        return [json.loads(line) for line in self.stdout.splitlines() if line.startswith("{")]

    @property
    def plans(self) -> dict[str, dict[str, Any]]:
        """The plans it showed, by stack."""
        return {each["plan"]["stack"]: each["plan"] for each in self.documents if each["kind"] == "plan"}

    @property
    def changes(self) -> list[dict[str, Any]]:
        """The steps of all plans that alter a resource."""
        steps = [step for plan in self.plans.values() for step in plan["steps"]]
        return [step for step in steps if not step["internal"] and step["op"] not in QUIET]

    @property
    def counts(self) -> dict[str, int]:
        """How many resources would be created, updated, replaced, deleted; a replacement counts once."""
        ops = [step["op"] for step in self.changes]
        return dict(collections.Counter(op for op in ops if op not in ("create-replacement", "delete-replaced")))

    @property
    def planned(self) -> set[tuple[str, str]]:
        """Operation and URN of every change of all plans."""
        return {(step["op"], step["urn"]) for step in self.changes}

    @property
    def executed(self) -> set[tuple[str, str]]:
        """Operation and URN of every change that was really made."""
        made, applying = set(), False
        for each in self.documents:
            if each["kind"] == "run-started":
                applying = not each["preview"]
            elif each["kind"] == "step-finished" and applying and not each["error"] and each["op"] not in QUIET:
                made.add((each["op"], each["urn"]))
        # The default providers are the engine's own: no plan shows them.
        return {(op, urn) for op, urn in made if "::pulumi:providers:" not in urn}

    @property
    def complaints(self) -> list[str]:
        """What it said was wrong, and where."""
        told = [each["diagnostic"] for each in self.documents if each["kind"] == "diagnostic"]
        return [f"{each['stack']} {each['urn'].split('::', 2)[-1]}: {each['message']}" for each in told]

    def done(self) -> Result:
        """Itself, when it ended well; otherwise the test fails with what was wrong."""
        said = "\n".join(self.complaints) or self.stdout[-3000:]
        assert self.exit_code == 0, f"exit code {self.exit_code}\n{self.stderr}\n{said}"
        return self


def run(cwd: Path, *arguments: str) -> Result:
    """Run `stackyard -C cwd arguments` here."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        exit_code = main.run(["-C", str(cwd), *arguments])
    return Result(exit_code, out.getvalue(), err.getvalue())


def outputs(cwd: Path, stack: str = "") -> dict[str, Any]:
    """A stack's outputs, secrets in clear."""
    named = [stack] if stack else []
    shown = run(cwd, "output", *named, "--show-secrets", "--json").done()
    found: dict[str, Any] = shown.documents[-1]["outputs"]
    return found


def copied(source: Path, target: Path, cloud: EmbeddedCloud) -> Path:
    """A copy of an estate without its state and what `make demo` made in it, whose embedded cloud is `cloud`."""
    made = shutil.ignore_patterns(".stackyard", "__pycache__", "demo.yaml", "*.*.*.yaml")
    shutil.copytree(source, target, ignore=made)
    (target / ".stackyard").mkdir()
    (target / ".stackyard" / "cloud").symlink_to(cloud.folder)
    return target
