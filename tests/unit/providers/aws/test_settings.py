"""Settings come from the provider's inputs and the environment that it is given, never from the process's own."""

from __future__ import annotations

import pytest

from stackyard.errors import ProviderError
from stackyard.providers import base
from stackyard.providers.aws import connections, settings

ENVIRON = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_SECRET_ACCESS_KEY": "hidden",
    "AWS_REGION": "eu-west-1",
}


def read(config: dict[str, object] | None = None, **environ: str) -> settings.AwsSettings:
    return settings.read(base.Settings(config=config or {}, environ={**ENVIRON, **environ}))


def test_the_environment_given_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://elsewhere")
    monkeypatch.setenv("AWS_PROFILE", "personal")
    found = read()
    assert (found.region, found.access_key, found.endpoint) == ("eu-west-1", "AKIA", "http://127.0.0.1:1")
    assert found.profile == ""
    client = connections.connect(found).client("sqs", found.region)
    assert client.meta.endpoint_url == "http://127.0.0.1:1"
    assert client._request_signer._credentials.access_key == "AKIA"


def test_the_provider_s_inputs_win_and_may_be_json_text() -> None:
    endpoints = '[{"sqs": "http://127.0.0.1:2", "s3": ""}]'
    found = read({"region": "us-west-2", "accessKey": "other", "secretKey": "x", "endpoints": endpoints})
    assert (found.region, found.access_key, found.endpoints) == ("us-west-2", "other", (("sqs", "http://127.0.0.1:2"),))
    assert found.session_token == ""


def test_one_service_may_have_its_own_endpoint() -> None:
    found = read(AWS_ENDPOINT_URL_S3="http://127.0.0.1:3")
    connection = connections.connect(found)
    assert connection.client("s3", "eu-west-1").meta.endpoint_url == "http://127.0.0.1:3"
    assert connection.client("sns", "eu-west-1").meta.endpoint_url == "http://127.0.0.1:1"


def test_equal_settings_share_their_clients() -> None:
    assert connections.connect(read()) is connections.connect(read())
    assert connections.connect(read()) is not connections.connect(read(AWS_REGION="eu-west-2"))


def test_secrets_do_not_show() -> None:
    assert "hidden" not in repr(read())


def test_no_region_is_an_error() -> None:
    with pytest.raises(ProviderError, match="no region"):
        settings.read(base.Settings(environ={"HOME": "/"}))


def test_an_endpoint_without_credentials_asks_nobody_else() -> None:
    found = settings.read(base.Settings(environ={"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "eu-west-1"}))
    with pytest.raises(ProviderError, match="no credentials"):
        connections.connect(found).client("sqs", "eu-west-1")


def test_tags_are_read_from_text_or_objects() -> None:
    found = settings.tags({"defaultTags": '{"tags": {"a": "b"}}', "ignoreTags": {"keys": ["x"], "keyPrefixes": ["y:"]}})
    assert (found.defaults, found.ignored, found.ignored_prefixes) == ({"a": "b"}, frozenset({"x"}), ("y:",))
