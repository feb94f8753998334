"""Every type of every service: its declarations are true to the SDK's schema."""

from __future__ import annotations

import inspect
import pathlib
import re
import sys

import pytest

from stackyard.providers.aws import catalog
from stackyard.providers.aws.kinds import FoundBy, Kind

FOLDERS = sorted(path.parent for path in pathlib.Path(inspect.getfile(catalog)).parent.glob("*/schema.json"))
TOKENS = [
    catalog.token(folder.name.rstrip("_"), name)
    for folder in FOLDERS
    for name in catalog.tables(folder.name.rstrip("_")).types
]
FUNCTIONS = [
    catalog.token(folder.name.rstrip("_"), name)
    for folder in FOLDERS
    for name in catalog.tables(folder.name.rstrip("_")).functions
]


@pytest.mark.parametrize("token", TOKENS)
def test_names_only_properties_that_exist(token: str) -> None:
    kind = catalog.kind(token)
    known = {*kind.schema.inputs, *kind.schema.outputs}
    declared = {*kind.defaults, *kind.replaces, *kind.documents, *kind.sets, *kind.computed, *kind.volatile}
    declared |= {*kind.write_only, *kind.unsupported}
    assert {re.split(r"[.\[]", name)[0] for name in declared} - known == set()


def _source(kind: Kind) -> str:
    """The text of the type's own module and of the modules of its service that it builds on."""
    modules = {cls.__module__ for cls in type(kind).__mro__ if cls.__module__.count(".") > 3}
    return "".join(inspect.getsource(sys.modules[name]) for name in modules)


@pytest.mark.parametrize("token", TOKENS)
def test_every_input_is_carried_out_or_refused(token: str) -> None:
    """By hand: the code names it. By table: a call has a member for it. Otherwise it is listed as unsupported."""
    kind = catalog.kind(token)
    source = _source(kind)
    generic = {"tags", "tagsAll", "region", "namePrefix", "name", *kind.unsupported}
    missing = [name for name in kind.schema.inputs if name not in generic and not _named(kind, name, source)]
    assert missing == []


def _named(kind: Kind, name: str, source: str) -> bool:
    if re.search(rf'"{name}["\.]|\b{name}=|\${name}\b', source):
        return True
    handles = getattr(kind, "handles", None)
    return handles is not None and bool(handles(name))


@pytest.mark.parametrize("token", TOKENS)
def test_says_how_it_is_found(token: str) -> None:
    kind = catalog.kind(token)
    method = "identify" if kind.found_by is FoundBy.NAME else "locate"
    overridden = getattr(type(kind), method) is not getattr(Kind, method)
    assert overridden or type(kind).locate is not Kind.locate, f"write {method}"


@pytest.mark.parametrize("token", FUNCTIONS)
def test_functions_exist(token: str) -> None:
    function, schema = catalog.function(token)
    assert function.__doc__
    assert schema.outputs
