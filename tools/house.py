"""Print where the Python tree in DIR (default: src) departs from the house rules; exit 1 when it does.

The rules are those of docs/architecture.md. A function-local import is allowed only at a named lazy door:
its line ends in a comment that begins `# lazy:` and says why.
"""

from __future__ import annotations

import ast
import pathlib
import re
import sys
from collections.abc import Iterator

FILE_LINES, CLASS_LINES, FUNCTION_LINES, COMMENT_LINES = 700, 400, 60, 3
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}


def _length(node: ast.AST) -> int:
    return (getattr(node, "end_lineno", 0) or 0) - getattr(node, "lineno", 0) + 1


def _in_definitions(path: pathlib.Path, tree: ast.AST, lines: list[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and _length(node) > CLASS_LINES:
            yield f"{path}:{node.lineno}: class {node.name} has {_length(node)} lines (ceiling {CLASS_LINES})"
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if _length(node) > FUNCTION_LINES:
            yield f"{path}:{node.lineno}: {node.name}() has {_length(node)} lines (ceiling {FUNCTION_LINES})"
        for inner in ast.walk(node):
            if isinstance(inner, ast.Import | ast.ImportFrom) and "# lazy:" not in lines[inner.lineno - 1]:
                yield f"{path}:{inner.lineno}: import inside {node.name}() (only at a door marked `# lazy: why`)"


def _in_comments(path: pathlib.Path, lines: list[str]) -> Iterator[str]:
    run = 0
    for number, line in enumerate(lines, 1):
        run = run + 1 if re.match(r"\s*#(?!!)", line) else 0
        if run == COMMENT_LINES + 1:
            yield f"{path}:{number}: a comment longer than {COMMENT_LINES} lines"


def departures(path: pathlib.Path) -> Iterator[str]:
    """Yield one line for each departure in one file."""
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = text.splitlines()
    if len(lines) > FILE_LINES:
        yield f"{path}: {len(lines)} lines (ceiling {FILE_LINES})"
    if path.stem in EMPTY_NAMES:
        yield f"{path}: a name that says nothing"
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        yield f"{path}:{error.lineno}: does not parse"
        return
    yield from _in_definitions(path, tree, lines)
    yield from _in_comments(path, lines)


def main() -> int:
    """Check the tree named on the command line."""
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "src")
    rows = [row for path in sorted(root.rglob("*.py")) for row in departures(path)]
    for row in rows:
        print(row)
    return 1 if rows else 0


if __name__ == "__main__":
    sys.exit(main())
