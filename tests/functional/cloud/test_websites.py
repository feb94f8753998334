"""A bucket's website: index, error document, and nothing that is not public."""

from __future__ import annotations

import http.client

from stackyard.cloud.client import EmbeddedCloud
from tests.functional.cloud import lambdas
from tests.functional.cloud.conftest import Clients


def get(cloud: EmbeddedCloud, host: str, path: str) -> tuple[int, bytes, str]:
    """Status, body and Location of an unsigned GET."""
    endpoint = cloud.environ("111122223333")["AWS_ENDPOINT_URL"].removeprefix("http://")
    connection = http.client.HTTPConnection(endpoint)
    connection.request("GET", path, headers={"Host": host})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body, response.headers.get("Location", "")


def site(client: Clients, name: str, *, public: bool) -> str:
    """A bucket with a website; returns its host name."""
    s3 = client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    if public:
        s3.delete_public_access_block(Bucket=name)
        read = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
        list_ = {"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{name}"}
        s3.put_bucket_policy(Bucket=name, Policy=lambdas.policy(read, list_))
    s3.put_bucket_website(
        Bucket=name,
        WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "oops.html"}},
    )
    for key in ("index.html", "docs/index.html", "oops.html", "plain.txt"):
        s3.put_object(Bucket=name, Key=key, Body=key.encode(), ContentType="text/html")
    return f"{name}.s3-website.eu-west-1.localhost"


def test_index_and_error_documents(client: Clients, embedded_cloud: EmbeddedCloud) -> None:
    host = site(client, "site-public", public=True)
    assert get(embedded_cloud, host, "/") == (200, b"index.html", "")
    assert get(embedded_cloud, host, "/docs/") == (200, b"docs/index.html", "")
    assert get(embedded_cloud, host, "/docs") == (302, b"", "/docs/")
    assert get(embedded_cloud, host, "/plain.txt") == (200, b"plain.txt", "")
    assert get(embedded_cloud, host, "/nothing") == (404, b"oops.html", "")
    assert get(embedded_cloud, "site-public.s3-website-eu-west-1.amazonaws.com", "/")[:2] == (200, b"index.html")


def test_what_is_not_public_is_not_shown(client: Clients, embedded_cloud: EmbeddedCloud) -> None:
    host = site(client, "site-private", public=False)
    assert get(embedded_cloud, host, "/")[0] == 403


def test_a_bucket_without_a_website(client: Clients, embedded_cloud: EmbeddedCloud) -> None:
    client("s3").create_bucket(Bucket="no-site", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert get(embedded_cloud, "no-site.s3-website.eu-west-1.localhost", "/")[0] == 404
