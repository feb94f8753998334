"""make demo: bring the reference platform up, serve a tenant from push to archive, and show what to try next."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

import shop

ROOT: Final = Path(__file__).resolve().parent.parent
STACKYARD: Final = Path(sys.executable).with_name("stackyard")
ESTATE: Final = "platform"
OPERATOR: Final = "operator@example.com"
OWNER: Final = "demo@example.com"
DEMO: Final = {"name": "demo", "display_name": "Demo", "contact": OWNER}
UMBRELLA: Final = {"name": "umbrella", "display_name": "Umbrella", "contact": "it@umbrella.example"}
PASSWORD: Final = "SHOP_PASSWORD"
BRANCH: Final = "feature/orders"
ENVIRONMENT: Final = "demo/shop/dev-feature-orders"
SITE: Final = "site_instances/demo.Production"
ACTIVATED: Final = "activated_environments/demo.shop.dev-feature-orders.Production"
API: Final = "control_api/Production"


def main() -> None:
    """Run the demo; exit with the first failing command's code."""
    begun = time.monotonic()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if not (ROOT / ESTATE / ".stackyard" / ".pulumi").exists():
        _say("The reference platform does not exist yet. First, what would be made:")
        _stackyard("preview")
    _say("The platform comes up.")
    _stackyard("up", "--yes")
    _stackyard("ls")
    url = _answer("output", API, "url")["value"].rstrip("/")
    operator = _token("platform", OPERATOR)
    _onboard(url, operator)
    environ = _answer("cloud", "env", SITE)["environ"]
    project, orders = _host(url, operator, environ)
    counts = _serve_a_branch(environ, project, orders)
    _say(f"The platform has served a tenant from push to archive after {time.monotonic() - begun:.0f} s.")
    print(f"Rows moved: {counts}. Try next (each can be pasted):\n")
    for command in _next_commands(url):
        print(f"  {command}")
    print(f"\nThe same in a browser: {url}/  (log in with a token of `stackyard tenant token`)\n")


def _onboard(url: str, operator: str) -> None:
    """An organization asks for a place, and the platform's owners accept."""
    _say("An organization asks to be a tenant, through the API; the platform's owners accept.")
    status, text = _request("POST", f"{url}/organizations", operator, DEMO)
    print(f"POST {url}/organizations -> {status} {text}")
    if status not in (201, 409):
        sys.exit("demo: the control API did not take the request")
    file = ROOT / ESTATE / "tenants" / "demo.yaml"
    if not file.exists():
        _stackyard("tenant", "accept", "demo")
    text = file.read_text(encoding="utf-8")
    if "\ndisposable: false" in text:
        print("tenants/demo.yaml: disposable: true, so that `destroy` takes what is in its buckets, too")
        file.write_text(text.replace("\ndisposable: false", "\ndisposable: true"), encoding="utf-8")


def _host(url: str, operator: str, environ: dict[str, str]) -> tuple[shop.Shop, int]:
    """The tenant has a database and a repository, and hosts it; the repository, and how many orders there are."""
    _say("The tenant has a database with rows, and a repository whose branches become environments.")
    sample = ROOT / ESTATE / "samples" / "shop"
    source = shop.source(environ, secrets.token_urlsafe(18), sample / "seed.sql")
    orders: int = shop.execute(source, "SHOP", "SELECT count(*) FROM shop.orders")[0][0]
    print(f"The source has {orders} orders.")
    project = shop.Shop(sample, ROOT / ESTATE / ".stackyard" / "demo")
    project.publish()
    password = source.pop(PASSWORD)
    if "\n  shop:" not in (ROOT / ESTATE / "tenants" / "demo.yaml").read_text(encoding="utf-8"):
        said = [part for name, value in source.items() for part in ("--variable", f"{name}={value}")]
        rules = ("--branch", "main=prod", "--branch", "feature/**=dev+warehouse+schedules")
        _stackyard(
            "tenant", "project", "add", "demo", "shop", "--repository", project.url, *said, "--secret", PASSWORD, *rules
        )
    _stackyard("tenant", "check", "demo")
    _stackyard("up", "tenant:demo", "--yes")
    status, text = _request("GET", f"{url}/organizations/demo", operator)
    print(f"GET  {url}/organizations/demo -> {status} {text}")
    if status != 200 or json.loads(text)["status"] != "active":
        sys.exit("demo: the organization is not active")
    _stackyard("tenant", "secret", "set", "demo", "shop", PASSWORD, said=password)
    return project, orders


