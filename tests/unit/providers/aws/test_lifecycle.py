"""Check, diff and previews, without a cloud."""

from __future__ import annotations

import pytest

from stackyard.model.resources import Resource
from stackyard.model.values import UNKNOWN, ResourceReference, Secret
from stackyard.providers import base
from stackyard.providers.aws.provider import AwsProvider

QUEUE, ROLE, KEY = "aws:sqs/queue:Queue", "aws:iam/role:Role", "aws:iam/accessKey:AccessKey"
SEED = b"\x01" * 32
ENVIRON = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_SECRET_ACCESS_KEY": "hidden",
    "AWS_REGION": "eu-west-1",
}


@pytest.fixture
async def provider() -> AwsProvider:
    made = AwsProvider()
    config = {"defaultTags": {"tags": {"team": "core"}}, "ignoreTags": {"keys": ["seen-by"]}}
    await made.configure(base.Settings(config=config, environ=ENVIRON))
    made._configured.connection._identity = {"Account": "123456789012"}
    return made


async def check(provider: AwsProvider, inputs: dict[str, object], **more: object) -> base.Checked:
    request = base.CheckRequest("urn", QUEUE, "jobs", inputs, seed=SEED)
    for name, value in more.items():
        object.__setattr__(request, name, value)
    return await provider.check(request)


def recorded(inputs: dict[str, object], outputs: dict[str, object] | None = None, type_: str = QUEUE) -> Resource:
    return Resource("urn", type_, True, "id", inputs=inputs, outputs=outputs or {})


async def test_a_name_is_made_from_the_seed(provider: AwsProvider) -> None:
    first, second = await check(provider, {}), await check(provider, {})
    assert first == second
    assert first.inputs["name"].startswith("jobs-")
    assert len(first.inputs["name"]) == len("jobs-") + 7
    assert "name" in first.inputs["__defaults"]


async def test_a_name_is_kept_while_the_resource_lives(provider: AwsProvider) -> None:
    old = {"name": "jobs-0000000", "__defaults": ["name"]}
    assert (await check(provider, {}, old=old)).inputs["name"] == "jobs-0000000"


async def test_a_prefix_begins_the_name(provider: AwsProvider) -> None:
    name = (await check(provider, {"namePrefix": "x-"})).inputs["name"]
    assert name.startswith("x-")
    assert len(name) == 28


async def test_a_suffix_ends_the_name(provider: AwsProvider) -> None:
    assert (await check(provider, {"fifoQueue": True})).inputs["name"].endswith(".fifo")


async def test_a_name_too_long_is_a_failure(provider: AwsProvider) -> None:
    checked = await check(provider, {}, name="x" * 80)
    assert [failure.property for failure in checked.failures] == ["name"]


async def test_values_take_their_declared_types(provider: AwsProvider) -> None:
    checked = await check(provider, {"delaySeconds": "5", "fifoQueue": "false", "kmsMasterKeyId": 7.0})
    assert checked.failures == ()
    assert [checked.inputs[n] for n in ("delaySeconds", "fifoQueue", "kmsMasterKeyId")] == [5, False, "7"]


async def test_a_resource_given_as_text_is_its_id(provider: AwsProvider) -> None:
    checked = await check(provider, {"kmsMasterKeyId": ResourceReference("urn", "key-1")})
    assert checked.inputs["kmsMasterKeyId"] == "key-1"


@pytest.mark.parametrize(
    ("inputs", "property_", "reason"),
    [
        ({"delaySecond": 5}, "delaySecond", "did you mean 'delaySeconds'?"),
        ({"delaySeconds": "soon"}, "delaySeconds", "must be an integer, not str"),
        ({"tags": [1]}, "tags", "must be a map"),
        ({"policy": "{"}, "policy", "is not valid JSON"),
        ({"name": "a.fifo"}, "name", "must end in .fifo"),
    ],
)
async def test_a_wrong_input_is_a_failure_of_that_property(
    provider: AwsProvider, inputs: dict[str, object], property_: str, reason: str
) -> None:
    (failure,) = (await check(provider, inputs)).failures
    assert failure.property == property_
    assert reason in failure.reason


async def test_what_is_required_is_missed(provider: AwsProvider) -> None:
    checked = await provider.check(base.CheckRequest("urn", ROLE, "r", {}, seed=SEED))
    assert [(f.property, f.reason) for f in checked.failures] == [("assumeRolePolicy", "is required")]


