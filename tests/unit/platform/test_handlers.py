"""The control API's handlers of organizations, against a table in memory that answers as DynamoDB does."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

ACME = {"name": "acme", "display_name": "Acme", "contact": "ada@acme.example"}


class Table:
    """The four calls of a DynamoDB table that the handlers make."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}

    def put_item(self, **asked: Any) -> None:
        assert asked["ConditionExpression"] == "attribute_not_exists(#n)"
        if asked["Item"]["name"] in self.items:
            raise _failed_condition()
        self.items[asked["Item"]["name"]] = _as_stored(asked["Item"])

    def get_item(self, **asked: Any) -> dict[str, Any]:
        found = self.items.get(asked["Key"]["name"])
        return {"Item": found} if found else {}

    def update_item(self, **asked: Any) -> dict[str, Any]:
        item = self.items.get(asked["Key"]["name"])
        values = asked["ExpressionAttributeValues"]
        if ":active" in values:
            assert item is not None
            assert values[":before"] == item["status"]
            item |= {"status": values[":active"], "updated": Decimal(values[":now"])}
            return {"Attributes": item}
        if item is None or values.get(":expected", item["version"]) != item["version"]:
            raise _failed_condition(item)
        fields = {key[1:]: value for key, value in values.items() if key[1:] in ("display_name", "contact")}
        item |= _as_stored({**fields, "updated": values[":now"], "version": item["version"] + values[":one"]})
        return {"Attributes": item}

    def scan(self, **asked: Any) -> dict[str, Any]:
        names = sorted(self.items)
        start = asked.get("ExclusiveStartKey", {}).get("name", "")
        page = [name for name in names if name > start][: asked["Limit"]]
        more = {"LastEvaluatedKey": {"name": page[-1]}} if page and page[-1] != names[-1] else {}
        return {"Items": [self.items[name] for name in page], **more}


def _as_stored(item: dict[str, Any]) -> dict[str, Any]:
    return {key: Decimal(value) if isinstance(value, int) else value for key, value in item.items()}


def _failed_condition(item: dict[str, Any] | None = None) -> ClientError:
    response: Any = {"Error": {"Code": "ConditionalCheckFailedException"}} | ({"Item": item} if item else {})
    return ClientError(response, "PutItem")


Call = Callable[..., tuple[int, Any]]
OPERATOR = {"organization": "platform", "user": "op@platform.example", "expires": 2**40}
ADA = {"organization": "acme", "user": "ada@acme.example", "expires": 2**40}
VERBS = {
    "create": "POST /organizations",
    "list_all": "GET /organizations",
    "get": "GET /organizations/{organization}",
    "update": "PUT /organizations/{organization}",
}


