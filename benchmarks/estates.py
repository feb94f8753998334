"""Discovery and graph of synthetic estates: N small projects, every second one reading the one before it.

    python -m benchmarks.estates [--sizes 64,256] [--runtime python|typescript|go|yaml] [--json FILE] [--keep FOLDER]

Cold is without an index, warm with one; each in a fresh process, apart from interpreter start-up, the median of
several. Each project has one stack, a program that reads a name from a module beside it (in Python: from one that
all share; in YAML: from a variable), and a few resources.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

ROUNDS: Final = 5
_SHARED: Final = """
import pulumi


def reference(project: str) -> pulumi.StackReference:
    return pulumi.StackReference(f"organization/{project}/{pulumi.get_stack()}")
"""
_PROGRAM: Final = """
import pulumi
import pulumi_aws as aws
from shared.stacks import reference

config = pulumi.Config()
stage = pulumi.get_stack().lower()
{reads}
for index in range(3):
    queue = aws.sqs.Queue(f"queue-{{index}}", tags={{"stage": stage, "project": "{name}"}})
    pulumi.export(f"queue-{{index}}", queue.arn)
"""
_READS: Final = 'upstream = reference("{name}").require_output("queue-0")'
_TYPESCRIPT: Final = """
import * as pulumi from "@pulumi/pulumi";
import * as aws from "@pulumi/aws";
import {{ organization }} from "./names";

const config = new pulumi.Config();
const stage = pulumi.getStack();
{reads}
for (let index = 0; index < 3; index++) {{
    new aws.sqs.Queue(`queue-${{index}}`, {{ tags: {{ stage: stage.toLowerCase(), project: "{name}" }} }});
}}
const main = new aws.sqs.Queue("main", {{ tags: {{ stage, size: config.require("size") }} }});
export const arn = main.arn;
"""
_TYPESCRIPT_READS: Final = """
const upstream = new pulumi.StackReference(`${{organization}}/{name}/${{stage}}`);
const queue = upstream.requireOutput("arn");
"""
_GO: Final = """package main

