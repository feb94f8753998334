"""A source without a fault has a tree, whatever is collected while it is made."""

from __future__ import annotations

import ast
import gc

import pytest

from stackyard.kit import syntaxtrees


class _ParsesWhenCollected:
    """Garbage that parses, as the traceback does which asyncio logs of a future that nobody asked."""

    def __init__(self) -> None:
        self.cycle = self

    def __del__(self) -> None:
        ast.parse("a + b * (c + d)")


def test_garbage_that_parses_harms_no_tree() -> None:
    for _ in range(50):
        _ParsesWhenCollected()
    tree = syntaxtrees.parse(f"names = [{', '.join(f'name_{each}' for each in range(5000))}]")
    assert len(ast.dump(tree)) > 5000
    assert gc.isenabled()


def test_a_fault_is_raised_and_the_collector_goes_on() -> None:
    with pytest.raises(SyntaxError):
        syntaxtrees.parse("def (")
    assert gc.isenabled()
