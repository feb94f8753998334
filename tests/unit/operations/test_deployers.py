"""Whose keys a run uses: none of the user's own but those that are meant, and a role's for each stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard import errors
from stackyard.model.estates import Project, Stack
from stackyard.model.names import StackName
from stackyard.operations import deployers
from stackyard.operations.deployers import KEY_ID, SECRET, Deployer

ROOT = {"AWS_ACCESS_KEY_ID": "AKIAROOT", "AWS_SECRET_ACCESS_KEY": "root's", "AWS_REGION": "us-east-1"}
API = Stack(StackName("acme", "api", "QA"), Project("api", Path("/estate/api")), Path("/estate/api/Pulumi.QA.yaml"))


def test_without_a_word_a_run_is_the_root_of_the_account() -> None:
    assert Deployer.of({"AWS_ACCESS_KEY_ID": "AKIAMINE"}).settings(ROOT, API, "123456789012") == ROOT


def test_the_key_of_a_user_takes_the_place_of_the_root_s() -> None:
    found = Deployer.of({KEY_ID: "AKIAADA", SECRET: "ada's"}).settings(ROOT, API, "123456789012")
    assert found == ROOT | {"AWS_ACCESS_KEY_ID": "AKIAADA", "AWS_SECRET_ACCESS_KEY": "ada's"}


@pytest.mark.parametrize("half", [{KEY_ID: "AKIAADA"}, {SECRET: "ada's"}])
def test_half_a_key_is_refused(half: dict[str, str]) -> None:
    with pytest.raises(errors.UsageError, match="belong together"):
        Deployer.of(half)


@pytest.mark.parametrize(
    ("role", "arn"),
    [
        ("deploy-{project}", "arn:aws:iam::123456789012:role/deploy-api"),
        ("/teams/{project}.{stack}", "arn:aws:iam::123456789012:role/teams/api.QA"),
        ("arn:aws:iam::999988887777:role/{project}", "arn:aws:iam::999988887777:role/api"),
    ],
)
def test_each_stack_has_its_role(role: str, arn: str) -> None:
    assert Deployer(role=role).role_arn(API, "123456789012") == arn


def test_a_role_is_not_taken_on_aws() -> None:
    with pytest.raises(errors.UsageError, match="api/QA is on AWS"):
        Deployer(role="deploy").refuse_aws(API)
    Deployer().refuse_aws(API)


def test_a_secret_is_neither_shown_nor_handed_on() -> None:
    mine = {KEY_ID: "AKIAADA", SECRET: "ada's", "PATH": "/bin"}
    assert "ada's" not in repr(Deployer.of(mine))
    assert deployers.withheld(mine) == {"PATH": "/bin"}
