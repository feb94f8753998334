"""The control plane's page in a browser: what people do with it, by keyboard, on a phone, in light and dark."""

from __future__ import annotations

import datetime
import json
import time
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import DESKTOP, PHONE, Visit, Visitor
from tests.functional.platform.inhabited import typed

pytestmark = pytest.mark.cloud
VIEWS = {
    "environments": "acme",
    "environment": "acme/shop.prod",
    "run": "acme/shop.prod/{run}",
    "costs": "acme/costs",
}


def last_run(visit: Visit, status: str, key: str = "shop.prod", organization: str = "acme") -> str:
    token = visit.platform.token(organization, f"ada@{organization}.example")
    runs = visit.platform.call("GET", f"/organizations/{organization}/environments/{key}/runs", token)[1]["runs"]
    return next(str(each["run"]) for each in runs if each["status"] == status)


def focused(page: Page) -> str:
    """What has the focus, by its text or label."""
    name = "e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent.trim()"
    found: str = page.evaluate(f"(e => {name})(document.activeElement)")
    return found


def violations(page: Page) -> list[str]:
    """What the accessibility check has found: rule, help and where."""
    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    return [
        f"{each['id']}: {each['help']}: {[node['target'] for node in each['nodes']]}"
        for each in found.response["violations"]
    ]


@pytest.mark.parametrize(
    ("screen", "scheme"),
    [
        ("desktop", "light"),
        ("phone", "dark"),
        pytest.param("desktop", "dark", marks=pytest.mark.slow),
        pytest.param("phone", "light", marks=pytest.mark.slow),
    ],
)
def test_every_view_is_accessible_and_fits(visiting: Visitor, pictures: Path, scheme: str, screen: str) -> None:
    with visiting(viewport=DESKTOP if screen == "desktop" else PHONE, color_scheme=scheme) as visit:
        page = visit.page

        def looked_at(name: str) -> None:
            page.screenshot(path=pictures / f"{name}-{screen}-{scheme}.png", full_page=True)
            assert violations(page) == [], name
            width = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
            assert width[0] <= width[1], f"{name} is wider than the screen"

        page.goto(visit.address)
        page.get_by_label("Token").wait_for()
        looked_at("login")
        visit.login()
        for name, place in VIEWS.items():
            visit.open(place.format(run=last_run(visit, "failed")))
            if name == "run":
                expect(page.get_by_text("The log is complete.")).to_be_visible()
            looked_at(name)
        visit.open("acme/shop.prod").get_by_role("button", name="Start run").click()
        looked_at("dialog")


def test_a_token_opens_the_page_until_one_logs_out(visiting: Visitor) -> None:
    with visiting() as visit:
        visit.refusals_expected = True
        page = visit.page
        page.goto(visit.address)
        expect(page.get_by_label("Token")).to_be_focused()
        page.keyboard.type("not a token")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("The token is not known.")
        expect(page.get_by_label("Token")).to_be_focused()
        visit.login()
        expect(page.get_by_role("heading", level=1)).to_have_text("Environments")
        assert page.evaluate("[Object.keys(localStorage), document.cookie]") == [[], ""]
        page.reload()
        expect(page.get_by_role("heading", level=2, name="shop")).to_be_visible()
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_label("Token")).to_be_visible()
        assert page.evaluate("sessionStorage.length") == 0


def _held(page: Page, held: list[Route]) -> Route:
    """The request that waits for its answer; it is handed over some time after the page tells that it was sent."""
    deadline = time.monotonic() + 30
    while not held:
        assert time.monotonic() < deadline
        page.wait_for_timeout(10)
    return held.pop()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_that_a_token_is_being_checked_is_shown_and_said(visiting: Visitor, pictures: Path, scheme: str) -> None:
    with visiting(viewport=PHONE if scheme == "dark" else DESKTOP, color_scheme=scheme) as visit:
        visit.refusals_expected = True
        page, held = visit.page, []
        page.goto(visit.address)
        page.get_by_label("Token").fill(visit.platform.token("acme", "ada@acme.example"))
        status = page.locator("form").get_by_role("status")
        expect(status).to_have_text("")
        page.route("**/me", lambda route: held.append(route))  # playwright takes functions alone
        page.keyboard.press("Enter")
        expect(status).to_have_text("Checking the token…")
        expect(status).to_have_attribute("aria-live", "polite")
        expect(page.get_by_role("button", name="Log in")).to_be_disabled()
        page.screenshot(path=pictures / f"checking-{scheme}.png")
        assert violations(page) == []
        _held(page, held).fulfill(status=401, json={"error": "the token is not known"})
        expect(page.get_by_role("alert")).to_have_text("The token is not known.")
        expect(status).to_have_text("")
        page.keyboard.press("Enter")
        expect(status).to_have_text("Checking the token…")
        _held(page, held).continue_()
        expect(page.get_by_role("heading", level=1)).to_have_text("Environments")
        page.reload(wait_until="commit")
        expect(page.get_by_role("status").filter(has_text="Checking the token…")).to_be_visible()
        _held(page, held).continue_()
        expect(page.get_by_role("heading", level=1)).to_have_text("Environments")


