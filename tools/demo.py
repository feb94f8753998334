"""make demo: preview the reference platform before it exists, bring it up, and show what to try next."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
STACKYARD: Final = Path(sys.executable).with_name("stackyard")
ESTATE: Final = "platform"
DEMO: Final = {"name": "demo", "display_name": "Demo", "contact": "demo@example.com"}
UMBRELLA: Final = {"name": "umbrella", "display_name": "Umbrella", "contact": "it@umbrella.example"}


def _stackyard(*arguments: str) -> None:
    command = [str(STACKYARD), "-C", ESTATE, *arguments]
    print(f"\n$ .venv/bin/stackyard {' '.join(command[1:])}", flush=True)
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def _answer(*arguments: str) -> Any:
    command = [str(STACKYARD), "-C", ESTATE, *arguments, "--json"]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def _request(method: str, url: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as fault:
        return fault.code, fault.read().decode()


def _try_the_api(url: str) -> None:
    """The demo's own curl: create an organization (or find it there already) and read it back."""
    status, text = _request("POST", f"{url}/organizations", DEMO)
    print(f"\nPOST {url}/organizations -> {status} {text}")
    if status not in (201, 409):
        sys.exit("demo: the control API did not create the organization")
    status, text = _request("GET", f"{url}/organizations/demo")
    print(f"GET  {url}/organizations/demo -> {status} {text}")
    if status != 200:
        sys.exit("demo: the control API did not return the organization")


def main() -> None:
    """Run the demo; exit with the first failing command's code."""
    begun = time.monotonic()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    fresh = not (ROOT / ESTATE / ".stackyard" / ".pulumi").exists()
    if fresh:
        print("The reference platform does not exist yet. First, what would be made:", flush=True)
        _stackyard("preview")
    _stackyard("up", "--yes")
    _stackyard("ls")
    url = _answer("output", "control_api/QA", "url")["value"].rstrip("/")
    _try_the_api(url)
    print(f"\nThe platform is up after {time.monotonic() - begun:.1f} s. Try next (each can be pasted):\n")
    for command in _next_commands(url):
        print(f"  {command}")
    print()


def _next_commands(url: str) -> list[str]:
    stackyard = f".venv/bin/stackyard -C {ESTATE}"
    return [
        f"curl -s -X POST {url}/organizations -H 'content-type: application/json' -d '{json.dumps(UMBRELLA)}'",
        f"curl -s {url}/organizations/umbrella",
        f"{stackyard} graph",
        f"{stackyard} why control_api/QA",
        f"{stackyard} preview",
        f"{stackyard} output network/QA",
        f"{stackyard} cloud status",
        f"{stackyard} destroy --yes",
    ]


if __name__ == "__main__":
    main()
