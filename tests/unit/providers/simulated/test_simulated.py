"""The simulated provider: checked against SDKs that are installed here, which are never imported."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from stackyard import errors
from stackyard.model.resources import Resource
from stackyard.model.values import UNKNOWN
from stackyard.providers import base, simulated
from stackyard.providers.schemas import Kind
from stackyard.providers.simulated import sdk

URN = "urn:pulumi:dev::p::aws:elasticache/cluster:Cluster::cache"
CLUSTER = "aws:elasticache/cluster:Cluster"


async def make_provider(package: str = "aws", **environ: str) -> simulated.SimulatedProvider:
    provider = simulated.SimulatedProvider(package)
    await provider.configure(base.Settings(environ=environ))
    return provider


async def check(type_: str, inputs: dict[str, Any], **rest: Any) -> base.Checked:
    provider = await make_provider(type_.split(":", 1)[0])
    return await provider.check(base.CheckRequest(URN, type_, "cache", inputs, **rest))


def resource_type(token: str) -> sdk.ResourceType:
    package = sdk.find(token.split(":", 1)[0], tuple(sys.path))
    assert package is not None
    found = package.resource(token)
    assert found is not None
    return found


def test_types_are_read_from_the_text_of_an_sdk() -> None:
    queue = resource_type("aws:sqs/queue:Queue")
    assert queue.inputs["delaySeconds"].kind is Kind.INTEGER
    assert queue.inputs["tags"].kind is Kind.MAP
    assert not queue.inputs["name"].required
    assert queue.outputs["arn"].required
    assert "arn" not in queue.inputs
    policy = resource_type("aws:sqs/queuePolicy:QueuePolicy")
    assert policy.inputs["queueUrl"].required
    assert policy.inputs["policy"].kind is Kind.ANY


def test_nested_types_are_read_when_they_are_asked_for() -> None:
    group = resource_type("aws:ec2/securityGroup:SecurityGroup")
    ingress = group.inputs["ingress"].items
    assert ingress is not None
    assert ingress.fields is not None
    assert ingress.fields()["fromPort"].required
    assert ingress.fields()["cidrBlocks"].kind is Kind.LIST


def test_an_sdk_is_never_imported() -> None:
    before = set(sys.modules)
    resource_type("tls:index/privateKey:PrivateKey")
    assert not {name for name in set(sys.modules) - before if name.startswith("pulumi")}


async def test_every_mistake_in_the_inputs_is_told() -> None:
    inputs = {"from_port": 1, "ingress": [{"fromPort": "many", "toPort": 2, "protocol": "tcp"}], "vpcId": ["v"]}
    checked = await check("aws:ec2/securityGroup:SecurityGroup", inputs)
    assert {failure.property for failure in checked.failures} == {"from_port", "ingress[0].fromPort", "vpcId"}


async def test_a_type_that_the_sdk_does_not_have_is_refused() -> None:
    checked = await check("aws:sqs/queue:Kueue", {})
    assert "pulumi_aws has no resource type" in checked.failures[0].reason


async def test_a_name_is_generated_once_and_kept() -> None:
    first = await check("aws:sqs/queue:Queue", {}, seed=b"a" * 32)
    other = await check("aws:sqs/queue:Queue", {}, seed=b"b" * 32)
    kept = await check("aws:sqs/queue:Queue", {}, seed=b"b" * 32, old=first.inputs)
    assert first.inputs["name"].startswith("cache-")
    assert len(first.inputs["name"]) == len("cache-") + 7
    assert other.inputs != first.inputs
    assert kept.inputs == first.inputs
    assert (await check("aws:sqs/queue:Queue", {"name": "mine"})).inputs["name"] == "mine"


async def test_computed_outputs_are_marked_placeholders_and_deterministic() -> None:
    provider = await make_provider()
    request = base.CreateRequest(URN, CLUSTER, {"engine": "redis"}, token="t")
    made, again = await provider.create(request), await (await make_provider()).create(request)
    assert made == again
    assert made.id.startswith("simulated-cache-")
    assert made.outputs["engine"] == "redis"
    assert made.outputs["arn"].startswith("simulated-cache-")
    assert made.outputs["arn"] != made.outputs["clusterAddress"]
    assert made.outputs["numCacheNodes"] == 0
    assert isinstance(made.outputs["cacheNodes"], list)


async def test_two_intents_have_two_ids() -> None:
    provider = await make_provider()
    ids = {(await provider.create(base.CreateRequest(URN, CLUSTER, {}, token=t))).id for t in ("a", "b")}
    assert len(ids) == 2


async def test_a_preview_knows_inputs_only() -> None:
    provider = await make_provider()
    made = await provider.create(base.CreateRequest(URN, CLUSTER, {"engine": "redis"}, preview=True))
    assert made.id is UNKNOWN
    assert made.outputs["engine"] == "redis"
    assert made.outputs["arn"] is UNKNOWN


async def test_an_update_keeps_the_placeholders() -> None:
    provider = await make_provider()
    made = await provider.create(base.CreateRequest(URN, CLUSTER, {"engine": "redis"}))
    old = Resource(URN, CLUSTER, True, id=made.id, inputs={"engine": "redis"}, outputs={**made.outputs, "arn": "old"})
    updated = await provider.update(base.UpdateRequest(URN, CLUSTER, old, {"engine": "valkey"}))
    assert (updated.id, updated.outputs["arn"], updated.outputs["engine"]) == (made.id, "old", "valkey")


async def test_documentation_that_says_so_makes_a_change_replace(tmp_path: Path) -> None:
    _write_sdk(tmp_path)
    provider = await make_provider("toy", VIRTUAL_ENV=str(tmp_path))
    old = Resource("urn", "toy:index:Doll", True, inputs={"hairColour": "red", "size": 1})
    request = base.DiffRequest("urn", old.type, old, {"hairColour": "blue", "size": 2})
    difference = await provider.diff(request)
    assert difference.replaces == ("hairColour",)
    assert {change.path for change in difference.changes} == {"hairColour", "size"}


async def test_functions_are_never_answered() -> None:
    with pytest.raises(errors.Unsupported, match="simulated"):
        await (await make_provider()).invoke("aws:index/getCallerIdentity:getCallerIdentity", {})


async def test_nothing_can_be_looked_up_by_its_id() -> None:
    with pytest.raises(errors.Unsupported, match="nothing exists"):
        await (await make_provider()).read(base.ReadRequest(URN, CLUSTER, "cluster-1"))


def _write_sdk(environment: Path) -> None:
    folder = environment / "lib" / "python3.11" / "site-packages" / "pulumi_toy"
    folder.mkdir(parents=True)
    registration = '[{"pkg": "toy", "mod": "index", "fqn": "pulumi_toy", "classes": {"toy:index:Doll": "Doll"}}]'
    (folder / "__init__.py").write_text(f"register('''{registration}''')\n")
    (folder / "doll.py").write_text(
        '''
@pulumi.input_type
class DollArgs:
    def __init__(__self__, *, hair_colour: pulumi.Input[str], size: Optional[pulumi.Input[int]] = None):
        pass

    @property
    @pulumi.getter(name="hairColour")
    def hair_colour(self) -> pulumi.Input[str]:
        """
        The colour. Changing this forces a new resource to be created.
        """

    @property
    @pulumi.getter
    def size(self) -> Optional[pulumi.Input[int]]:
        """
        Centimetres.
        """


@pulumi.type_token("toy:index:Doll")
class Doll(pulumi.CustomResource):
    @property
    @pulumi.getter(name="hairColour")
    def hair_colour(self) -> pulumi.Output[str]:
        return pulumi.get(self, "hair_colour")
'''
    )
