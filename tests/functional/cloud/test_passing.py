"""Nobody gives a role away that they may not pass."""

from __future__ import annotations

from typing import Any

import botocore.exceptions
import pytest

from tests.functional.cloud import lambdas
from tests.functional.cloud.conftest import Clients


def user(client: Clients, service: str, *statements: dict[str, Any]) -> Any:
    """A client of a user with these statements."""
    iam = client("iam")
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=lambdas.policy(*statements))
    key = iam.create_access_key(UserName="u")["AccessKey"]
    return client(service, aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])


def allow(action: str, resource: str = "*", **condition: Any) -> dict[str, Any]:
    """A statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **condition}


def make(api: Any, role: str) -> Any:
    """A state machine with that role."""
    return api.create_state_machine(
        name="m", roleArn=role, definition='{"StartAt": "a", "States": {"a": {"Type": "Succeed"}}}'
    )


def test_a_role_that_may_not_be_passed(client: Clients) -> None:
    role = lambdas.role(client, "admin", "*")
    api = user(client, "stepfunctions", allow("states:*"))
    with pytest.raises(botocore.exceptions.ClientError, match="not authorized to perform: iam:PassRole"):
        make(api, role)


def test_a_role_that_may_be_passed(client: Clients) -> None:
    role = lambdas.role(client, "small")
    to_states = {"Condition": {"StringEquals": {"iam:PassedToService": "states.amazonaws.com"}}}
    api = user(client, "stepfunctions", allow("states:*"), allow("iam:PassRole", role, **to_states))
    assert make(api, role)["stateMachineArn"]


def test_a_role_that_may_be_passed_to_another_service(client: Clients) -> None:
    role = lambdas.role(client, "small")
    to_lambda = {"Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}
    api = user(client, "stepfunctions", allow("states:*"), allow("iam:PassRole", role, **to_lambda))
    with pytest.raises(botocore.exceptions.ClientError, match="iam:PassRole"):
        make(api, role)


def test_a_role_of_another_account(client: Clients) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="Cross-account pass role"):
        make(client("stepfunctions"), "arn:aws:iam::999988887777:role/theirs")


def test_a_role_for_an_instance(client: Clients) -> None:
    iam = client("iam")
    lambdas.role(client, "admin", "*")
    iam.create_instance_profile(InstanceProfileName="profile")
    iam.add_role_to_instance_profile(InstanceProfileName="profile", RoleName="admin")
    api = user(client, "ec2", allow("ec2:*"))
    with pytest.raises(botocore.exceptions.ClientError, match="iam:PassRole"):
        api.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "profile"})
