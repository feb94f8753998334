"""What one program costs: wall time and our own CPU, for programs of three resources against an echo monitor.

    python -m benchmarks.program_cost [programs]

Nothing but the language is measured: no engine, no state, no provider. Bytecode must be on.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from stackyard.languages.base import Program
from stackyard.languages.python import PythonLanguage
from stackyard.testing.monitors import EchoMonitor

RESULTS = Path(__file__).parent / "results" / "program_cost.json"

PLAIN = """
import pulumi
class Thing(pulumi.CustomResource):
    text: pulumi.Output[str]
    def __init__(self, name, text, opts=None):
        super().__init__("test:index:Thing", name, {"text": text, "tags": {"a": "b"}}, opts)
first = Thing("first", "a")
second = Thing("second", first.text.apply(str.upper))
third = Thing("third", second.id, pulumi.ResourceOptions(depends_on=[first]))
pulumi.export("id", third.id)
"""

AWS = """
import pulumi
import pulumi_aws as aws
queue = aws.sqs.Queue("queue", visibility_timeout_seconds=30)
topic = aws.sns.Topic("topic")
aws.sns.TopicSubscription("feed", topic=topic.arn, protocol="sqs", endpoint=queue.arn)
pulumi.export("url", queue.url)
"""


async def _one(language: PythonLanguage, folder: Path) -> float:
    monitor = EchoMonitor()
    program = Program("bench", "dev", "org", folder, environ={"PATH": os.environ["PATH"]})
    began = time.perf_counter()
    exit_ = await language.run(program, monitor)
    if not exit_.ok or monitor.finished != 1:
        raise RuntimeError(f"the program failed: {exit_}")
    return time.perf_counter() - began


async def measure(text: str, count: int) -> dict[str, Any]:
    """Run `count` programs one after another, then eight at a time. Times are milliseconds a program."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "__main__.py").write_text(text)
        language = PythonLanguage(remember=False)
        try:
            cold = await _one(language, folder)
            await _one(language, folder)
            cpu = time.process_time()
            serial = sorted([await _one(language, folder) for _ in range(count)])
            cpu = time.process_time() - cpu
            gate = asyncio.Semaphore(8)

            async def gated() -> None:
                async with gate:
                    await _one(language, folder)

            began = time.perf_counter()
            await asyncio.gather(*(gated() for _ in range(count)))
            together = time.perf_counter() - began
        finally:
            await language.close()
    return {
        "first, with the start of the interpreter": round(cold * 1e3, 1),
        "warm, one after another: median": round(serial[count // 2] * 1e3, 2),
        "warm, one after another: p95": round(serial[int(count * 0.95)] * 1e3, 2),
        "warm, eight at a time": round(together / count * 1e3, 2),
        "our own CPU": round(cpu / count * 1e3, 2),
    }


def main() -> None:
    """Print the table and write it as JSON."""
    count = int(sys.argv[1]) if sys.argv[1:] and sys.argv[1].isdigit() else 100
    if sys.dont_write_bytecode:
        sys.exit("unset PYTHONDONTWRITEBYTECODE: imports without bytecode are not what is measured")
    found = {name: asyncio.run(measure(text, count)) for name, text in (("plain", PLAIN), ("pulumi_aws", AWS))}
    for name, row in found.items():
        print(f"\n{count} programs of three resources, {name} (ms a program)")
        for what, value in row.items():
            print(f"  {what:<45}{value:>8}")
    RESULTS.parent.mkdir(exist_ok=True)
    where = {"python": platform.python_version(), "cpus": os.cpu_count(), "programs": count}
    RESULTS.write_text(json.dumps({"machine": where, "milliseconds": found}, indent=2) + "\n")


if __name__ == "__main__":
    main()
