"""Accounts and their keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.cloud.client import accounts
from stackyard.errors import CloudError


def test_an_organization_has_one_account_everywhere() -> None:
    assert accounts.account_of("acme") == "416291395610"
    assert accounts.account_of("acme") != accounts.account_of("acme2")


@pytest.mark.parametrize("organization", ["", "a", "ünïcode", "x" * 100])
def test_an_account_has_twelve_digits_and_no_leading_zero(organization: str) -> None:
    account = accounts.account_of(organization)
    assert len(account) == 12
    assert account.isdigit()
    assert account[0] != "0"


def test_a_root_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    first = accounts.root_key(tmp_path, "111122223333")
    assert accounts.root_key(tmp_path, "111122223333") == first
    assert accounts.root_key(tmp_path, "444455556666").access_key != first.access_key
    assert (tmp_path / "accounts.json").stat().st_mode & 0o777 == 0o600
    assert first.secret not in repr(first)


def test_a_number_that_is_no_account_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CloudError, match="not an AWS account"):
        accounts.root_key(tmp_path, "12345")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "accounts.json").write_text("{")
    with pytest.raises(CloudError, match=r"accounts\.json is damaged"):
        accounts.root_key(tmp_path, "111122223333")


def test_the_user_s_aws_settings_are_withheld() -> None:
    given = {"AWS_PROFILE": "prod", "AWS_SESSION_TOKEN": "t", "PATH": "/bin"}
    assert accounts.withheld(given) == {"PATH": "/bin"}
    key = accounts.RootKey("111122223333", "AKIA", "s")
    assert "AWS_SESSION_TOKEN" not in accounts.settings("http://127.0.0.1:1", key, "eu-west-1")
