"""How the compiler's complaints are told."""

from __future__ import annotations

from pathlib import Path

from stackyard.errors import Position
from stackyard.languages.golang import builds


def test_complaints_stand_at_their_places_and_a_missing_sum_says_what_to_do() -> None:
    said = (
        "# web\n./main.go:4:2: missing go.sum entry for module providing package example.com/a; to add:\n"
        "\tgo get web\n./main.go:9:10: undefined: x\n./main.go:9:10: too many errors\n"
    )
    told = builds.complaints(Path("/estate/web"), said)
    assert [(each.message, each.position, bool(each.hint)) for each in told] == [
        (
            "missing go.sum entry for module providing package example.com/a",
            Position("/estate/web/main.go", 4, 2),
            True,
        ),
        ("undefined: x", Position("/estate/web/main.go", 9, 10), False),
    ]
    assert "go mod tidy" in told[0].hint


def test_what_names_no_place_is_told_whole() -> None:
    assert [each.message for each in builds.complaints(Path("/estate"), "no Go files in /estate\n")] == [
        "no Go files in /estate"
    ]