def test_a_session_ends_when_its_token_does(visiting: Visitor) -> None:
    with visiting() as visit:
        visit.refusals_expected = True
        page = visit.login(seconds=4)
        expect(page.get_by_role("alert")).to_have_text("Your session has ended: the token has expired.", timeout=15000)
        expect(page.get_by_label("Token")).to_be_focused()


def test_people_see_what_their_groups_may(visiting: Visitor) -> None:
    with visiting() as visit:
        page = visit.login("vera@acme.example")
        table = page.get_by_role("table", name="Environments of shop")
        expect(table.get_by_role("row")).to_have_count(3)
        expect(table.get_by_role("row").nth(1)).to_contain_text("feature/login")
        expect(page.get_by_role("heading", name="crm")).to_have_count(0)
        expect(page.get_by_role("button", name="Start")).to_have_count(0)
        expect(page.locator("body")).not_to_contain_text("globex")


def test_an_operator_sees_organizations_and_their_costs(visiting: Visitor) -> None:
    with visiting() as visit:
        token = visit.platform.token("platform", "op@platform.example")
        for name in ("acme", "globex"):
            assert visit.platform.call("GET", f"/organizations/{name}", token)[0] == 200
        page = visit.login("op@platform.example", organization="platform")
        expect(page.get_by_role("heading", level=1)).to_have_text("Organizations")
        page.get_by_role("link", name="Costs of globex").click()
        expect(page.get_by_text("18.77 USD")).to_be_visible()


def test_a_run_is_started_and_stopped_by_keyboard_alone(visiting: Visitor) -> None:
    with visiting() as visit:
        page = visit.login("ada@globex.example", organization="globex")
        visit.open("globex")
        expect(page.get_by_role("table")).to_have_count(2)
        _tab_to(page, "Start a run of shop.prod")
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Start a run of shop.prod?")
        expect(dialog).to_be_visible()
        inside = [focused(page)]
        for _ in range(3):
            page.keyboard.press("Tab")
            inside.append(focused(page))
        assert inside[:3] == ["Jobs, one a line", "Cancel", "Start run"]
        assert not page.evaluate("document.querySelector('main').contains(document.activeElement)")
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        assert focused(page) == "Start a run of shop.prod"
        page.keyboard.press("Enter")
        page.keyboard.type("tap-a target-b")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Run")
        expect(page.locator(".facts")).to_contain_text("tap-a target-b")
        expect(page.locator(".facts")).to_contain_text("running")
        _tab_to(page, "Stop run")
        page.keyboard.press("Enter")
        _tab_to(page, "Stop run")
        page.keyboard.press("Enter")
        expect(page.locator(".facts")).to_contain_text("stopped by ada@globex.example")
        expect(page.get_by_role("status")).to_have_text("The run has stopped")


def _tab_to(page: Page, name: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if focused(page) == name:
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid", "what has the focus must show it"
            return
    pytest.fail(f"no way to {name!r} by the Tab key")


def test_a_second_start_is_refused_in_the_dialog(visiting: Visitor) -> None:
    with visiting() as visit:
        visit.refusals_expected = True
        row = {"environment": "crm.prod", "run": "20991231T000000.000000Z-00000000", "status": "running"}
        table = visit.platform.sites["globex"].client("dynamodb")
        table.put_item(TableName="site-runs", Item=typed(row))
        visit.login("ada@globex.example", organization="globex")
        page = visit.open("globex/crm.prod")
        page.get_by_role("button", name="Start run").click()
        page.get_by_role("dialog").get_by_role("button", name="Start run").click()
        expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text("a run of this environment is under way")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_log_is_followed_and_is_never_markup(visiting: Visitor) -> None:
    with visiting() as visit:
        site = visit.platform.sites["globex"]
        now = datetime.datetime.now(datetime.UTC)
        run = f"{now:%Y%m%dT%H%M%S.%fZ}-0000abcd"
        row = {"environment": "shop.dev-login", "run": run, "status": "running", "started": now.isoformat()}
        site.client("dynamodb").put_item(TableName="site-runs", Item=typed({**row, "log_stream": "run/live"}))
        visit.login("ada@globex.example", organization="globex")
        page = visit.open(f"globex/shop.dev-login/{run}")
        log = page.get_by_role("log", name="Log")
        expect(page.get_by_text("Waiting for more…")).to_be_visible()
        _write(site, "first line", "<img src=x onerror=alert(1)>")
        expect(log).to_contain_text("first line", timeout=15000)
        assert log.locator("img").count() == 0
        _write(site, "ERROR second thoughts")
        expect(log.locator(".line.bad")).to_contain_text("second thoughts", timeout=15000)
        ended = {**row, "status": "succeeded", "ended": now.isoformat(), "log_stream": "run/live"}
        site.client("dynamodb").put_item(TableName="site-runs", Item=typed(ended))
        expect(page.get_by_text("The log is complete.")).to_be_visible(timeout=20000)
        expect(log.locator(".line")).to_have_count(3)


def _write(site: Any, *lines: str) -> None:
    logs, group = site.client("logs"), "/site/production/globex/shop/dev-login"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="run/live")["logStreams"]
    if not streams:
        logs.create_log_stream(logGroupName=group, logStreamName="run/live")
    stamp = int(datetime.datetime.now().timestamp() * 1000)
    events = [{"timestamp": stamp, "message": line} for line in lines]
    logs.put_log_events(logGroupName=group, logStreamName="run/live", logEvents=events)


