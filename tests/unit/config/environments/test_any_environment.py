"""Whatever stands in an environment, evaluating it ends, and what is wrong is told at a place."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stackyard.config import explaining
from stackyard.config.environments.evaluation import Library
from stackyard.config.environments.syntax import Import
from stackyard.errors import Position

NAMES = ["a", "b", "c", "x y", "0", "imports", "context", "pulumiConfig"]
FUNCTIONS = [
    "secret",
    "join",
    "split",
    "concat",
    "toJSON",
    "fromJSON",
    "toBase64",
    "fromBase64",
    "toString",
    "open",
    "x",
]
TEXTS = st.one_of(
    st.sampled_from(NAMES).map(lambda name: f"${{{name}}}"),
    st.lists(st.sampled_from([*NAMES, "[0]", "[1]", '["x y"]', "[9]"]), min_size=1, max_size=3).map(
        lambda parts: "${" + ".".join(parts).replace(".[", "[") + "}"
    ),
    st.sampled_from(["$$", "${", "}", "${a}${b}", "x${a}y", "[1]", "{}", "eA==", ",", ""]),
    st.text(alphabet="aZ0 \n:{}$é\x80\u2028😀\"'", max_size=5),
)
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(), st.floats(), st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
        st.tuples(st.sampled_from(FUNCTIONS), inner).map(lambda pair: {f"fn::{pair[0]}": pair[1]}),
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5)
IMPORTS = st.lists(st.sampled_from(["base", "other", "none"]), max_size=2)


def _yaml(data: Any) -> str:
    text = json.dumps(data)
    return text.replace("NaN", ".nan").replace("-Infinity", "-.inf").replace("Infinity", ".inf")


@given(base=OBJECTS, other=OBJECTS, own=OBJECTS, first=IMPORTS, second=IMPORTS)
def test_evaluation_ends_and_faults_have_places(
    base: dict[str, Any], other: dict[str, Any], own: dict[str, Any], first: list[str], second: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "environments").mkdir()
        for name, imports, values in (("base", [], base), ("other", first, other), ("own", second, own)):
            path = root / "environments" / f"{name}.yaml"
            path.write_text(_yaml({"imports": imports, "values": values}), encoding="utf-8")
        library = Library(root, lambda ciphertext: ciphertext)
        value = library.compose([Import("own", Position("stack"))])
        assert all(found.position is not None for found in library.found)
        if value is not None and value.missing is None:
            explaining.of("all", value)
        elif value is not None:
            assert library.found
