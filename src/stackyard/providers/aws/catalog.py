"""Finds the code of a type or function by its token; a service is imported when it is first asked for.

`aws:sqs/queue:Queue` is looked up in the table `TYPES` of `providers/aws/sqs/__init__.py` (class name → module
of that folder), `aws:sqs/getQueue:getQueue` in its table `FUNCTIONS` (function name → module).
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import json
import keyword
import re
from collections.abc import Callable, Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

from stackyard.errors import Unsupported
from stackyard.providers.aws import schemas

if TYPE_CHECKING:
    from stackyard.model.values import Properties
    from stackyard.providers.aws.connections import Aws
    from stackyard.providers.aws.kinds import Kind

Function = Callable[["Aws", "Properties"], "Properties"]


@dataclasses.dataclass(frozen=True, slots=True)
class Tables:
    """What one service's package offers: name → module of its folder."""

    types: Mapping[str, str]
    functions: Mapping[str, str]


def folder(service: str) -> str:
    """The folder of a service: its name, with `_` where Python reserves the word (`lambda_`)."""
    return f"{service}_" if keyword.iskeyword(service) else service


def token(service: str, name: str) -> str:
    """The token of a class or function: (`sqs`, `Queue`) → `aws:sqs/queue:Queue`."""
    return f"aws:{service}/{name[0].lower()}{name[1:]}:{name}"


def _split(token_: str) -> tuple[str, str]:
    match = re.fullmatch(r"aws:(\w+)/\w+:(\w+)", token_)
    if not match:
        raise Unsupported(f"{token_}: not a token of the aws package")
    return match[1], match[2]


@functools.cache
def tables(service: str) -> Tables:
    """The tables of a service, empty when there is no such folder."""
    name = f"{__package__}.{folder(service)}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return Tables({}, {})
    return Tables(getattr(module, "TYPES", {}), getattr(module, "FUNCTIONS", {}))


@functools.cache
def _document(service: str) -> dict[str, Any]:
    package = resources.files(f"{__package__}.{folder(service)}")
    found: dict[str, Any] = json.loads((package / "schema.json").read_text(encoding="utf-8"))
    return found


def _member(service: str, name: str, module: str) -> Any:
    return getattr(importlib.import_module(f"{__package__}.{folder(service)}.{module}"), name)


@functools.cache
def kind(token_: str) -> Kind:
    """The Kind of a resource token. Raises Unsupported when nobody wrote one."""
    service, name = _split(token_)
    module = tables(service).types.get(name)
    if module is None:
        hint = f"a new type takes ten minutes: tools/scaffold_aws.py {service} {name} (docs/guide/aws-provider.md)"
        raise Unsupported(f"{token_}: the aws provider does not know this type yet", hint=hint)
    schema = schemas.read(_document(service), name)
    made: Kind = _member(service, name, module)(token_, schema)
    return made


@functools.cache
def function(token_: str) -> tuple[Function, schemas.FunctionSchema]:
    """The code and schema of a function token. Raises Unsupported when nobody wrote it."""
    service, name = _split(token_)
    module = tables(service).functions.get(name)
    if module is None:
        raise Unsupported(f"{token_}: the aws provider does not know this function yet")
    python = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    return _member(service, python, module), schemas.read_function(_document(service), name)
