"""The control API's handlers, against a table in memory that answers as DynamoDB does."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

HANDLERS = Path(__file__).parents[3] / "platform" / "control_api" / "handlers"
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


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """Call a handler as the HTTP API does; gives the status and the body."""
    monkeypatch.syspath_prepend(str(HANDLERS))
    organizations = importlib.import_module("organizations")
    table = Table()
    monkeypatch.setattr(organizations, "table", lambda: table)

    def called(verb: str, body: Any = None, name: str = "", query: dict[str, str] | None = None) -> tuple[int, Any]:
        event = {"body": body if isinstance(body, str) or body is None else json.dumps(body)}
        event |= {"pathParameters": {"name": name}} if name else {}  # type: ignore[dict-item]
        event |= {"queryStringParameters": query} if query else {}  # type: ignore[dict-item]
        answer = getattr(organizations, verb)(event, None)
        return answer["statusCode"], json.loads(answer["body"])

    yield called
    for module in ("organizations", "answers"):
        sys.modules.pop(module, None)


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
        ("", "not JSON"),
        ({}, "name is missing; display_name is missing; contact is missing"),
        ({**ACME, "name": "Acme!"}, "name must be"),
        ({**ACME, "name": 3}, "name must be text"),
        ({**ACME, "contact": "ada"}, "contact must be a mail address"),
        ({**ACME, "display_name": " "}, "display_name must be text"),
        ({**ACME, "colour": "red"}, "colour is not a field"),
    ],
)
def test_a_faulty_request_is_told_what_is_wrong(call: Call, body: Any, said: str) -> None:
    status, answer = call("create", body)
    assert status == 400
    assert said in answer["error"]


@pytest.mark.parametrize("verb", ["get", "update"])
@pytest.mark.parametrize("name", ["nobody", "Not A Name"])
def test_what_is_not_there_is_not_found(call: Call, verb: str, name: str) -> None:
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
