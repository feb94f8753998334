"""`{{name}}` in a template's files and file names: replaced, never evaluated."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from typing import Final

from stackyard import errors
from stackyard.errors import Position
from stackyard.estate import schema

_PLACE: Final = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_NAME: Final = re.compile(r"[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,39}")
_TOP: Final = frozenset({"con", "prn", "aux", "nul", "test", "tests"})


def render(text: str, values: Mapping[str, str], shown: str) -> str:
    """The text with every `{{name}}` replaced. Raises UsageError, at its line, for a name that has no value."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            line = text.count("\n", 0, match.start()) + 1
            hint = schema.suggest(match[1], values) or "say it under `variables:` of the template"
            raise errors.UsageError(
                f"the template has no variable {match[1]!r}", hint=hint, position=Position(shown, line)
            )
        return values[match[1]]

    return _PLACE.sub(value, text)


def names_of(name: str, kind: str) -> dict[str, str]:
    """The forms of a name that templates use: `name` (as given), `module`, `class_name`, `title`.

    Raises UsageError when no module, repository and role can be called so.
    """
    module = name.replace("-", "_")
    if not _NAME.fullmatch(name) or keyword.iskeyword(module) or keyword.issoftkeyword(module) or name in _TOP:
        raise errors.UsageError(
            f"{name!a} cannot be the name of a {kind}",
            hint="use 1 to 40 small letters, digits and single '-', a letter first, and no word of Python's own",
        )
    words = name.split("-")
    return {
        "name": name,
        "module": module,
        "class_name": "".join(word.capitalize() for word in words),
        "title": " ".join(words).capitalize(),
    }
