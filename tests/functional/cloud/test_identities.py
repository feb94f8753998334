"""CloudFront's origin access identities."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from stackyard.cloud.client import EmbeddedCloud
from tests.functional.cloud.conftest import Clients, client_of


def test_an_identity_is_made_once_for_a_reference(client: Clients) -> None:
    front = client("cloudfront")
    wanted = {"CallerReference": "a", "Comment": "one"}
    made = front.create_cloud_front_origin_access_identity(CloudFrontOriginAccessIdentityConfig=wanted)
    id_ = made["CloudFrontOriginAccessIdentity"]["Id"]
    again = front.create_cloud_front_origin_access_identity(CloudFrontOriginAccessIdentityConfig=wanted)
    assert again["CloudFrontOriginAccessIdentity"]["Id"] == id_
    with pytest.raises(ClientError, match="AlreadyExists"):
        front.create_cloud_front_origin_access_identity(
            CloudFrontOriginAccessIdentityConfig={**wanted, "Comment": "other"}
        )
    listed = front.list_cloud_front_origin_access_identities()["CloudFrontOriginAccessIdentityList"]
    assert [item["Id"] for item in listed["Items"]] == [id_]


def test_a_change_needs_the_newest_etag(client: Clients) -> None:
    front = client("cloudfront")
    config = {"CallerReference": "b", "Comment": "one"}
    made = front.create_cloud_front_origin_access_identity(CloudFrontOriginAccessIdentityConfig=config)
    id_, etag = made["CloudFrontOriginAccessIdentity"]["Id"], made["ETag"]
    changed = {**config, "Comment": "two"}
    front.update_cloud_front_origin_access_identity(Id=id_, IfMatch=etag, CloudFrontOriginAccessIdentityConfig=changed)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        front.delete_cloud_front_origin_access_identity(Id=id_, IfMatch=etag)
    now = front.get_cloud_front_origin_access_identity_config(Id=id_)
    assert now["CloudFrontOriginAccessIdentityConfig"] == changed
    front.delete_cloud_front_origin_access_identity(Id=id_, IfMatch=now["ETag"])
    with pytest.raises(ClientError, match="NoSuchCloudFrontOriginAccessIdentity"):
        front.get_cloud_front_origin_access_identity(Id=id_)


async def test_it_outlives_a_killed_server(tmp_path: Path) -> None:
    cloud = EmbeddedCloud(tmp_path)
    try:
        running = await cloud.ensure()
        front = client_of(cloud.environ("111122223333"), "cloudfront")
        config = {"CallerReference": "c", "Comment": ""}
        made = front.create_cloud_front_origin_access_identity(CloudFrontOriginAccessIdentityConfig=config)
        ended = os.pidfd_open(running.pid)
        os.kill(running.pid, signal.SIGKILL)
        select.select([ended], [], [], 10)
        os.close(ended)
        await cloud.ensure()
        front = client_of(cloud.environ("111122223333"), "cloudfront")
        id_ = made["CloudFrontOriginAccessIdentity"]["Id"]
        assert front.get_cloud_front_origin_access_identity(Id=id_)["ETag"] == made["ETag"]
    finally:
        await cloud.stop()
