"""The service: a signed webhook brings an environment up, a wrong one does nothing, and SIGTERM ends it well."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stackyard.cloud.client import EmbeddedCloud
from tests.functional import running
from tests.functional.reconciling.hosting import Hosted

pytestmark = pytest.mark.cloud
OPERATORS = "a secret of some length"


@pytest.fixture
def hosted(tmp_path: Path) -> Iterator[Hosted]:
    with EmbeddedCloud.temporary() as cloud:
        yield Hosted.made(tmp_path, cloud)


def test_a_webhook_brings_an_environment_up(hosted: Hosted, tmp_path: Path) -> None:
    shop = hosted.repository("shop")
    hosted.tenant("acme", {"shop": shop})
    commit = shop.push("feature/x")
    hosted.tenant("globex", {"shop": shop})
    secret, other = (_renewed(hosted, name) for name in ("acme", "globex"))
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "STACKYARD_STATUS_SECRET": OPERATORS}
    command = [sys.executable, "-m", "stackyard", "-C", str(hosted.root), "serve", "--reconcile", "--json"]
    served = subprocess.Popen(
        [*command, "--port", "0", "--every", "0"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert served.stdout is not None
        address = json.loads(served.stdout.readline())["address"]
        assert _get(f"{address}/health") == {"ok": True}
        for forged in ("sha256=0", _signature(other), _signature(OPERATORS)):
            assert _post(f"{address}/webhooks/acme/shop", forged) == 401
        assert _post(f"{address}/webhooks/nobody/shop", _signature(secret)) == 401
        assert _post(f"{address}/webhooks/acme/other", _signature(secret)) == 404
        assert _get(f"{address}/status")["rounds"] == 0
        assert _post(f"{address}/webhooks/acme/shop", _signature(secret)) == 202
        state = _when_done(f"{address}/status")
        assert state["last"]["changes"] == [{"environment": "acme.shop.feature-x", "act": "activate", "fault": ""}]
        assert not [each for each in (OPERATORS, secret, other) if each in json.dumps(state)]
        for stranger in ("", "another secret, long enough"):
            outline = _get(f"{address}/status", stranger)
            assert outline["last"]["exit_code"] == 0
            assert "acme" not in json.dumps(outline)
        served.send_signal(signal.SIGTERM)
        _, complaints = served.communicate(timeout=60)
        assert served.returncode == 0, complaints
    finally:
        served.kill()
        served.communicate()
    assert hosted.commits("acme") == {"shop_feature-x": commit}


def test_who_could_not_be_heard_is_told_with_its_place(hosted: Hosted) -> None:
    hosted.tenant("acme", {"shop": {"repository": str(hosted.root / "nowhere")}})
    refused = running.run(hosted.root, "serve", "--port", "0", "--every", "0")
    assert refused.exit_code == 1
    assert "tenants/acme.yaml:" in refused.stderr
    assert "acme has no webhook secret; its webhooks are refused" in refused.stderr
    assert "stackyard tenant webhook acme" in refused.stderr


def _renewed(hosted: Hosted, name: str) -> str:
    made = running.run(hosted.root, "tenant", "webhook", name, "--json").done()
    secret: str = made.documents[-1]["secret"]
    return secret


def _signature(secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), b"{}", hashlib.sha256).hexdigest()


def _get(url: str, secret: str = OPERATORS) -> dict[str, Any]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {secret}"} if secret else {})
    with urllib.request.urlopen(request, timeout=20) as response:
        found: dict[str, Any] = json.load(response)
        return found


def _post(url: str, signature: str) -> int:
    request = urllib.request.Request(url, b"{}", {"X-Hub-Signature-256": signature})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return int(response.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def _when_done(url: str) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while True:
        state = _get(url)
        if state["rounds"]:
            return state
        assert time.monotonic() < deadline, state
        time.sleep(0.1)
