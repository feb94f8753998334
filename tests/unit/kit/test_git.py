"""Git faults that need no repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.kit import git


def test_a_base_that_is_an_option_is_refused(tmp_path: Path) -> None:
    with pytest.raises(git.GitError, match="not a revision"):
        git.changed(tmp_path, "--output=/etc/passwd")