import (
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {{
	pulumi.Run(func(ctx *pulumi.Context) error {{
		{reads}
		queue, err := sqs.NewQueue(ctx, "main", &sqs.QueueArgs{{
			Tags: pulumi.StringMap{{"project": pulumi.String("{name}")}},
		}})
		if err != nil {{
			return err
		}}
		ctx.Export("arn", queue.Arn)
		return nil
	}})
}}
"""
_GO_READS: Final = """
		upstream, err := pulumi.NewStackReference(ctx, organization+"/{name}/"+ctx.Stack(), nil)
		if err != nil {{
			return err
		}}
		ctx.Log.Info("upstream", nil)
		_ = upstream.GetStringOutput(pulumi.String("arn"))
"""
_YAML: Final = """name: {name}
runtime: yaml
variables:
  organization: organization
resources:
  {reads}
  main:
    type: aws:sqs:Queue
    properties:
      tags: {{project: {name}, stage: "${{pulumi.stack}}"}}
outputs:
  arn: ${{main.arn}}
"""
_YAML_READS: Final = """
  upstream:
    type: pulumi:pulumi:StackReference
    properties:
      name: ${{organization}}/{name}/${{pulumi.stack}}
  reader:
    type: aws:sqs:Queue
    properties:
      tags: {{upstream: "${{upstream.outputs.arn}}"}}
"""
_MEASURE: Final = """
import json, sys, time
from pathlib import Path
from stackyard.estate.discovery import discover
from stackyard.graph import graphs, references
start = time.perf_counter()
found = discover(Path(sys.argv[1]))
middle = time.perf_counter()
evaluation = references.evaluate(found.estate)
graph = graphs.build(found.estate, evaluation)
end = time.perf_counter()
edges = sum(map(len, graph.edges.values()))
assert not found.diagnostics and not graph.diagnostics, (found.diagnostics, graph.diagnostics)
print(json.dumps([middle - start, end - middle, len(graph.stacks), edges]))
"""


@dataclasses.dataclass(frozen=True)
class Kind:
    """Programs of one language: their runtime, the file each has, how it reads another, and files beside it."""

    runtime: str
    file: str
    program: str
    reads: str
    beside: Mapping[str, str] = dataclasses.field(default_factory=dict)


KINDS: Final = {
    "python": Kind("python", "__main__.py", _PROGRAM, _READS),
    "typescript": Kind(
        "nodejs",
        "index.ts",
        _TYPESCRIPT,
        _TYPESCRIPT_READS,
        {"names.ts": 'export const organization = "organization";\n', "package.json": '{"main": "index.ts"}\n'},
    ),
    "go": Kind(
        "go",
        "main.go",
        _GO,
        _GO_READS,
        {"names.go": 'package main\n\nconst organization = "organization"\n', "go.mod": "module bench\n\ngo 1.22\n"},
    ),
    "yaml": Kind("yaml", "Pulumi.yaml", _YAML, _YAML_READS),
}


def write(root: Path, size: int, kind: Kind = KINDS["python"]) -> None:
    """Write an estate of `size` projects, in folders of 32, every second one reading the one before it."""
    (root / "shared").mkdir(parents=True)
    (root / "stackyard.yaml").write_text("organization: organization\n")
    (root / "shared" / "__init__.py").write_text("")
    (root / "shared" / "stacks.py").write_text(_SHARED)
    for index in range(size):
        name = f"project-{index:05}"
        folder = root / f"group-{index // 32:04}" / name
        folder.mkdir(parents=True)
        (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: {kind.runtime}\ndescription: number {index}\n")
        (folder / "Pulumi.QA.yaml").write_text(f"config:\n  {name}:size: '{index}'\n  aws:region: eu-west-1\n")
        reads = kind.reads.format(name=f"project-{index - 1:05}").strip() if index % 2 else ""
        (folder / kind.file).write_text(kind.program.format(name=name, reads=reads))
        for path, text in kind.beside.items():
            (folder / path).write_text(text)


def measure(root: Path, *, cold: bool) -> tuple[float, float, int, int]:
    """Seconds for discovery and for the graph, and how many stacks and edges there are."""
    if cold:
        shutil.rmtree(root / ".stackyard", ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_MEASURE), str(root)], check=True, capture_output=True, text=True
    )
    discovery, graph, stacks, edges = json.loads(done.stdout)
    return discovery, graph, stacks, edges


def rows(sizes: list[int], folder: Path, kind: Kind) -> Iterator[dict[str, Any]]:
    """One row a size."""
    for size in sizes:
        root = folder / str(size)
        if not root.exists():
            write(root, size, kind)
            time.sleep(0.1)  # An index does not trust files that changed within the clock's granularity.
        row: dict[str, Any] = {"projects": size}
        for index in ("cold", "warm"):
            measure(root, cold=index == "cold")
            found = [measure(root, cold=index == "cold") for _ in range(ROUNDS)]
            row[f"{index}_discovery"] = statistics.median(each[0] for each in found)
            row[f"{index}_graph"] = statistics.median(each[1] for each in found)
            row["stacks"], row["edges"] = found[0][2:]
        yield row


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="discovery and graph of synthetic estates")
    parser.add_argument("--sizes", default="64,256,1024")
    parser.add_argument("--runtime", choices=KINDS, default="python")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", type=Path, help="write the estates here and keep them")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    with tempfile.TemporaryDirectory() as temporary:
        found = []
        print(
            f"{'projects':>8} {'edges':>6} {'cold: discovery':>16} {'graph':>8} "
            f"{'warm: discovery':>16} {'graph':>8} {'ratio':>6}"
        )
        for row in rows(sizes, options.keep or Path(temporary), KINDS[options.runtime]):
            found.append(row)
            cold = row["cold_discovery"] + row["cold_graph"]
            warm = row["warm_discovery"] + row["warm_graph"]
            print(
                f"{row['projects']:>8} {row['edges']:>6} {row['cold_discovery']:>14.3f} s {row['cold_graph']:>6.3f} s"
                f" {row['warm_discovery']:>14.3f} s {row['warm_graph']:>6.3f} s {cold / warm:>5.1f}x"
            )
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
