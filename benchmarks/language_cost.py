"""What a program costs in each language: the first run of it, and the runs after, against an echo monitor.

    python -m benchmarks.language_cost [runs]

Nothing but the language is measured: no engine, no state, no provider. The Node.js packages and Go modules are those
of the tests. "First" is with nothing kept of the program; what its tools keep of packages (Go's build cache) is there.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from stackyard.languages.base import Language, Program
from stackyard.languages.golang import GoLanguage
from stackyard.languages.nodejs import NodejsLanguage
from stackyard.languages.python import PythonLanguage
from stackyard.languages.yaml.language import YamlLanguage
from stackyard.testing.monitors import EchoMonitor

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stackyard" / "tests"

PYTHON = """
import pulumi
class Thing(pulumi.CustomResource):
    def __init__(self, name, text):
        super().__init__("test:index:Thing", name, {"text": text})
for name in ("first", "second", "third"):
    Thing(name, "a")
"""
SCRIPT = """
const pulumi = require("@pulumi/pulumi");
for (const name of ["first", "second", "third"])
    new pulumi.CustomResource("test:index:Thing", name, { text: "a" });
"""
TYPESCRIPT = """
import * as pulumi from "@pulumi/pulumi";
class Thing extends pulumi.CustomResource {
    constructor(name: string) { super("test:index:Thing", name, { text: "a" }); }
}
for (const name of ["first", "second", "third"]) new Thing(name);
"""
GO = """package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		for _, name := range []string{"first", "second", "third"} {
			var made pulumi.CustomResourceState
			inputs := pulumi.Map{"text": pulumi.String("a")}
			if err := ctx.RegisterResource("test:index:Thing", name, inputs, &made); err != nil {
				return err
			}
		}
		return nil
	})
}
"""
YAML = "name: bench\nruntime: yaml\nresources:\n" + "".join(
    f"  {name}: {{type: test:Thing, properties: {{text: a}}}}\n" for name in ("first", "second", "third")
)


async def _times(language: Language, folder: Path, count: int, environ: dict[str, str]) -> list[float]:
    times = []
    for _ in range(count):
        monitor = EchoMonitor(project="bench")
        began = time.perf_counter()
        ended = await language.run(Program("bench", "dev", "org", folder, environ=environ), monitor)
        times.append(1000 * (time.perf_counter() - began))
        if not ended.ok or len(monitor.goals) != 4:
            raise RuntimeError(f"the program failed: {ended}")
    return times


async def main(count: int) -> None:
    """Measure every language whose packages are there, and print a line of each, in milliseconds."""
    own = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    node = next(iter(CACHE.glob("node-*/node_modules")), None)
    go = next(iter(CACHE.glob("go-*/go.sum")), None) if shutil.which("go") else None
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        cases: list[tuple[str, Language, str, str, dict[str, str]]] = [
            ("Python", PythonLanguage(remember=False), "__main__.py", PYTHON, {}),
            ("YAML", YamlLanguage(), "Pulumi.yaml", YAML, {}),
        ]
        if node is not None:
            quick = {"PULUMI_NODEJS_TRANSPILE_ONLY": "true"}
            cases.append(("JavaScript", NodejsLanguage(), "index.js", SCRIPT, {}))
            cases.append(("TypeScript, types unchecked", NodejsLanguage(), "index.ts", TYPESCRIPT, quick))
            cases.append(("TypeScript", NodejsLanguage(), "index.ts", TYPESCRIPT, {}))
        if go is not None:
            cases.append(("Go", GoLanguage(folder=root / "builds"), "main.go", GO, {}))
        for label, language, file, text, more in cases:
            folder = root / label.replace(", ", "-").replace(" ", "-")
            folder.mkdir()
            (folder / file).write_text(text, encoding="utf-8")
            if "Script" in label and node is not None:
                (folder / "node_modules").symlink_to(node)
                (folder / "package.json").write_text(f'{{"main": "{file}"}}', encoding="utf-8")
            if label == "Go" and go is not None:
                shutil.copy(go, folder)
                shutil.copy(go.with_name("go.mod"), folder)
            first, *warm = await _times(language, folder, count + 1, own | more)
            await language.close()
            print(f"{label:30} first {first:8.0f}   then {statistics.median(warm):8.0f}", flush=True)


def bare(count: int) -> None:
    """How long Node.js itself takes to start and to load the SDK: what no language host can save."""
    node = next(iter(CACHE.glob("node-*/node_modules")), None)
    if node is None:
        return
    times = []
    for _ in range(count):
        began = time.perf_counter()
        subprocess.run(["node", "-e", "require('@pulumi/pulumi')"], cwd=node.parent, check=True)
        times.append(1000 * (time.perf_counter() - began))
    print(f"{'node that loads the SDK':30} {statistics.median(times):14.0f}")


if __name__ == "__main__":
    RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    asyncio.run(main(RUNS))
    bare(RUNS)
