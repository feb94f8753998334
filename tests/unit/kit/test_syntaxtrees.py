"""A source without a fault has a tree, whatever is collected while it is made."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator

import pytest

from stackyard.kit import syntaxtrees


class _ParsesWhenCollected:
    """Garbage that parses, as the traceback does which asyncio logs of a future that nobody asked."""

    def __init__(self) -> None:
        self.cycle = self

    def __del__(self) -> None:
        ast.parse("a + b * (c + d)")


@pytest.fixture
def often() -> Iterator[None]:
    """The collector looks often: while any tree is made."""
    before = gc.get_threshold()
    gc.set_threshold(100)
    yield
    gc.set_threshold(*before)


def test_garbage_that_parses_harms_no_tree(often: None) -> None:
    for _ in range(50):
        _ParsesWhenCollected()
    tree = syntaxtrees.parse(f"names = [{', '.join(f'name_{each}' for each in range(5000))}]")
    assert len(ast.dump(tree)) > 5000
    assert gc.isenabled()


def test_a_fault_is_raised_and_the_collector_goes_on() -> None:
    with pytest.raises(SyntaxError):
        syntaxtrees.parse("def (")
    assert gc.isenabled()
