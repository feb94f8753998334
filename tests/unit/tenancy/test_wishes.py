"""What refs ask for, as far as it is found out in the time that one project may take."""

from __future__ import annotations

import time

import pytest

from stackyard.model.tenants import HostedProject, Organization, Rule
from stackyard.tenancy import sources, wishes

COMMITS = [f"{number:040x}" for number in range(1, 6)]


class _Commit:
    moved = 1


def test_a_server_that_is_slow_for_every_branch_holds_nobody_up_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fetch is in time, but there is one for every branch that expires."""
    clock = [0.0]
    fetched: list[str] = []

    def fetch(_repository: str, commit: str) -> _Commit:
        fetched.append(commit)
        clock[0] += 0.7 * sources.FETCHING_SECONDS
        return _Commit()

    listed = [sources.Ref(f"refs/heads/b{number}", commit) for number, commit in enumerate(COMMITS)]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(sources, "fetch", fetch)
    monkeypatch.setattr(sources, "refs", lambda _repository, _refused: listed)
    rule = Rule("branch", "**", "dev", "{slug}", expires=60)
    project = HostedProject("shop", "https://git.example/shop", rules=(rule,))
    organization = Organization("acme", "Acme", "a@b.example", "a@b.example", projects={"shop": project})
    heard = wishes.hear(organization, project, [])
    assert fetched == COMMITS[:2]
    assert heard.silent
    assert "take more than 300 seconds" in heard.diagnostics[0].message
