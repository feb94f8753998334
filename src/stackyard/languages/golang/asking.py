"""Whether a Go program can ask if it is being previewed: whether anything it is made of, but the SDK, names the way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from stackyard.kit import commands

SDK: Final = "github.com/pulumi/pulumi/sdk/v3"
_ASKS: Final = re.compile(rb"\b(?:DryRun|PULUMI_DRY_RUN)\b")
# One line a file, as `go help list` describes packages.
_LISTED: Final = (
    "{{if not .Standard}}{{$folder := .Dir}}{{$module := .Module}}"
    '{{range $files := .GoFiles}}{{if $module}}{{$module.Path}}{{end}}|{{$folder}}/{{$files}}{{"\\n"}}{{end}}'
    '{{range $files := .CgoFiles}}{{if $module}}{{$module.Path}}{{end}}|{{$folder}}/{{$files}}{{"\\n"}}{{end}}{{end}}'
)


async def can_ask(directory: Path, go: str, environ: Mapping[str, str]) -> bool:
    """Of the program in `directory`, which builds; True where it cannot be told."""
    command = (go, "list", "-deps", "-f", _LISTED, ".")
    status, said = await commands.run(command, directory, environ, complaints=False)
    if status:
        return True
    listed = (line.partition("|") for line in said.decode(errors="surrogateescape").splitlines() if line)
    return await asyncio.to_thread(_any_asks, [Path(file) for module, _, file in listed if module != SDK])


def _any_asks(files: list[Path]) -> bool:
    try:
        return any(_ASKS.search(file.read_bytes()) for file in files)
    except OSError:
        return True
