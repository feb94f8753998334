"""make docs: write docs/reference anew from the code. `--check` only says whether it is fresh."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from stackyard import errors
from stackyard.cli import main as cli
from stackyard.providers.aws import catalog

REFERENCE: Final = Path(__file__).resolve().parent.parent / "docs" / "reference"
SOURCES: Final = Path(inspect.getfile(catalog)).parent
HEADER: Final = "<!-- Written by `make docs`; edit the code instead. -->\n\n"


def _commands(command: click.Command, path: tuple[str, ...], parent: click.Context | None) -> Iterator[str]:
    # As when it is called: click keeps the help option that it makes first, for all contexts after.
    settings = {**command.context_settings, "max_content_width": 100}
    context = click.Context(command, info_name=path[-1], parent=parent, **settings)
    yield f"## {' '.join(path)}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None:
                yield from _commands(found, (*path, name), context)


def command_line() -> str:
    """The page of every verb."""
    return HEADER + "# Command line\n\n" + "\n".join(_commands(cli.cli, ("stackyard",), None))


def _family(cls: type[errors.StackyardError], depth: int = 0) -> Iterator[str]:
    about = (inspect.getdoc(cls) or "").splitlines()[0]
    yield f"{'  ' * depth}- `{cls.__name__}` (exit code {cls.exit_code}): {about}"
    for child in cls.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _family(child, depth + 1)


def exit_codes() -> str:
    """The page of errors and exit codes."""
    rows = "\n".join(_family(errors.StackyardError))
    codes = "0 done · 1 user error · 2 changes pending (with `--detailed-exitcode`) · the rest as below."
    return f"{HEADER}# Errors and exit codes\n\n{codes}\n\n{rows}\n"


def aws_types() -> str:
    """The page of AWS types and functions that the embedded engine manages."""
    services = sorted(path.parent.name.rstrip("_") for path in SOURCES.glob("*/schema.json"))
    tables: dict[str, Any] = {service: catalog.tables(service) for service in services}
    types = sum(len(table.types) for table in tables.values())
    functions = sum(len(table.functions) for table in tables.values())
    intro = (
        f"{types} types and {functions} functions of {len(services)} services. *Not carried out* lists inputs that are "
        "refused rather than ignored; *found by* says how a creation that was interrupted is found again. "
        "How to add a type: [the AWS provider](../guide/aws-provider.md)."
    )
    pages = "\n".join(_service(service, table) for service, table in tables.items())
    return f"{HEADER}# AWS types and functions\n\n{intro}\n\n{pages}"


def _service(service: str, table: Any) -> str:
    lines = [f"## {service}", ""]
    if table.types:
        lines += ["| type | replaced when these change | not carried out | found by |", "|---|---|---|---|"]
    for name in sorted(table.types):
        kind = catalog.kind(catalog.token(service, name))
        columns = (", ".join(sorted(words)) for words in (kind.replaces, kind.unsupported))
        lines.append(f"| `{name}` | {' | '.join(columns)} | {kind.found_by} |")
    if table.types:
        lines.append("")
    if table.functions:
        lines += ["Functions: " + ", ".join(f"`{name}`" for name in sorted(table.functions)), ""]
    return "\n".join(lines)


def manifest() -> str:
    """The page of the manifest's keys, from its JSON Schema."""
    schema = json.loads((SOURCES.parent.parent / "estate" / "stackyard.schema.json").read_text(encoding="utf-8"))
    rows = "\n".join(_keys(schema, schema, ""))
    intro = "Keys of `stackyard.yaml`. Editors complete and check it by `src/stackyard/estate/stackyard.schema.json`."
    return f"{HEADER}# Manifest\n\n{intro}\n\n| key | what it says |\n|---|---|\n{rows}\n"


def _keys(schema: Mapping[str, Any], root: Mapping[str, Any], path: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    for name, below in schema.get("properties", {}).items():
        where = f"{path}.{name}" if path else name
        yield f"| `{where}` | {below.get('description', '')} |"
        yield from _keys(below, root, where)
        if isinstance(below.get("items"), Mapping):
            yield from _keys(below["items"], root, f"{where}[]")
        if isinstance(below.get("additionalProperties"), Mapping):
            yield from _keys(below["additionalProperties"], root, f"{where}.NAME")


PAGES: Final = {"cli.md": command_line, "errors.md": exit_codes, "aws-types.md": aws_types, "manifest.md": manifest}


def stale() -> list[str]:
    """The pages that are not what the code says."""
    return [
        name
        for name, page in PAGES.items()
        if not (REFERENCE / name).exists() or (REFERENCE / name).read_text(encoding="utf-8") != page()
    ]


def main() -> int:
    """Write the pages, or check them."""
    if "--check" in sys.argv:
        for name in stale():
            print(f"docs/reference/{name} is stale: run `make docs`")
        return 1 if stale() else 0
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
        print(f"docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
