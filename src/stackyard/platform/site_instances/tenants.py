"""A tenant's file, read where the platform's programs run: with PyYAML and the model alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import yaml

from stackyard.errors import ConfigError, Position
from stackyard.model import tenants
from stackyard.model.tenants import Fault, Organization

DEPTH_LIMIT: Final = 64
SIZE_LIMIT: Final = 1 << 20
_FASTEST: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_FASTEST):  # type: ignore[misc]
    """Reads scalars as YAML 1.2's core schema does, like the rest of the product: `on` and dates are text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


for _tag, _pattern, _first in (
    ("merge", r"<<", "<"),
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]{1,300}", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]{1,300}|[0-9]{1,300}(\.[0-9]{0,300})?)([eE][-+]?[0-9]{1,4})?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), list(_first))


def read_tenant(path: str | Path) -> Organization:
    """The organization of a file, which is called like the file. Raises ConfigError with every fault and its line."""
    file = Path(path)
    node, data = _load(file)
    found, faults = tenants.read(file.stem, data)
    if found is None:
        told = "; ".join(_told(fault, node) for fault in faults)
        raise ConfigError(told, position=Position(str(path), _line(faults[0], node)))
    return found


def _load(file: Path) -> tuple[yaml.Node | None, Any]:
    try:
        with file.open(encoding="utf-8") as stream:
            text = stream.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        raise ConfigError("there is no such tenant file", position=Position(str(file))) from None
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(f"cannot be read: {fault}", position=Position(str(file))) from None
    if len(text) > SIZE_LIMIT:
        raise ConfigError("larger than 1 MiB", position=Position(str(file)))
    try:
        _check_depth(text, file)
        loader = _Loader(text)
        node = loader.get_single_node()
        return node, None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 0
        raise ConfigError(f"not YAML: {fault.problem}", position=Position(str(file), line)) from None
    except (yaml.YAMLError, ValueError) as fault:
        raise ConfigError(f"not YAML: {fault}", position=Position(str(file))) from None


def _check_depth(text: str, file: Path) -> None:
    """PyYAML composes recursively in C: a file of open brackets would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_LIMIT:
            line = event.start_mark.line + 1 if event.start_mark else 0
            raise ConfigError(f"nested more than {DEPTH_LIMIT} deep", position=Position(str(file), line))


def _told(fault: Fault, node: yaml.Node | None) -> str:
    hint = f" ({fault.hint})" if fault.hint else ""
    return f"line {_line(fault, node)}: {fault.message}{hint}"


def _line(fault: Fault, node: yaml.Node | None) -> int:
    """The line of the value at fault, or of the nearest one around it."""
    for part in fault.path:
        below = None
        if isinstance(node, yaml.MappingNode):
            below = next((value for key, value in node.value if key.value == part), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            below = node.value[part]
        if below is None:
            break
        node = below
    return node.start_mark.line + 1 if node is not None else 1
