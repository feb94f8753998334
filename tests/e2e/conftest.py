"""A headless browser on an inhabited platform. Whatever a test does, the page must not ask elsewhere nor complain."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.functional.platform.conftest import platform
from tests.functional.platform.inhabited import Inhabited

__all__ = ["platform"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
)
# What the browser itself writes of a refusal that the page has shown.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (4\d\d|503)")
TIMEOUT = 30_000  # milliseconds; a busy machine's first answers take long
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 360, "height": 740}


@dataclasses.dataclass
class Visit:
    """One browser tab on the page."""

    page: Page
    platform: Inhabited
    address: str
    refusals_expected: bool = False

    def login(self, user: str = "ada@acme.example", *, organization: str = "acme", seconds: int = 3600) -> Page:
        """Paste a token, as people do, and see what comes first."""
        self.page.goto(self.address)
        self.page.get_by_label("Token").fill(self.platform.token(organization, user, seconds))
        self.page.keyboard.press("Enter")
        self.page.get_by_role("button", name="Log out").wait_for()
        return self.page

    def open(self, place: str) -> Page:
        """Go to a view of the page and wait until it is there."""
        self.page.goto(f"{self.address}#/{place}")
        self.page.locator(f"main[data-place='#/{place}'] h1").wait_for()
        return self.page


Visitor = Callable[..., contextlib.AbstractContextManager[Visit]]


@pytest.fixture(scope="module")
def browser(platform: Inhabited) -> Iterator[Browser]:
    """Headless Chromium; tests are skipped by name where there is none.

    While it is open its thread has a running event loop, so the platform is brought up before, and the module ends it.
    """
    found = os.environ.get("STACKYARD_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no browser is installed: none of {', '.join(NAMES)} is there, and STACKYARD_BROWSER is not set")
    expect.set_options(timeout=TIMEOUT)
    with sync_playwright() as player:
        started = player.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def visiting(browser: Browser, platform: Inhabited) -> Visitor:
    """`with visiting(color_scheme="dark") as visit`: a tab that is checked when it is left."""

    @contextlib.contextmanager
    def visited(**given: Any) -> Iterator[Visit]:
        context = browser.new_context(**{"viewport": DESKTOP, "locale": "en-GB", "timezone_id": "UTC", **given})
        context.set_default_timeout(TIMEOUT)
        page = context.new_page()
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda line: said.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        visit = Visit(page, platform, f"{platform.url}/")
        try:
            yield visit
            expected = REFUSED.match if visit.refusals_expected else lambda _text: None
            assert [text for text in said if not expected(text)] == []
            origin = visit.address.partition("/_aws/")[0]
            assert [url for url in asked if not url.startswith(f"{origin}/")] == []
        finally:
            context.close()

    return visited


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots are kept: in the folder that STACKYARD_SCREENSHOTS names, or with the test."""
    folder = Path(os.environ.get("STACKYARD_SCREENSHOTS") or tmp_path / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
