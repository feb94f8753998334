"""Fixed cost a stack: preview and no-op up of N stacks of five resources, beside the Pulumi CLI where it is on PATH.

    python -m benchmarks.fixed_cost [--stacks 50] [--cli-stacks 8]

The programs are the same for both: five component resources, so that no provider plugin is needed. The CLI runs
stack by stack, and eight at once, with its update check and plugin look-ups off. Bytecode is on for both.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

RESULTS: Final = Path(__file__).parent / "results" / "fixed_cost.json"
_PROGRAM: Final = """\
import pulumi


class Part(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("bench:index:Part", name)
        self.register_outputs({"name": name})


for index in range(5):
    Part(f"part-{index}")
pulumi.export("name", pulumi.get_stack())
"""


def _estate(root: Path, count: int) -> list[Path]:
    (root / "stackyard.yaml").write_text("organization: organization\n")
    folders = [root / f"project-{index}" for index in range(count)]
    for folder in folders:
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text(f"name: {folder.name}\nruntime: python\n")
        (folder / "Pulumi.dev.yaml").write_text("config: {}\n")
        (folder / "__main__.py").write_text(_PROGRAM)
    return folders


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _run(command: Sequence[str], folder: Path, environ: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} in {folder} ended with {done.returncode}\n{done.stdout}{done.stderr}")


def ours(root: Path, count: int) -> dict[str, float]:
    """Seconds for all stacks: first up, preview of the unchanged estate, no-op up."""
    _estate(root, count)
    command = [sys.executable, "-m", "stackyard", "-C", str(root)]
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}

    def run(*arguments: str) -> float:
        return _seconds(lambda: _run([*command, *arguments], root, environ))

    run("cloud", "start")
    times = {"up": run("up", "--yes"), "preview": run("preview"), "no-op up": run("up", "--yes")}
    run("cloud", "stop")
    return times


def theirs(root: Path, count: int, pulumi: str) -> dict[str, float]:
    """The same of the CLI, over `count` stacks: one by one, and previews eight at once."""
    folders = _estate(root, count)
    state = root / "state"
    state.mkdir()
    environ = {
        **{key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "benchmark",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }

    def each(*arguments: str) -> Callable[[Path], None]:
        return lambda folder: _run([pulumi, *arguments, "--stack", "dev", "--non-interactive"], folder, environ)

    for folder in folders:
        _run([pulumi, "stack", "init", "dev", "--non-interactive"], folder, environ)
    preview, up = each("preview"), each("up", "--yes")

    def one_by_one(work: Callable[[Path], None]) -> float:
        return _seconds(lambda: list(map(work, folders)))

    def eight_at_once(work: Callable[[Path], None]) -> float:
        with ThreadPoolExecutor(8) as pool:
            return _seconds(lambda: list(pool.map(work, folders)))

    return {
        "up": one_by_one(up),
        "preview": one_by_one(preview),
        "no-op up": one_by_one(up),
        "preview, eight at once": eight_at_once(preview),
        "no-op up, eight at once": eight_at_once(up),
    }


def main() -> None:
    """Measure, print a table, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stacks", type=int, default=50)
    parser.add_argument("--cli-stacks", type=int, default=8)
    options, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="stackyard-bench-") as folder:
        root = Path(folder)
        for name in ("ours", "theirs"):
            (root / name).mkdir()
        found = {"stackyard": _each(ours(root / "ours", options.stacks), options.stacks)}
        pulumi = shutil.which("pulumi")
        if pulumi:
            found["pulumi"] = _each(theirs(root / "theirs", options.cli_stacks, pulumi), options.cli_stacks)
        else:
            print("the Pulumi CLI is not on PATH: only ours is measured")
    for tool, times in found.items():
        for what, milliseconds in times.items():
            print(f"{tool:10}  {what:24}  {milliseconds:9.1f} ms a stack")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"unit": "ms a stack", **found}, indent=1) + "\n")


def _each(times: dict[str, float], count: int) -> dict[str, float]:
    return {what: round(seconds / count * 1000, 1) for what, seconds in times.items()}


if __name__ == "__main__":
    main()
