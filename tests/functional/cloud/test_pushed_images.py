"""An image that was pushed to the account's registry runs: its files, entry point, environment, folder."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from stackyard.cloud.client import EmbeddedCloud
from stackyard.cloud.server import confinement
from tests.functional.cloud.conftest import Clients
from tests.functional.cloud.jobs import Jobs
from tests.functional.cloud.test_registry import ask, token_of

pytestmark = pytest.mark.skipif(confinement.means() == "none", reason="images need namespaces")


@pytest.fixture
def jobs(embedded_cloud: EmbeddedCloud, client: Clients, tmp_path: Path) -> Jobs:
    return Jobs(embedded_cloud, client, tmp_path)


def _tar(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            archive.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return gzip.compress(stream.getvalue())


def _shell() -> dict[str, bytes]:
    """A shell and `cat`, with the libraries that they need."""
    found = {}
    for name in ("/bin/sh", "/bin/cat"):
        found[name] = Path(name).read_bytes()
        told = subprocess.run(["ldd", name], capture_output=True, text=True, check=True).stdout
        found |= {path: Path(path).read_bytes() for path in re.findall(r"(/\S+\.so\S*)", told)}
    return {path.lstrip("/"): content for path, content in found.items()}


def _push(jobs: Jobs, cloud: EmbeddedCloud, layers: list[bytes], config: dict[str, Any]) -> None:
    ecr = jobs.client("ecr")
    ecr.create_repository(repositoryName="team/app")
    token = token_of(ecr)

    def blob(data: bytes) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        assert ask(cloud, "POST", f"/v2/team/app/blobs/uploads/?digest={digest}", token, data) == 201
        return {"digest": digest, "size": len(data), "mediaType": "application/octet-stream"}

    settings = json.dumps({"architecture": "amd64", "os": "linux", "config": config}).encode()
    manifest = {"schemaVersion": 2, "config": blob(settings), "layers": [blob(layer) for layer in layers]}
    assert ask(cloud, "PUT", "/v2/team/app/manifests/1", token, json.dumps(manifest).encode()) == 201


def test_it_runs_as_its_maker_said(jobs: Jobs, embedded_cloud: EmbeddedCloud, fresh_account: str) -> None:
    base = _tar({**_shell(), "app/old": b"old", "app/kept": b"kept", "gone/x": b"x"})
    above = _tar({"app/.wh.old": b"", "gone/.wh..wh..opq": b"", "app/new": b"new"}, {"link": "/app"})
    config = {
        "Entrypoint": ["/bin/sh", "-c"],
        "Cmd": ["echo default"],
        "Env": ["A=1", "PATH=/bin"],
        "WorkingDir": "/app",
    }
    _push(jobs, embedded_cloud, [base, above], config)
    image = f"{fresh_account}.dkr.ecr.eu-west-1.amazonaws.com/team/app:1"
    script = "cat new; echo; cat kept old; echo $A; echo *; echo /gone/*; echo x > written; cat /link/written; echo /*"
    arn = jobs.start(jobs.define(jobs.container(script, image=image)))
    _task, lines = jobs.ended(arn)
    told = " ".join(lines)
    assert lines[0] == "new"
    assert "kept" in told and "/app/old" not in told  # noqa: PT018
    assert {"1", "kept new", "/gone/*", "x"} <= set(lines)
    assert "usr" not in lines[-1] or "/root" not in lines[-1]
    again = jobs.container("", image=image)
    del again["command"]
    assert jobs.ended(jobs.start(jobs.define(again)))[1] == ["default"]
    _task, lines = jobs.ended(jobs.start(jobs.define(jobs.container("cat written || echo fresh", image=image))))
    assert lines[-1] == "fresh"  # what one task writes is not in the image


def test_a_broken_layer_is_told(jobs: Jobs, embedded_cloud: EmbeddedCloud) -> None:
    _push(jobs, embedded_cloud, [b"rubbish"], {"Entrypoint": ["/bin/sh"]})
    task, _lines = jobs.ended(jobs.start(jobs.define(jobs.container("true", image="team/app:1"))))
    assert task["stoppedReason"].startswith("CannotPullContainerError: team/app:1: a layer is no tar")


def test_a_digest_that_is_a_path_leads_nowhere(jobs: Jobs, embedded_cloud: EmbeddedCloud, tmp_path: Path) -> None:
    """PutImage takes any text for a digest; the folder of an image was called so, and emptied first."""
    _push(jobs, embedded_cloud, [_tar({"a": b""})], {"Entrypoint": ["/a"]})
    ecr = jobs.client("ecr")
    (image,) = ecr.batch_get_image(repositoryName="team/app", imageIds=[{"imageTag": "1"}])["images"]
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "kept").touch()
    up = "../" * 20
    ecr.put_image(
        repositoryName="team/app", imageManifest=image["imageManifest"], imageTag="evil",
        imageDigest=f"{up}{str(victim).lstrip('/')}",
    )  # fmt: skip
    jobs.ended(jobs.start(jobs.define(jobs.container("true", image="team/app:evil"))))
    assert [entry.name for entry in victim.iterdir()] == ["kept"]


def test_an_image_whose_etc_is_a_link_removes_nothing_of_the_machine(
    jobs: Jobs, embedded_cloud: EmbeddedCloud, tmp_path: Path
) -> None:
    """A link called resolv.conf was removed, and /etc of the machine has one."""
    tmp_path.chmod(0o755)
    (tmp_path / "resolv.conf").symlink_to("nowhere")
    _push(jobs, embedded_cloud, [_tar({"a": b""}, {"etc": str(tmp_path)})], {"Entrypoint": ["/a"]})
    task, _lines = jobs.ended(jobs.start(jobs.define(jobs.container("true", image="team/app:1"))))
    assert "symbolic link" in task["stoppedReason"]
    assert (tmp_path / "resolv.conf").is_symlink()