def _serve_a_branch(environ: dict[str, str], project: shop.Shop, orders: int) -> str:
    """A pushed branch becomes an environment that moves rows; the deleted branch is archived and gone."""
    _say("A branch is pushed: it becomes an environment, and a run moves rows.")
    print(f"$ {project.push(BRANCH, 'A note on orders')}")
    pushed = time.monotonic()
    _stackyard("environment", "reconcile", "demo", "--yes")
    _stackyard("environment", "run", ENVIRONMENT, "orders-to-warehouse", "--follow")
    seconds = time.monotonic() - pushed
    moved = shop.execute(_warehouse(environ), "WAREHOUSE", "SELECT count(*) FROM shop.orders")[0][0]
    print("\n$ psql -c 'SELECT count(*) FROM shop.orders'  # in the environment's warehouse")
    print(f"{moved}  ({seconds:.1f} s after the push)")
    if moved != orders:
        sys.exit("demo: the warehouse does not have the source's rows")
    _stackyard("environment", "ls", "demo")

    _say("The branch is deleted: its environment is stopped, archived, verified, and destroyed.")
    print(f"$ {project.delete(BRANCH)}")
    _stackyard("environment", "reconcile", "demo", "--yes", "--grace", "0")
    _stackyard("environment", "archives", "demo")
    _stackyard("environment", "ls", "demo")
    left = [each["name"] for each in _answer("ls")["stacks"] if ".dev-feature-orders." in each["name"]]
    print(f"Stacks of the environment that are left: {', '.join(left) or 'none'}")
    if left:
        sys.exit("demo: the environment is still there")
    _say("What all of it costs, by who caused it; the API and the page show tenants their part.")
    _stackyard("cost", "--by", "organization", "--publish")
    return f"{moved} orders into PostgreSQL"


def _warehouse(environ: dict[str, str]) -> dict[str, str]:
    """The variables that lead to the environment's warehouse, as its runs get them."""
    made = _answer("output", ACTIVATED, "services")["value"]["warehouse"]
    password = shop.client(environ, "secretsmanager").get_secret_value(SecretId=made["secret"])["SecretString"]
    return {
        "WAREHOUSE_HOST": made["host"],
        "WAREHOUSE_PORT": str(made["port"]),
        "WAREHOUSE_USER": "warehouse",
        "WAREHOUSE_PASSWORD": password,
        "WAREHOUSE_DATABASE": "warehouse",
    }


def _next_commands(url: str) -> list[str]:
    stackyard = f".venv/bin/stackyard -C {ESTATE}"
    token = f"$({stackyard} tenant token platform --user {OPERATOR} 2>/dev/null)"
    bearer = f'-H "Authorization: Bearer {token}"'
    return [
        f"curl -s -X POST {url}/organizations {bearer} -H 'content-type: application/json' -d '{json.dumps(UMBRELLA)}'",
        f"curl -s {url}/organizations {bearer}",
        f"curl -s {url}/openapi.json",
        f"{stackyard} graph",
        f"{stackyard} why {API}",
        f"{stackyard} preview",
        f"{stackyard} tenant show demo",
        f"{stackyard} environment ls",
        f"{stackyard} environment run demo/shop/prod --follow",
        f"{stackyard} cost",
        f"{stackyard} cloud status",
        f"{stackyard} tenant token demo --user {OWNER}",
        f"{stackyard} destroy --yes",
    ]


def _say(text: str) -> None:
    print(f"\n— {text}", flush=True)


def _command(*arguments: str) -> list[str]:
    return [str(STACKYARD), "-C", ESTATE, *arguments]


def _stackyard(*arguments: str, said: str = "") -> None:
    command = _command(*arguments)
    print(f"\n$ .venv/bin/stackyard {' '.join(command[1:])}", flush=True)
    done = subprocess.run(command, cwd=ROOT, check=False, input=said or None, text=True)
    if done.returncode:
        sys.exit(done.returncode)


def _answer(*arguments: str) -> Any:
    done = subprocess.run(_command(*arguments, "--json"), cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _token(organization: str, user: str) -> str:
    made: str = _answer("tenant", "token", organization, "--user", user, "--expires", "1d")["token"]
    return made


def _request(method: str, url: str, token: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
    data = json.dumps(body).encode() if body is not None else None
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as fault:
        return fault.code, fault.read().decode()


if __name__ == "__main__":
    main()
