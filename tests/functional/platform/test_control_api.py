"""The control API on the embedded cloud: who gets what, by which role, and that it answers as its document says."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import jsonschema
import openapi_spec_validator
import pytest

from tests.functional.platform.inhabited import Inhabited, typed

pytestmark = pytest.mark.cloud
CALLERS = {
    "ada": ("acme", "ada@acme.example"),
    "vera": ("acme", "vera@acme.example"),
    "otto": ("acme", "otto@acme.example"),
    "stranger": ("acme", "nobody@acme.example"),
    "gloria": ("globex", "ada@globex.example"),
    "operator": ("platform", "op@platform.example"),
}
ACME = "/organizations/acme"
PROD = f"{ACME}/environments/shop.prod"
CRM = f"{ACME}/environments/crm.prod"


class Api:
    """The API as several people call it; whatever it answers is held against its own document."""

    def __init__(self, platform: Inhabited) -> None:
        self.platform = platform
        self.tokens = {name: platform.token(*who) for name, who in CALLERS.items()}
        self.tokens |= {"none": "", "wrong": "not-a-token", "expired": platform.token(*CALLERS["ada"], seconds=-1)}
        self.document = platform.call("GET", "/openapi.json")[1]
        self.schemas = _closed(self.document["components"]["schemas"])

    def __call__(self, caller: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        status, headers, raw = self.platform.fetch(method, path, self.tokens[caller], body)
        answer = json.loads(raw)
        assert headers["content-type"].startswith("application/json")
        self.conforms(method, path, status, answer)
        if "error" in answer or status < 400:
            assert headers["cache-control"] == "no-store"
        return status, answer

    def conforms(self, method: str, path: str, status: int, answer: Any) -> None:
        """The document knows this status here, and the answer has exactly the fields that it says."""
        bare = path.partition("?")[0]
        found = [
            said[method.lower()]
            for template, said in self.document["paths"].items()
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), bare) and method.lower() in said
        ]
        # A path without parameters is found before one with them.
        schema = found[0]["responses"][str(status)]["content"]["application/json"]["schema"]
        whole = {**schema, "components": {"schemas": self.schemas}}
        checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
        jsonschema.Draft202012Validator(whole, format_checker=checker).validate(answer)


def _closed(schemas: dict[str, Any]) -> dict[str, Any]:
    """The schemas such that a field which is not in them is a fault."""
    closed = copy.deepcopy(schemas)
    for schema in closed.values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return closed


@pytest.fixture(scope="session")
def api(platform: Inhabited) -> Api:
    return Api(platform)


def test_the_document_is_one_and_open_to_all(api: Api) -> None:
    openapi_spec_validator.validate(api.document)
    assert api.document["openapi"] == "3.1.0"
    assert api("none", "GET", "/health") == (200, {"status": "ok", "stage": "production"})


PATHS = [
    ("GET", "/me"),
    ("GET", "/organizations"),
    ("POST", "/organizations"),
    ("GET", ACME),
    ("PUT", ACME),
    *[("GET", f"{ACME}/{kind}") for kind in ("projects", "environments", "costs")],
    ("GET", PROD),
    ("GET", f"{PROD}/runs"),
    ("POST", f"{PROD}/runs"),
    ("GET", f"{PROD}/runs/20260101T000000.000000Z-00000000"),
    ("POST", f"{PROD}/runs/20260101T000000.000000Z-00000000/stop"),
    ("GET", f"{PROD}/runs/20260101T000000.000000Z-00000000/logs"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_without_a_good_token_there_is_nothing(api: Api, method: str, path: str) -> None:
    for caller in ("none", "wrong", "expired"):
        status, answer = api(caller, method, path, {} if method != "GET" else None)
        assert status == 401
        assert set(answer) <= {"error", "message"}


def test_every_guarded_route_is_tried_above(api: Api) -> None:
    guarded = {
        (method.upper(), template)
        for template, said in api.document["paths"].items()
        for method, operation in said.items()
        if operation.get("security") != []
    }
    assert len(guarded) == len(PATHS)


@pytest.mark.parametrize(("method", "path"), [each for each in PATHS if each[1].startswith(ACME)])
def test_others_organizations_are_as_unknown_as_those_that_are_not(api: Api, method: str, path: str) -> None:
    body = None if method == "GET" else {"contact": "x@y.example"} if method == "PUT" else {}
    refused = api("gloria", method, path, body)
    unknown = api("gloria", method, path.replace("/acme", "/nobody"), body)
    assert refused[0] == 404
    assert json.dumps(refused).replace("acme", "nobody") == json.dumps(unknown)


# Who may what: a status for each caller, in the order of the columns.
MATRIX = [
    #                                                          ada  vera otto stranger operator
    ("GET", "/me", None, (200, 200, 200, 200, 200)),
    ("GET", ACME, None, (200, 200, 200, 200, 200)),
    ("GET", f"{ACME}/projects", None, (200, 200, 200, 403, 403)),
    ("GET", f"{ACME}/environments", None, (200, 200, 200, 403, 403)),
    ("GET", f"{ACME}/costs", None, (200, 200, 200, 403, 200)),
    ("GET", PROD, None, (200, 200, 200, 404, 403)),
    ("GET", f"{PROD}/runs", None, (200, 200, 200, 404, 403)),
    ("GET", CRM, None, (200, 404, 404, 404, 403)),
    ("GET", f"{CRM}/runs", None, (200, 404, 404, 404, 403)),
    ("GET", f"{ACME}/environments/shop.dev-login", None, (200, 200, 404, 404, 403)),
    ("GET", f"{ACME}/environments/shop.nothing", None, (404, 404, 404, 404, 403)),
    ("POST", f"{CRM}/runs", {"jobs": ["break"]}, (502, 404, 404, 404, 403)),
    ("POST", f"{PROD}/runs", {"jobs": ["break"]}, (502, 403, 502, 404, 403)),
    ("POST", "/organizations", {"name": "a", "surname": "b"}, (400, 400, 400, 400, 400)),
    ("POST", "/organizations", {"name": "new", "display_name": "N", "contact": "n@new.example"}, (403,) * 4),
    ("PUT", ACME, {"contact": "ada@acme.example"}, (200, 403, 403, 403, 200)),
]


@pytest.mark.parametrize(("method", "path", "body", "statuses"), MATRIX)
def test_groups_decide(api: Api, method: str, path: str, body: Any, statuses: tuple[int, ...]) -> None:
    api("ada", "GET", ACME)  # the row of an organization is there once somebody has looked
    callers = ("ada", "vera", "otto", "stranger", "operator")
    found = {caller: api(caller, method, path, body)[0] for caller, _ in zip(callers, statuses, strict=False)}
    assert found == dict(zip(callers, statuses, strict=False))


def test_a_refusal_says_what_the_caller_may(api: Api) -> None:
    told = api("vera", "POST", f"{PROD}/runs", {})[1]["error"]
    assert told == "you may view shop.prod, not run it; an administrator of acme can grant it"


def test_each_sees_their_own_and_no_word_of_the_other(api: Api) -> None:
    for caller, own, other in (("ada", "acme", "globex"), ("gloria", "globex", "acme")):
        base = f"/organizations/{own}"
        keys = [each["key"] for each in api(caller, "GET", f"{base}/environments")[1]["environments"]]
        assert keys == ["crm.prod", "shop.dev-login", "shop.prod"]
        run = api(caller, "GET", f"{base}/environments/crm.prod/runs")[1]["runs"][0]["run"]
        answers = [api(caller, "GET", path)[1] for path in (
            "/me", "/organizations", f"{base}/projects", f"{base}/environments", f"{base}/costs",
            f"{base}/environments/crm.prod/runs/{run}", f"{base}/environments/crm.prod/runs/{run}/logs",
        )]  # fmt: skip
        said = json.dumps(answers)
        assert own in said
        assert other not in said
        assert "arn:" not in said


def test_a_viewer_sees_only_what_is_granted(api: Api) -> None:
    projects = api("vera", "GET", f"{ACME}/projects")[1]["projects"]
    assert [each["name"] for each in projects] == ["shop"]
    environments = api("vera", "GET", f"{ACME}/environments")[1]["environments"]
    assert {each["key"]: each["may"] for each in environments} == {"shop.dev-login": ["view"], "shop.prod": ["view"]}
    assert environments[1]["last_run"]["rows"] == {"orders": 1202, "customers": 87}


def test_the_cloud_has_the_last_word(api: Api) -> None:
    """A role without its policy: what the API reads of who may what opens nothing by itself."""
    iam, role = api.platform.sites["globex"].client("iam"), {"RoleName": "globex-production-admins"}
    base = "/organizations/globex/environments"
    assert api("gloria", "GET", f"{base}/crm.prod")[0] == 200
    policy = iam.list_role_policies(**role)["PolicyNames"][0]
    before = json.dumps(iam.get_role_policy(**role, PolicyName=policy)["PolicyDocument"])
    iam.delete_role_policy(**role, PolicyName=policy)
    try:
        for path in (base, f"{base}/crm.prod", f"{base}/crm.prod/runs"):
            status, answer = api("gloria", "GET", path)
            assert (status, "role does not allow" in answer["error"]) == (403, True)
    finally:
        iam.put_role_policy(**role, PolicyName=policy, PolicyDocument=before)
    assert api("gloria", "GET", base)[0] == 200


def test_a_run_is_started_seen_and_stopped(api: Api) -> None:
    runs = f"{ACME}/environments/shop.dev-login/runs"
    status, refused = api("ada", "POST", runs, {"jobs": ["nope"]})
    assert (status, refused["error"], refused["faults"]) == (400, "there is no job 'nope'", ["there is no job 'nope'"])
    status, started = api("ada", "POST", runs, {"jobs": ["tap-x target-y"]})
    assert status == 201
    one = f"{runs}/{started['run']}"
    shown = api("ada", "GET", one)[1]
    assert (shown["status"], shown["by"], shown["jobs"]) == ("running", "ada@acme.example", ["tap-x target-y"])
    assert api("ada", "GET", f"{one}/logs") == (200, {"lines": [], "done": False})
    status, refused = api("ada", "POST", runs)
    assert (status, refused["run"]) == (409, started["run"])
    assert api("vera", "POST", f"{one}/stop")[0] == 403
    assert api("otto", "POST", f"{one}/stop")[0] == 404
    assert api("ada", "POST", f"{one}/stop") == (202, {"run": started["run"]})
    assert api("ada", "GET", one)[1]["message"] == "stopped by ada@acme.example"
    assert api("ada", "POST", f"{one}/stop")[0] == 409


def test_a_long_list_of_runs_comes_in_pages_the_latest_first(api: Api) -> None:
    table = api.platform.sites["globex"].client("dynamodb")
    for number in range(60):
        row = {"environment": "crm.prod", "run": f"20200101T0000{number:02}.000000Z-00000000", "status": "succeeded"}
        table.put_item(TableName="site-runs", Item=typed(row))
    base, found, more = "/organizations/globex/environments/crm.prod/runs", [], ""
    while True:
        page = api("gloria", "GET", f"{base}?next={more}" if more else base)[1]
        found += [each["run"] for each in page["runs"]]
        if not (more := page.get("next", "")):
            break
    assert found == sorted(set(found), reverse=True)
    assert len(found) == 63


def test_a_log_is_read_to_its_end(api: Api) -> None:
    failed = api("vera", "GET", f"{PROD}/runs")[1]["runs"][-1]
    assert (failed["status"], failed["message"]) == ("failed", "the extractor failed")
    where = f"{PROD}/runs/{failed['run']}/logs"
    first = api("vera", "GET", where)[1]
    assert [line["message"] for line in first["lines"]][:1] == ["acme line 1 of shop.prod"]
    assert (len(first["lines"]), first["done"]) == (6, False)
    rest = api("vera", "GET", f"{where}?next={first['next']}")[1]
    assert (rest["lines"], rest["done"]) == ([], True)


def test_costs_are_summed_over_what_the_caller_may_see(api: Api) -> None:
    totals = {who: api(who, "GET", f"{ACME}/costs")[1]["total"] for who in ("ada", "vera", "otto", "operator")}
    assert totals == {"ada": "18.765300", "vera": "13.734100", "otto": "12.484100", "operator": "18.765300"}
    assert api("ada", "GET", f"{ACME}/costs?month=2020-02")[1] == {
        "organization": "acme", "month": "2020-02", "total": "0", "currency": "USD", "rows": [],
    }  # fmt: skip
    assert api("operator", "GET", "/organizations/nobody/costs")[0] == 404


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        (f"{ACME}/costs?month=2026-13", "month must be YYYY-MM"),
        (f"{PROD}/runs?next=%21%21", "next is not a page of this list"),
        (f"{PROD}/runs?next=bGVhc2U", "next is not a page of this list"),
        (f"{ACME}/environments?next=aGEgaGE", "next is not a page of this list"),
    ],
)
def test_a_faulty_question_is_told_what_is_wrong(api: Api, path: str, fault: str) -> None:
    status, answer = api("ada", "GET", path)
    assert (status, answer["faults"]) == (400, [fault])


@pytest.mark.parametrize("body", ["{", "[]", '"x"', '{"jobs": "all"}', '{"jobs": [1]}', '{"job": ["x"]}', "[" * 99999])
def test_a_faulty_wish_is_refused(api: Api, body: str) -> None:
    status, answer = api("ada", "POST", f"{PROD}/runs", body)
    assert status == 400
    assert answer["error"]


@pytest.mark.parametrize("key", ["shop", "shop.prod.x", "..", "Shop.prod", "shop.%20", "head"])
def test_what_is_no_name_is_not_there(api: Api, key: str) -> None:
    status, _headers, _raw = api.platform.fetch("GET", f"{ACME}/environments/{key}", api.tokens["ada"])
    assert status == 404


def test_a_requested_organization_is_active_once_its_site_can_be_reached(api: Api) -> None:
    table, name = api.platform.platform.client("dynamodb"), api.platform.tables["organizations"]
    table.delete_item(TableName=name, Key=typed({"name": "acme"}))
    wanted = {"name": "acme", "display_name": "Acme", "contact": "ada@acme.example"}
    assert api("operator", "POST", "/organizations", wanted)[1]["status"] == "requested"
    assert api("operator", "POST", "/organizations", wanted)[0] == 409
    assert api("ada", "GET", ACME)[1]["status"] == "active"
    umbrella = {**wanted, "name": "umbrella"}
    api("operator", "POST", "/organizations", umbrella)
    assert api("operator", "GET", "/organizations/umbrella")[1]["status"] == "requested"
    listed = {each["name"]: each["status"] for each in api("operator", "GET", "/organizations")[1]["organizations"]}
    assert (listed["acme"], listed["umbrella"]) == ("active", "requested")
    own = api("gloria", "GET", "/organizations")[1]["organizations"]
    assert {each["name"] for each in own} <= {"globex"}
    assert api("operator", "GET", "/organizations/umbrella/environments")[0] == 409


def test_the_page_is_served_as_a_page_should_be(platform: Inhabited) -> None:
    status, headers, raw = platform.fetch("GET", "/", accept_encoding="identity")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert platform.fetch("GET", "/", if_none_match=headers["etag"])[0] == 304
    assert platform.fetch("GET", "/", accept_encoding="gzip")[1]["content-encoding"] == "gzip"
    for file in re.findall(rb'(?:src|href)="(app/[^"]+)"', raw):
        assert platform.fetch("GET", f"/{file.decode()}")[0] == 200
    assert platform.fetch("GET", "/app/main.js")[1]["content-type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize("file", ["nothing.js", "../index.html", "%2e%2e/x", "a/b", "A.JS", "x" * 200])
def test_what_is_no_file_of_the_page_is_not_there(platform: Inhabited, file: str) -> None:
    assert platform.fetch("GET", f"/app/{file}")[0] == 404
