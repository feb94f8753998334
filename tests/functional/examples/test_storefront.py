"""A new service of the storefront: its preview shows it alone, and its repository takes and gives images."""

from __future__ import annotations

import hashlib
import http.client
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stackyard.cloud.client import EmbeddedCloud, account_of
from stackyard.model.names import DEFAULT_ORGANIZATION
from tests import clients
from tests.functional import running

pytestmark = pytest.mark.cloud
ROOT = Path(__file__).parents[3]
LAYER = b"a layer of the cart"
DIGEST = f"sha256:{hashlib.sha256(LAYER).hexdigest()}"


@pytest.fixture
def estate(embedded_cloud: EmbeddedCloud, tmp_path: Path) -> Path:
    """The storefront, up in the stage QA."""
    made = running.copied(ROOT / "examples" / "storefront", tmp_path / "storefront", embedded_cloud)
    running.run(made, "up", "storefront/QA", "--yes", "--json").done()
    return made


def client(cloud: EmbeddedCloud, service: str, keys: dict[str, Any] | None = None) -> Any:
    """A boto3 client of the estate's account, or of temporary keys."""
    environ = cloud.environ(account_of(DEFAULT_ORGANIZATION), "us-east-1")
    return clients.client(environ, service, **(keys or {}))


def token_as(cloud: EmbeddedCloud, role: str) -> str:
    """A registry token of who has a role."""
    made = client(cloud, "sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    keys = {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
        "aws_session_token": made["SessionToken"],
    }
    found = client(cloud, "ecr", keys).get_authorization_token()
    return str(found["authorizationData"][0]["authorizationToken"])


def ask(cloud: EmbeddedCloud, method: str, path: str, token: str, body: bytes = b"") -> int:
    """The status of a registry call."""
    endpoint = cloud.environ(account_of(DEFAULT_ORGANIZATION))["AWS_ENDPOINT_URL"].removeprefix("http://")
    connection = http.client.HTTPConnection(endpoint)
    connection.request(method, path, body=body, headers={"Authorization": f"Basic {token}"})
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_new_service_is_all_that_the_preview_shows(estate: Path, embedded_cloud: EmbeddedCloud) -> None:
    written = running.run(estate, "new", "service", "cart", "--json").done().documents[-1]["files"]
    assert [Path(each).relative_to(estate).as_posix() for each in written] == [
        "storefront/apps/cart.py",
        "storefront/tests/test_cart.py",
        "storefront/apps/registered.py",
        "CODEOWNERS",
    ]
    planned = running.run(estate, "preview", "storefront/QA", "--json").done()
    assert {(op, urn.split("::")[2].rpartition("$")[2], urn.split("::")[3]) for op, urn in planned.planned} == {
        ("create", "storefront:platform:ImageRepository", "cart"),
        ("create", "aws:ecr/repository:Repository", "cart"),
        ("create", "aws:ecr/lifecyclePolicy:LifecyclePolicy", "cart"),
        ("create", "aws:iam/role:Role", "cart-pull"),
        ("create", "aws:iam/role:Role", "cart-push"),
        ("create", "aws:iam/rolePolicy:RolePolicy", "cart-pull"),
        ("create", "aws:iam/rolePolicy:RolePolicy", "cart-push"),
    }
    made = running.run(estate, "up", "storefront/QA", "--yes", "--json").done()
    assert made.executed == planned.planned
    _takes_and_gives_images(embedded_cloud, running.outputs(estate, "storefront/QA")["cart"])
    running.run(estate, "destroy", "storefront/QA", "--yes", "--json").done()


def _takes_and_gives_images(cloud: EmbeddedCloud, cart: dict[str, str]) -> None:
    """Who has the push role pushes, who has the pull role pulls, and neither does what the other may."""
    blobs = f"/v2/{cart['repository']}/blobs"
    push, pull = token_as(cloud, cart["push_role"]), token_as(cloud, cart["pull_role"])
    assert ask(cloud, "POST", f"{blobs}/uploads/?digest={DIGEST}", pull, LAYER) == 403
    assert ask(cloud, "POST", f"{blobs}/uploads/?digest={DIGEST}", push, LAYER) == 201
    assert ask(cloud, "GET", f"{blobs}/{DIGEST}", pull) == 200
    assert ask(cloud, "GET", f"{blobs}/{DIGEST}", push) == 403
    others = cart["repository"].replace("cart", "checkout")
    assert ask(cloud, "POST", f"/v2/{others}/blobs/uploads/?digest={DIGEST}", push, LAYER) == 403


def test_the_tests_of_the_applications_pass_with_the_new_one(tmp_path: Path) -> None:
    copied = tmp_path / "storefront"
    subprocess.run(["cp", "-R", str(ROOT / "examples" / "storefront"), str(copied)], check=True)
    running.run(copied, "new", "service", "price-list").done()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(copied / "storefront" / "tests")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=copied, check=False)
    assert done.returncode == 0, done.stdout
    assert "6 passed" in done.stdout


def test_every_stage_is_told_once_what_holds_for_all(tmp_path: Path) -> None:
    estate = ROOT / "examples" / "storefront"
    shown = running.run(estate, "config", "explain", "storefront/QA", "images_kept", "--json").done()
    [row] = shown.documents[-1]["config"]
    assert (row["value"], row["origin"]["path"]) == ("5", "environments/stages/QA.yaml")
    assert [(each["value"], each["origin"]["path"]) for each in row["over"]] == [("20", "environments/base.yaml")]
    again = running.run(estate, "config", "explain", "--duplicates", "--json").done().documents[-1]["duplicates"]
    assert again == []


def test_a_program_for_each_stage_works_and_says_more_twice(tmp_path: Path, embedded_cloud: EmbeddedCloud) -> None:
    copied = running.copied(ROOT / "examples" / "storefront", tmp_path / "storefront", embedded_cloud)
    variant = copied / "program_per_stage"
    (variant / ".stackyard").mkdir()
    (variant / ".stackyard" / "cloud").symlink_to(embedded_cloud.folder)
    planned = running.run(variant, "preview", "--json").done()
    assert set(planned.plans) == {"storefront-qa/QA", "storefront-production/Production"}
    assert running.run(variant, "up", "--yes", "--json").done().executed == planned.planned
    assert running.run(variant, "preview", "--json").done().changes == []
    running.run(variant, "destroy", "--yes", "--json").done()

    again = {}
    for folder in (copied, variant):
        [*_, whole] = running.run(folder, "graph", "--duplication", "--json").done().documents[-1]["programs"]
        again[folder] = [whole[kind]["again"] for kind in ("resources", "lines", "config")]
    assert again[copied] == [0, 0, 0]
    assert all(count > 0 for count in again[variant])
