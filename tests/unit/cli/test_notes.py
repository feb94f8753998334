"""What others wrote cannot repaint the terminal of who reads it."""

from __future__ import annotations

import pytest

from stackyard.cli import screens


def test_a_note_says_what_it_quotes_and_does_nothing_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    screens.note("remote: \x1b[2J\x1b]0;title\x07gone\r\nnext\x9b31m line")
    assert capsys.readouterr().err == "remote: gone\nnext31m line\n"
