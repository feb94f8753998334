"""Programs of another shape: nested components, a provider of their own, aliases, new names, a part that stays."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from stackyard.cloud.client import EmbeddedCloud
from tests.functional import running
from tests.functional.splitting.conftest import Calls, ids, stored

pytestmark = pytest.mark.cloud
BEFORE = """
    import pulumi, pulumi_aws as aws, pulumi_random as random

    class Box(pulumi.ComponentResource):
        def __init__(self, name, opts=None):
            super().__init__("own:kit:Box", name, opts=opts)
            self.pet = random.RandomPet(name, opts=pulumi.ResourceOptions(parent=self))

    class Room(pulumi.ComponentResource):
        def __init__(self, name, opts=None):
            super().__init__("own:kit:Room", name, opts=opts)
            self.box = Box(f"{name}-box", pulumi.ResourceOptions(parent=self))
"""
MONOLITH = (
    BEFORE
    + """
    room = Room("attic")
    west = aws.Provider("west", region="us-west-2", skip_credentials_validation=True)
    far = aws.sqs.Queue("far", opts=pulumi.ResourceOptions(provider=west, protect=True))
    master = random.RandomPassword("master", length=20, opts=pulumi.ResourceOptions(protect=True))
    note = aws.ssm.Parameter("note", name="/NAME/note", type="SecureString", value=master.result)
    jobs = aws.sqs.Queue("jobs", tags={"Far": far.name})
    pulumi.export("jobs", jobs.url)
    pulumi.export("password", master.result)
    """
)
STAYS = """
    import pulumi, pulumi_aws as aws
    ground = pulumi.StackReference("organization/ground/dev")
    jobs = aws.sqs.Queue("jobs", tags={"Far": ground.require_output("far")})
    pulumi.export("jobs", jobs.url)
"""
GROUND = (
    BEFORE
    + """
    room = Room("attic")
    west = aws.Provider("west", region="us-west-2", skip_credentials_validation=True)
    far = aws.sqs.Queue("far", opts=pulumi.ResourceOptions(provider=west, protect=True))
    pulumi.export("far", far.name)
    """
)
SAFE = """
    import pulumi, pulumi_aws as aws, pulumi_random as random

    class Vault(pulumi.ComponentResource):
        def __init__(self, name):
            super().__init__("own:kit:Vault", name)
            alias = pulumi.Alias(name="master", project="all", parent=pulumi.ROOT_STACK_RESOURCE)
            options = pulumi.ResourceOptions(parent=self, protect=True, aliases=[alias])
            self.secret = random.RandomPassword("root", length=20, opts=options)
            self.kept = aws.ssm.Parameter(
                "kept", name="/NAME/note", type="SecureString", value=self.secret.result,
                opts=pulumi.ResourceOptions(parent=self),
            )

    vault = Vault("vault")
    pulumi.export("password", vault.secret.result)
"""


def project(estate: Path, name: str, program: str) -> None:
    folder = estate / name
    folder.mkdir(exist_ok=True)
    (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\nconfig: {{aws:region: us-east-1}}\n")
    (folder / "__main__.py").write_text(textwrap.dedent(program).replace("NAME", estate.parent.name))


@pytest.fixture
def estate(tmp_path: Path, embedded_cloud: EmbeddedCloud) -> Path:
    root = tmp_path / "estate"
    root.mkdir()
    (root / "stackyard.yaml").write_text("layers: []\n")
    (root / ".stackyard").mkdir()
    (root / ".stackyard/cloud").symlink_to(embedded_cloud.folder)
    project(root, "all", MONOLITH)
    (root / "all/Pulumi.dev.yaml").touch()
    running.run(root, "up", "--yes", "--json").done()
    return root


def test_nothing_is_made_anew_whatever_the_new_programs_call_it(estate: Path, calls: Calls) -> None:
    before, password = ids(estate), running.outputs(estate, "all/dev")["password"]
    for name, program in (("all", STAYS), ("ground", GROUND), ("safe", SAFE)):
        project(estate, name, program)
    done = running.run(estate, "split", "all/dev", "--into", "ground", "safe", "--yes")
    assert done.exit_code == 0, done.stdout + done.stderr
    assert "nothing would be created, changed, replaced or deleted" in done.stdout.splitlines()[-1]
    assert calls.none
    assert ids(estate) == before
    assert running.outputs(estate, "safe/dev")["password"] == password
    found = {each["urn"].rpartition("::")[2]: each for each in stored(estate)["safe/dev"]}
    assert (
        found["root"]["urn"] == "urn:pulumi:dev::safe::own:kit:Vault$random:index/randomPassword:RandomPassword::root"
    )
    assert found["root"]["protect"]
    assert found["root"]["parent"] == found["kept"]["parent"] == found["vault"]["urn"]
    kept = [each["urn"].rpartition("::")[2] for each in stored(estate)["all/dev"] if not each["urn"].count("providers")]
    assert kept == ["all-dev", "jobs"]
    applied = running.run(estate, "up", "--yes", "--json").done()
    assert applied.executed == set()
    assert calls.none
    project(estate, "all", MONOLITH)
    merged = running.run(estate, "merge", "ground", "safe", "--into", "all", "--yes")
    assert merged.exit_code == 0, merged.stdout + merged.stderr
    assert ids(estate) == before
    assert running.run(estate, "preview", "--json").done().changes == []
    assert running.outputs(estate, "all/dev")["password"] == password
    assert calls.none


def test_who_reads_a_stack_that_ends_is_told_whom_to_read(estate: Path) -> None:
    ground = (
        GROUND
        + """
    master = random.RandomPassword("master", length=20, opts=pulumi.ResourceOptions(protect=True))
    note = aws.ssm.Parameter("note", name="/NAME/note", type="SecureString", value=master.result)
    jobs = aws.sqs.Queue("jobs", tags={"Far": far.name})
    pulumi.export("jobs", jobs.url)
    """
    )
    project(estate, "ground", ground)
    reader = 'import pulumi\npulumi.export("x", pulumi.StackReference("organization/all/dev").require_output("jobs"))\n'
    project(estate, "reader", reader)
    (estate / "reader/Pulumi.dev.yaml").touch()
    told = running.run(estate, "split", "all/dev", "--into", "ground", "--yes").stdout.splitlines()
    (said,) = [line for line in told if "which ends" in line]
    assert said == "reader/dev reads all/dev (reader/__main__.py:2:20), which ends: let it read jobs of ground/dev"


def test_what_two_programs_register_is_nobodys_until_a_mapping_says_so(estate: Path, tmp_path: Path) -> None:
    for name in ("ground", "other"):
        project(estate, name, GROUND)
    mapping = tmp_path / "mapping.yaml"
    command = ("split", "all/dev", "--into", "ground", "other", "--yes")
    refused = running.run(estate, *command, "--map-out", str(mapping))
    assert refused.exit_code == 1
    assert "some resources may be several" in refused.stderr
    assert "several are possible" in mapping.read_text()
    assert set(stored(estate)) == {"all/dev"}
    urn = "urn:pulumi:dev::all::aws:sqs/queue:Queue::far"
    mapping.write_text(f"resources:\n  - resource: {urn!r}\n    to: other/dev\n")
    running.run(estate, *command, "--map", str(mapping))
    assert [each["id"] for each in stored(estate)["other/dev"] if each["type"] == "aws:sqs/queue:Queue"]
    assert not [each for each in stored(estate).get("ground/dev", []) if each["custom"]]