@pytest.fixture
def call(handlers: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call a route as the HTTP API does; gives the status and the body."""
    organizations, entries = handlers("organizations"), handlers("entries")
    table = Table()
    monkeypatch.setattr(organizations, "table", lambda: table)
    monkeypatch.setattr(organizations.sites, "access_of", lambda *_asked: None)

    def called(
        verb: str, body: Any = None, name: str = "", query: dict[str, str] | None = None, caller: Any = OPERATOR
    ) -> tuple[int, Any]:
        event: dict[str, Any] = {"routeKey": VERBS[verb], "requestContext": {"authorizer": {"lambda": caller}}}
        event |= {"body": body if isinstance(body, str) or body is None else json.dumps(body)}
        event |= {"pathParameters": {"organization": name}} if name else {}
        event |= {"queryStringParameters": query} if query else {}
        answer = entries.handle(event, None)
        assert answer["headers"]["cache-control"] == "no-store"
        return answer["statusCode"], json.loads(answer["body"])

    return called


def test_what_is_created_is_read_back(call: Call) -> None:
    status, created = call("create", ACME)
    assert status == 201
    assert created["status"] == "requested"
    assert call("get", name="acme") == (200, created)


def test_a_name_is_given_once(call: Call) -> None:
    call("create", ACME)
    assert call("create", ACME)[0] == 409


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{", "not JSON"),
        ("[]", "JSON object"),
        ("", "JSON object"),
        ({}, "name is missing; display_name is missing; contact is missing"),
        ({**ACME, "name": "Acme!"}, "name must be"),
        ({**ACME, "name": 3}, "name must be"),
        ({**ACME, "contact": "ada"}, "contact must be a mail address"),
        ({**ACME, "name": "acme\n"}, "name must be"),
        ({**ACME, "contact": "ada@acme.example\n"}, "contact must be a mail address"),
        ({**ACME, "display_name": " "}, "display_name must be text"),
        ({**ACME, "colour": "red"}, "colour is not a field"),
    ],
)
def test_a_faulty_request_is_told_what_is_wrong(call: Call, body: Any, said: str) -> None:
    status, answer = call("create", body)
    assert status == 400
    assert said in answer["error"]


@pytest.mark.parametrize("verb", ["get", "update"])
@pytest.mark.parametrize("name", ["nobody", "Not A Name", "acme\n", "acme\0"])
def test_what_is_not_there_is_not_found(call: Call, verb: str, name: str) -> None:
    call("create", ACME)
    assert call(verb, {"contact": "x@y.example"}, name=name)[0] == 404


def test_a_change_counts_the_version_up_and_keeps_the_rest(call: Call) -> None:
    call("create", ACME)
    status, changed = call("update", {"contact": "grace@acme.example"}, name="acme")
    assert (status, changed["version"], changed["contact"]) == (200, 2, "grace@acme.example")
    assert changed["display_name"] == "Acme"


def test_a_change_of_an_old_version_is_refused(call: Call) -> None:
    call("create", ACME)
    call("update", {"contact": "grace@acme.example", "version": 1}, name="acme")
    status, answer = call("update", {"contact": "eve@acme.example", "version": 1}, name="acme")
    assert (status, "no longer at version 1" in answer["error"]) == (409, True)


@pytest.mark.parametrize("body", [{}, {"version": 1}, {"version": "1", "contact": "x@y.example"}, {"name": "b"}])
def test_a_change_of_nothing_is_refused(call: Call, body: Any) -> None:
    call("create", ACME)
    assert call("update", body, name="acme")[0] == 400


def test_a_long_list_comes_in_pages(call: Call) -> None:
    for number in range(60):
        call("create", {**ACME, "name": f"org-{number:02}"})
    status, first = call("list_all")
    assert (status, len(first["organizations"])) == (200, 50)
    _, second = call("list_all", query={"next": first["next"]})
    assert "next" not in second
    names = [each["name"] for each in first["organizations"] + second["organizations"]]
    assert names == [f"org-{number:02}" for number in range(60)]


def test_a_page_that_is_none_is_refused(call: Call) -> None:
    assert call("list_all", query={"next": "!!"})[0] == 400


@pytest.mark.parametrize(
    "caller", [{}, {"refused": "the token is not known"}, {**ADA, "expires": 1}, {**ADA, "user": ""}]
)
@pytest.mark.parametrize("verb", VERBS)
def test_nobody_gets_anything(call: Call, verb: str, caller: dict[str, Any]) -> None:
    call("create", ACME)
    status, answer = call(verb, "{ not looked at", name="acme", caller=caller)
    assert (status, set(answer)) == (401, {"error"})


def test_a_tenant_sees_its_own_organization_and_no_other(call: Call) -> None:
    call("create", ACME)
    call("create", {**ACME, "name": "globex"})
    assert [each["name"] for each in call("list_all", caller=ADA)[1]["organizations"]] == ["acme"]
    assert call("get", name="acme", caller=ADA)[0] == 200
    unknown = call("get", name="initech", caller=ADA)
    for verb in ("get", "update"):
        status, answer = call(verb, {"contact": "x@y.example"}, name="globex", caller=ADA)
        assert (status, answer["error"].replace("globex", "initech")) == (unknown[0], unknown[1]["error"])


def test_only_operators_request_organizations(call: Call) -> None:
    status, answer = call("create", ACME, caller=ADA)
    assert (status, "operators" in answer["error"]) == (403, True)


def test_an_organization_is_active_once_its_site_can_be_reached(
    call: Call, handlers: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCOUNTS", "derived")
    call("create", ACME)
    assert call("get", name="acme")[1]["status"] == "requested"
    monkeypatch.setattr(handlers("sites"), "access_of", lambda *_asked: {"groups": {}})
    assert call("get", name="acme")[1]["status"] == "active"
    assert call("list_all")[1]["organizations"][0]["status"] == "active"
    assert call("get", name="globex")[1]["status"] == "active", "one that was never requested has a site all the same"


def test_the_operators_name_is_nobody_elses(call: Call) -> None:
    assert call("create", {**ACME, "name": "platform"})[0] == 409
