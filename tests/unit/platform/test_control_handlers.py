"""The control API's shared parts: the contract, the authorizer, sessions, groups; and the function of the page."""

from __future__ import annotations

import base64
import gzip
import hashlib
import importlib
import inspect
import io
import json
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import openapi_spec_validator
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stackyard.cloud.client import account_of
from stackyard.model import tenants

Handlers = Callable[[str], Any]
CONTROL_WEB = Path(__file__).parents[3] / "platform" / "control_web"
NAMES = st.sampled_from(["shop", "crm", "prod", "dev-login", "dev-logout", "s", "x"])
GLOBS = st.sampled_from(["*", "shop", "s*", "crm", "*/*", "shop/*", "shop/prod", "*/prod", "crm/dev-*", "s*/dev-log?n"])


def test_every_route_has_a_handler_that_takes_a_request(handlers: Handlers) -> None:
    for operation in handlers("contract").OPERATIONS:
        module, _, name = operation.answers.partition(".")
        answering = getattr(handlers(module), name)
        assert list(inspect.signature(answering).parameters) in (["request"], ["_request"]), operation.key


def test_the_document_is_valid_and_names_each_operation_once(handlers: Handlers) -> None:
    contract = handlers("contract")
    document = contract.document("QA")
    openapi_spec_validator.validate(document)
    names = [said["operationId"] for path in document["paths"].values() for said in path.values()]
    assert len(names) == len(set(names)) == len(contract.OPERATIONS)


def test_patterns_are_those_of_the_model(handlers: Handlers) -> None:
    contract = handlers("contract")
    assert f"^{tenants.ORGANIZATION.pattern}$" == contract.ORGANIZATION
    assert rf"^{tenants.PROJECT.pattern}\.{tenants.ENVIRONMENT.pattern}$" == contract.KEY
    assert tuple(tenants.Deed) == contract.DEEDS


@pytest.mark.parametrize("organization", ["acme", "globex", "a1", "x" * 32])
def test_accounts_follow_from_names_as_the_cloud_has_them(
    handlers: Handlers, monkeypatch: pytest.MonkeyPatch, organization: str
) -> None:
    sessions = handlers("sessions")
    assert sessions.account_of(organization, {}) == ""
    assert sessions.account_of(organization, {"account": "123456789012"}) == "123456789012"
    monkeypatch.setenv("ACCOUNTS", "derived")
    assert sessions.account_of(organization, {}) == account_of(organization)