def test_costs_go_from_month_to_month(visiting: Visitor) -> None:
    with visiting() as visit:
        visit.login()
        page = visit.open("acme/costs")
        expect(page.locator(".total")).to_contain_text("18.77 USD this month so far")
        expect(page.get_by_role("table", name="Costs of shop")).to_contain_text("0.0041 USD")
        expect(page.get_by_role("button", name="Month after")).to_be_disabled()
        page.get_by_role("button", name="Month before").click()
        expect(page.get_by_text("Nothing was charged")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_the_content_is_one_key_away_and_every_view_has_its_heading(visiting: Visitor) -> None:
    with visiting() as visit:
        page = visit.login()
        visit.open("acme/shop.prod")
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        page.reload()
        expect(page.get_by_role("heading", level=2)).to_have_text("Runs")
        page.keyboard.press("Tab")
        assert focused(page) == "Skip to content"
        expect(page.get_by_text("Skip to content")).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()


@pytest.mark.parametrize(("wish", "moves"), [("no-preference", "pulse"), ("reduce", "none")])
def test_nothing_moves_for_those_who_do_not_want_it(visiting: Visitor, wish: str, moves: str) -> None:
    with visiting(reduced_motion=wish) as visit:
        visit.page.goto(visit.address)
        glyph = "<b class='badge running'><i class='glyph' id='glyph'>x</i></b>"
        visit.page.evaluate("glyph => document.body.insertAdjacentHTML('beforeend', glyph)", glyph)
        assert visit.page.evaluate("getComputedStyle(document.getElementById('glyph')).animationName") == moves


def test_what_is_not_there_is_said_and_so_is_what_is_empty(visiting: Visitor) -> None:
    with visiting() as visit:
        visit.refusals_expected = True
        visit.login()
        page = visit.open("acme/shop.nothing")
        expect(page.get_by_role("heading", level=1)).to_have_text("Not found")
        expect(page.get_by_role("alert")).to_contain_text("there is no environment 'shop.nothing'")
        page.route("**/organizations/acme/environments", lambda route: _answered(route, {"environments": []}))
        page.route("**/organizations/acme/projects", lambda route: _answered(route, {"projects": []}))
        visit.open("acme")
        expect(page.get_by_text("No environments yet")).to_be_visible()
        assert violations(page) == []


def _answered(route: Any, body: Any) -> None:
    route.fulfill(status=200, content_type="application/json", body=json.dumps(body))


def test_an_api_that_cannot_be_reached_is_tried_again(visiting: Visitor) -> None:
    with visiting() as visit:
        visit.login()
        page = visit.page
        costs = "**/organizations/acme/costs*"
        page.route(costs, lambda route: route.fulfill(status=503, content_type="application/json", body="{}"))
        visit.page.goto(f"{visit.address}#/acme/costs")
        expect(page.get_by_role("alert")).to_be_visible(timeout=10000)
        page.unroute(costs)
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_text("18.77 USD")).to_be_visible()
        visit.refusals_expected = True


def test_an_address_without_its_slash_finds_it(visiting: Visitor) -> None:
    with visiting() as visit:
        visit.refusals_expected = True  # the browser looks ahead for the page's files, where they are not
        bare = visit.address.rstrip("/")
        visit.page.goto(bare)
        expect(visit.page.get_by_label("Token")).to_be_visible()
        assert visit.page.url == f"{bare}/"
