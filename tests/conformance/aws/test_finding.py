"""After an interruption: what `find` makes of something half made, or made by somebody else; and failures."""

from __future__ import annotations

import os

import boto3
import pytest

from stackyard.errors import ProviderError
from stackyard.model import values
from stackyard.providers import base
from stackyard.providers.aws import tagging
from stackyard.providers.aws.provider import AwsProvider
from tests.conformance.aws.suite import Life

pytestmark = pytest.mark.cloud
QUEUE, KEY, PROFILE = "aws:sqs/queue:Queue", "aws:kms/key:Key", "aws:iam/instanceProfile:InstanceProfile"


def client(boto: boto3.Session, service: str) -> object:
    return boto.client(service, endpoint_url=boto.endpoint)  # type: ignore[attr-defined]


async def test_a_stranger_of_the_same_name_is_not_adopted(provider: AwsProvider, boto: boto3.Session) -> None:
    name = f"theirs-{os.urandom(4).hex()}"
    url = client(boto, "sqs").create_queue(
        QueueName=name, Attributes={"DelaySeconds": "9", "MaximumMessageSize": "262144"}
    )["QueueUrl"]  # type: ignore[attr-defined]
    life = Life(provider, QUEUE, "ours")
    found = await life.find(await life.check({"name": name}))
    assert found.presence is base.Presence.UNSURE
    assert "delaySeconds" in found.reason
    twin = await life.find(await life.check({"name": name, "delaySeconds": 9, "tags": {}}))
    assert "tagsAll" in twin.reason
    client(boto, "sqs").tag_queue(QueueUrl=url, Tags={"estate": "conformance"})  # type: ignore[attr-defined]
    same = await life.find(await life.check({"name": name, "delaySeconds": 9}))
    assert same.presence is base.Presence.FOUND


async def test_what_is_half_made_is_found_as_it_is(provider: AwsProvider, boto: boto3.Session) -> None:
    """A generated name is ours alone; the recorded inputs are what is there, so that the next update completes it."""
    life = Life(provider, QUEUE, "half")
    inputs = await life.check({"delaySeconds": 9})
    client(boto, "sqs").create_queue(QueueName=inputs["name"])  # type: ignore[attr-defined]
    found = await life.find(inputs)
    assert found.presence is base.Presence.FOUND
    assert found.made
    assert found.made.inputs
    assert found.made.inputs["delaySeconds"] == 0
    resource = life.recorded(found.made, found.made.inputs)
    assert "delaySeconds" in {change.path for change in (await life.diff(resource, inputs)).changes}
    await life.update(resource, inputs)
    assert (await life.find(inputs)).made.inputs["delaySeconds"] == 9  # type: ignore[union-attr,index]
    await life.delete(resource)


async def test_a_tag_finds_it_and_never_shows(provider: AwsProvider, boto: boto3.Session) -> None:
    life = Life(provider, KEY, "key")
    inputs = await life.check({"tags": {"a": "b"}})
    made = await life.create(inputs)
    tags = client(boto, "kms").list_resource_tags(KeyId=made.id)["Tags"]  # type: ignore[attr-defined]
    assert {"TagKey": tagging.TOKEN_TAG, "TagValue": life.token} in tags
    assert made.outputs["tags"] == {"a": "b"}
    assert made.outputs["tagsAll"] == {"a": "b", "estate": "conformance"}
    other = Life(provider, KEY, "key")
    assert (await other.find(inputs)).presence is base.Presence.ABSENT
    resource = life.recorded(made, inputs)
    await life.update(resource, await life.check({"tags": {"a": "c"}}))
    assert (await life.find(inputs)).presence is base.Presence.FOUND
    await life.delete(resource)


async def test_what_exists_but_could_not_be_completed_is_kept(provider: AwsProvider) -> None:
    life = Life(provider, PROFILE, "profile")
    inputs = await life.check({"role": "nobody"})
    made = await life.create(inputs)
    assert made.id == inputs["name"]
    assert len(made.init_errors) == 1
    assert "AddRoleToInstanceProfile: NoSuchEntity" in made.init_errors[0]
    await life.delete(life.recorded(made, inputs))


async def test_a_refusal_names_type_call_code_and_message(provider: AwsProvider) -> None:
    life = Life(provider, "aws:iam/role:Role", "role")
    inputs = await life.check({"assumeRolePolicy": {}, "name": "taken"})
    made = await life.create(inputs)
    with pytest.raises(ProviderError, match=r"aws:iam/role:Role: create: CreateRole: EntityAlreadyExists: "):
        await life.create(inputs)
    await life.delete(life.recorded(made, inputs))


async def test_secrets_are_marked_and_never_in_messages(provider: AwsProvider) -> None:
    user = Life(provider, "aws:iam/user:User", "user")
    checked = await user.check({})
    owner = user.recorded(await user.create(checked), checked)
    life = Life(provider, "aws:iam/accessKey:AccessKey", "key")
    inputs = await life.check({"user": owner.id})
    made = await life.create(inputs)
    assert isinstance(made.outputs["secret"], values.Secret)
    assert len(values.reveal(made.outputs["secret"])) > 20
    await life.delete(life.recorded(made, inputs))
    await user.delete(owner)
    certificate = Life(provider, "aws:iam/serverCertificate:ServerCertificate", "certificate")
    given = {"certificateBody": "x", "privateKey": ["a very secret key"]}
    request = base.CheckRequest(certificate.urn, certificate.type, "c", given, None, certificate.seed)
    failures = (await provider.check(request)).failures
    assert [failure.property for failure in failures] == ["privateKey"]
    assert "very secret" not in failures[0].reason


async def test_updating_what_is_gone_says_so(provider: AwsProvider) -> None:
    life = Life(provider, "aws:cloudwatch/logGroup:LogGroup", "gone")
    inputs = await life.check({})
    made = await life.create(inputs)
    resource = life.recorded(made, inputs)
    await life.delete(resource)
    with pytest.raises(ProviderError, match=r"PutRetentionPolicy: ResourceNotFoundException"):
        await life.update(resource, await life.check({"retentionInDays": 7}, inputs))