@given(st.lists(st.tuples(st.sampled_from(list(tenants.Deed)), GLOBS), max_size=3), NAMES, NAMES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_groups_may_what_the_model_says(
    handlers: Handlers, grants: list[tuple[tenants.Deed, str]], project: str, environment: str
) -> None:
    held = tuple(tenants.Grant(may, on) for may, on in grants)
    group = tenants.Group("g", ("ada@acme.example",), held)
    organization = tenants.Organization("acme", "Acme", "o@a.example", "b@a.example", groups={"g": group})
    asked = handlers("sites").Group("g", tuple((may.value, on) for may, on in grants))
    for deed in tenants.Deed:
        expected = organization.may("ada@acme.example", deed, project, environment)
        assert asked.may(deed.value, project, environment) == expected


class Tokens:
    """The tokens' table."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = {row["digest"]: row for row in rows}
        self.asked: list[str] = []

    def get_item(self, *, Key: dict[str, str], ConsistentRead: bool) -> dict[str, Any]:
        assert ConsistentRead
        self.asked.append(Key["digest"])
        row = self.rows.get(Key["digest"])
        return {"Item": row} if row else {}


@pytest.mark.parametrize(
    ("header", "context"),
    [
        ("Bearer good", {"organization": "acme", "user": "ada@acme.example", "expires": 2**40}),
        ("bearer  good ", {"organization": "acme", "user": "ada@acme.example", "expires": 2**40}),
        ("Bearer old", {"refused": "the token has expired"}),
        ("Bearer bad", {"refused": "the token is not known"}),
        ("Basic good", {"refused": "the token is not known"}),
        ("good", {"refused": "the token is not known"}),
        ("", {"refused": "the token is not known"}),
    ],
)
def test_the_authorizer_names_who_holds_a_token(
    handlers: Handlers, monkeypatch: pytest.MonkeyPatch, header: str, context: dict[str, Any]
) -> None:
    digests = {token: hashlib.sha256(token.encode()).hexdigest() for token in ("good", "old")}
    known = {"organization": "acme", "user": "ada@acme.example"}
    table = Tokens(
        {**known, "digest": digests["good"], "expires": 2**40}, {**known, "digest": digests["old"], "expires": 5}
    )
    authorizer = handlers("authorizer")
    monkeypatch.setattr(authorizer, "table", lambda: table)
    answer = authorizer.authorize({"headers": {"authorization": header}}, None)
    assert answer["context"] == context
    assert len(table.asked) == 1, "every token costs one look-up"


def test_a_token_that_expires_while_the_gateway_remembers_it_is_refused(handlers: Handlers) -> None:
    context = {"organization": "acme", "user": "ada@acme.example", "expires": int(time.time()) - 1}
    event = {"routeKey": "GET /me", "requestContext": {"authorizer": {"lambda": context}}}
    answer = handlers("entries").handle(event)
    assert (answer["statusCode"], json.loads(answer["body"])) == (401, {"error": "the token has expired"})
    assert answer["headers"]["www-authenticate"].startswith("Bearer")


def test_a_session_is_opened_once_by_way_of_the_broker(handlers: Handlers, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions, asked = handlers("sessions"), []

    class Sts:
        def assume_role(self, **given: Any) -> dict[str, Any]:
            asked.append(given)
            if given["RoleArn"].endswith("/nobody"):
                raise ClientError({"Error": {"Code": "AccessDenied"}}, "AssumeRole")
            return {"Credentials": {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c"}}

    monkeypatch.setenv("BROKER_ARN", "arn:broker")
    monkeypatch.setattr(sessions, "_own", Sts)
    monkeypatch.setattr(sessions, "_client", lambda _service, _credentials: Sts())
    first = sessions.opened("1", "acme", "acme-production-admins", "ada+x y@acme.example")
    assert first is sessions.opened("1", "acme", "acme-production-admins", "ada+x y@acme.example")
    assert sessions.opened("1", "acme", "nobody", "ada@acme.example") is None
    assert [each["RoleArn"] for each in asked] == [
        "arn:broker",
        "arn:aws:iam::1:role/site/acme-production-admins",
        "arn:aws:iam::1:role/site/nobody",
    ]
    assert asked[1]["RoleSessionName"] == "ada+x-y@acme.example"
    assert asked[1]["ExternalId"] == "acme"
    other = sessions.opened("1", "acme", "acme-production-admins", "eve@acme.example")
    assert other is not first, "a session is one user's"


class Files:
    """A bucket of two files."""

    files: ClassVar = {
        "index.html": (b"<html><script>go()</script></html>", "text/html"),
        "x.png": (b"\x89PNG", "image/png"),
    }

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        assert Bucket == "web"
        if Key not in self.files:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")
        content, kind = self.files[Key]
        return {"Body": io.BytesIO(content), "ContentType": kind}


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(CONTROL_WEB / "handlers"))
    monkeypatch.setenv("BUCKET", "web")
    module = importlib.reload(importlib.import_module("page"))
    monkeypatch.setattr(module, "bucket", Files)
    return module


def test_the_page_is_sent_with_its_policy_and_not_twice(page: Any) -> None:
    first = page.serve({"headers": {"accept-encoding": "br, gzip"}})
    content = gzip.decompress(base64.b64decode(first["body"]))
    assert content == Files.files["index.html"][0]
    digest = base64.b64encode(hashlib.sha256(b"go()").digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}'; " in first["headers"]["content-security-policy"]
    again = page.serve({"headers": {"if-none-match": f'"other", W/{first["headers"]["etag"]}'}})
    assert (again["statusCode"], again["body"]) == (304, "")


def test_what_is_no_text_is_sent_as_it_is(page: Any) -> None:
    answer = page.serve({"pathParameters": {"file": "x.png"}, "headers": {"accept-encoding": "gzip"}})
    assert base64.b64decode(answer["body"]) == b"\x89PNG"
    assert answer["headers"]["content-type"] == "image/png"
    assert "content-encoding" not in answer["headers"]


@pytest.mark.parametrize("file", ["gone.js", "../x.png", "a/x.png", ".x", "", "X.PNG"])
def test_other_files_are_not_there(page: Any, file: str) -> None:
    assert page.serve({"pathParameters": {"file": file}})["statusCode"] == 404


def test_the_page_asks_nobody_else(page: Any) -> None:
    for file in (CONTROL_WEB / "site").iterdir():
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text, file
        assert "https://" not in text, file
        assert "innerHTML" not in text, file


def test_a_row_that_a_run_has_forged_hides_no_other_run(handlers: Handlers) -> None:
    """What is not of its kind is left out; the answer can still be written as JSON."""
    odd = {"status": {"a"}, "exit_code": b"x", "cpu": {Decimal(1)}, "jobs": [b"x"], "rows": "abc", "message": {b"x"}}
    runs, answers = handlers("runs"), handlers("answers")
    shown = runs.shown({"run": "20260101T000000.000000Z-00000001", **odd})
    assert set(shown) == {"run", "status", "jobs", "message"}
    assert json.loads(answers.answer(200, shown)["body"])["jobs"] == ["b'x'"]
    good = runs.shown({"run": "r", "exit_code": Decimal(0), "rows": {"orders": Decimal(7), "x": b"x"}})
    assert json.loads(answers.answer(200, good)["body"]) == {
        "run": "r", "status": "starting", "exit_code": 0, "rows": {"orders": 7}
    }  # fmt: skip


@pytest.mark.parametrize("row", ["lease", "head", ":"])
def test_a_page_of_runs_begins_at_a_run(handlers: Handlers, monkeypatch: pytest.MonkeyPatch, row: str) -> None:
    """DynamoDB takes no start beyond the runs, and that would be a failure of the function, told to operators."""
    runs, answers = handlers("runs"), handlers("answers")
    monkeypatch.setattr(runs, "_asked", lambda _: (None, "shop.prod"))
    monkeypatch.setattr(runs.environments, "row_of", lambda *_: {})
    token = handlers("pages").token(row)
    with pytest.raises(answers.Refused) as refused:
        runs.list_all(answers.Request(answers.Caller("acme", "ada"), query={"next": token}))
    assert refused.value.status == 400
