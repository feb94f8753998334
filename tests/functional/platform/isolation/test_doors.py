"""Every attempt is denied across accounts, succeeds on one's own, and succeeds across where a policy opens the door.

Here both organizations are made by boto3 alone, and the intruder is the owner of account A, who may do everything
that A can allow: what denies is B.
"""

from __future__ import annotations

import pytest

from stackyard.cloud.client import EmbeddedCloud, account_of
from stackyard.testing.clouds import embedded_cloud
from tests.functional.platform.isolation import attempts, seeding

__all__ = ["embedded_cloud"]

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def pair(embedded_cloud: EmbeddedCloud) -> tuple[attempts.Target, attempts.Target]:
    """Two organizations with the same kinds of resources."""
    made = [seeding.seeded(embedded_cloud, name) for name in ("isolation-a", "isolation-b")]
    return made[0], made[1]


Pair = tuple[attempts.Target, attempts.Target]


@pytest.mark.parametrize("attempt", attempts.ATTEMPTS, ids=str)
def test_an_attempt_on_another_is_denied_and_on_ones_own_succeeds(pair: Pair, attempt: attempts.Attempt) -> None:
    mine, other = pair
    code = attempts.outcome(mine.account, attempt, other)
    assert code, "it was let"
    assert code in attempts.DENIED or "NotFound" in code or code in ("MISSING", "ClientException"), code
    if attempt.kind != "run" or attempt.what == "read its definition":
        assert attempts.outcome(mine.account, attempt, mine) == ""


@pytest.mark.parametrize("kind", sorted(attempts.ADMITS))
def test_what_denies_is_the_resources_own_policy(embedded_cloud: EmbeddedCloud, kind: str) -> None:
    mine = seeding.seeded(embedded_cloud, "isolation-guest")
    other = seeding.seeded(embedded_cloud, f"isolation-host-{kind}")
    tried = [attempt for attempt in attempts.ATTEMPTS if attempt.kind == kind]
    assert all(attempts.outcome(mine.account, attempt, other) for attempt in tried)
    attempts.ADMITS[kind](other, account_of("isolation-guest"))
    refused = {str(attempt): code for attempt in tried if (code := attempts.outcome(mine.account, attempt, other))}
    assert refused == {}