async def test_default_tags_are_merged_and_ignored_ones_left_out(provider: AwsProvider) -> None:
    checked = await check(provider, {"tags": {"a": "b", "seen-by": "x"}})
    assert checked.inputs["tagsAll"] == {"a": "b", "team": "core"}
    assert checked.inputs["tags"] == {"a": "b", "seen-by": "x"}
    assert (await check(provider, {"tags": UNKNOWN})).inputs["tagsAll"] is UNKNOWN


async def diff(provider: AwsProvider, old: Resource, inputs: dict[str, object]) -> base.Difference:
    return await provider.diff(base.DiffRequest("urn", old.type, old, inputs))


async def test_policies_are_compared_by_meaning(provider: AwsProvider) -> None:
    old = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["a:b"],"Resource":["y","x"]}]}'
    new = '{"Statement": {"Resource": ["x", "y"], "Action": "a:B", "Effect": "Allow"}, "Version": "2012-10-17"}'
    assert not (await diff(provider, recorded({"policy": old}), {"policy": new})).changes
    denied = new.replace("Allow", "Deny")
    assert [c.path for c in (await diff(provider, recorded({"policy": old}), {"policy": denied})).changes] == ["policy"]


async def test_a_computed_input_left_out_is_no_change(provider: AwsProvider) -> None:
    old = recorded({"sqsManagedSseEnabled": True, "kmsMasterKeyId": "k"})
    assert [change.path for change in (await diff(provider, old, {})).changes] == ["kmsMasterKeyId"]


async def test_an_input_new_to_the_record_is_compared_with_the_output(provider: AwsProvider) -> None:
    old = recorded({}, {"delaySeconds": 5})
    assert not (await diff(provider, old, {"delaySeconds": 5})).changes
    assert (await diff(provider, old, {"delaySeconds": 6})).changes


async def test_a_fixed_name_is_deleted_before_it_is_replaced(provider: AwsProvider) -> None:
    old = recorded({"name": "jobs", "fifoQueue": False})
    found = await diff(provider, old, {"name": "jobs", "fifoQueue": True, "__defaults": []})
    assert (found.replaces, found.delete_before_replace) == (("fifoQueue",), True)
    made = await diff(provider, old, {"name": "jobs", "fifoQueue": True, "__defaults": ["name"]})
    assert made.delete_before_replace is False


async def test_unknown_inputs_are_changes(provider: AwsProvider) -> None:
    assert (await diff(provider, recorded({"delaySeconds": 5}), {"delaySeconds": UNKNOWN})).changes


async def test_a_preview_knows_inputs_and_nothing_else(provider: AwsProvider) -> None:
    inputs = (await check(provider, {"delaySeconds": 5})).inputs
    made = await provider.create(base.CreateRequest("urn", QUEUE, inputs, preview=True))
    assert made.id is UNKNOWN
    assert (made.outputs["delaySeconds"], made.outputs["region"]) == (5, "eu-west-1")
    assert made.outputs["arn"] == f"arn:aws:sqs:eu-west-1:123456789012:{inputs['name']}"
    assert made.outputs["url"] is UNKNOWN
    assert not [name for name in made.outputs if name.startswith("__")]


async def test_a_prediction_from_an_unknown_is_unknown(provider: AwsProvider) -> None:
    made = await provider.create(base.CreateRequest("urn", QUEUE, {"name": UNKNOWN, "delaySeconds": 5}, preview=True))
    assert (made.outputs["arn"], made.outputs["delaySeconds"]) == (UNKNOWN, 5)


async def test_a_preview_of_an_update_keeps_what_it_does_not_touch(provider: AwsProvider) -> None:
    old = recorded({"delaySeconds": 5}, {"delaySeconds": 5, "arn": "arn:x"})
    made = await provider.update(base.UpdateRequest("urn", QUEUE, old, {"delaySeconds": UNKNOWN}, preview=True))
    assert (made.id, made.outputs["arn"], made.outputs["delaySeconds"]) == ("id", "arn:x", UNKNOWN)


async def test_a_secret_recorded_is_compared_by_content(provider: AwsProvider) -> None:
    old = recorded({"kmsMasterKeyId": Secret("k")})
    assert not (await diff(provider, old, {"kmsMasterKeyId": "k"})).changes


async def test_inputs_of_earlier_sdks_say_nothing_while_they_are_empty(provider: AwsProvider) -> None:
    def asked(stage: str) -> base.CheckRequest:
        inputs = {"restApi": "a", "stageName": stage}
        return base.CheckRequest("urn", "aws:apigateway/deployment:Deployment", "d", inputs, seed=SEED)

    empty, named = await provider.check(asked("")), await provider.check(asked("live"))
    assert (empty.failures, "stageName" in empty.inputs) == ((), False)
    assert [failure.property for failure in named.failures] == ["stageName"]
