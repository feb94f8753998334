"""Every schema.json is what the installed SDK says: run tools/scaffold_aws.py --schema SERVICE when it is not."""

from __future__ import annotations

import importlib.util
import json
import pathlib
import types

import pytest

# Deprecated types are described like the others.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
ROOT = pathlib.Path(__file__).parents[4]
FOLDERS = sorted(path.parent for path in (ROOT / "src/stackyard/providers/aws").glob("*/schema.json"))


@pytest.fixture(scope="module")
def scaffold() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("scaffold_aws", ROOT / "tools/scaffold_aws.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_is_what_the_sdk_says(scaffold: types.ModuleType, folder: pathlib.Path) -> None:
    written = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    assert scaffold.describe(folder.name.rstrip("_")) == written
