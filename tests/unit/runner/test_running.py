"""What a run is given before Meltano starts."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard.runner import running
from stackyard.runner.faults import RunFault


class Missing(Exception):
    """Secrets Manager's answer for what it does not have."""


class Secrets:
    """Secrets Manager, with these values."""

    class exceptions:
        """Where boto3 keeps a client's exceptions."""

        ResourceNotFoundException = Missing

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values

    def get_secret_value(self, SecretId: str) -> dict[str, Any]:
        if SecretId not in self.values:
            raise Missing
        return {"SecretString": self.values[SecretId]}


PROJECT, OWN = "/site/acme/shop/PASSWORD", "/site/acme/shop.dev/PASSWORD"


def test_an_environments_own_value_goes_before_the_projects() -> None:
    both = Secrets({PROJECT: "theirs", OWN: "mine"})
    assert running._secret(both, "PASSWORD", OWN, PROJECT) == "mine"
    assert running._secret(Secrets({PROJECT: "theirs"}), "PASSWORD", OWN, PROJECT) == "theirs"


def test_a_secret_without_any_value_is_told_by_its_name() -> None:
    with pytest.raises(RunFault, match="/site/acme/shop/PASSWORD for PASSWORD has no value yet"):
        running._secret(Secrets({}), "PASSWORD", OWN, PROJECT)
