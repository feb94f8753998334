"""Reads a tenant's file from plain values, all its faults at once. Called through `model.tenants`."""

from __future__ import annotations

import re
from typing import Any, Final

from stackyard.model import refs, tenants
from stackyard.model.plain import Fault, Fields, Place
from stackyard.model.tenants import Budget, Deed, Grant, Group, HostedProject, Limits, Organization, Rule

MAIL: Final = r"[^@\s]+@[^@\s]+\.[^@\s]+"
REPOSITORY: Final = r"(?:https|ssh|file)://[^\s]+|[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:[^\s]+|/[^\s]+"
MANIFEST: Final = r"(?!/)(?!.*(?:^|/)\.\.?(?:/|$))[^\s\\]+\.ya?ml"
SECRET: Final = re.compile(r"[A-Z][A-Z0-9_]{0,99}")
RULES: Final = 30
"""How many rules a project may have."""
ON: Final = r"[a-z0-9*?-]+(?:/[a-z0-9*?-]+)?"
_KEPT_BACK: Final = re.compile(r"(?:STACKYARD_|MELTANO_|AWS_|LD_|PYTHON).*|PATH|HOME|SHELL|IFS")
_VARIABLE: Final = "the name of an environment variable, such as SHOP_PASSWORD"
_NAMES: Final = "use lower-case letters, digits and '-', and begin with a letter; at most {} characters"
_SECONDS: Final = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
_OLD_WORDS: Final = {"admin": "administer", "runner": "run", "viewer": "view"}
_TOP: Final = (
    "display_name", "contacts", "groups", "projects", "limits", "budget", "cost_owner", "retention_days",
    "disposable", "suspended",
)  # fmt: skip
_MEMORY: Final = {
    256: (512, 1024, 2048),
    512: range(1024, 4097, 1024),
    1024: range(2048, 8193, 1024),
    2048: range(4096, 16385, 1024),
    4096: range(8192, 30721, 1024),
    8192: range(16384, 61441, 4096),
    16384: range(32768, 122881, 8192),
}
"""Which memory (MB) a Fargate task can have with which cpu (1/1024 vCPU)."""


def organization(name: str, data: Any) -> tuple[Organization | None, tuple[Fault, ...]]:
    """What `model.tenants.read` says."""
    faults: list[Fault] = []
    root = Place(data, faults)
    _check_name(name, root)
    fields = root.fields(_TOP, required=("display_name", "contacts", "groups"))
    contacts = fields["contacts"].fields(("owner", "billing"), required=("owner", "billing"))
    groups = {key: _group(key, place) for key, place in fields["groups"].entries(tenants.GROUP, _NAMES.format(20))}
    projects = fields["projects"].entries(tenants.PROJECT, _NAMES.format(24))
    read = Organization(
        name=name,
        display_name=fields["display_name"].text(),
        owner=contacts["owner"].text(pattern=MAIL, hint="a mail address"),
        billing=contacts["billing"].text(pattern=MAIL, hint="a mail address"),
        groups=groups,
        projects={key: _project(key, place) for key, place in projects},
        limits=_limits(fields["limits"]),
        budget=_budget(fields["budget"]),
        cost_owner=fields["cost_owner"].text(longest=100),
        retention_days=_retention(fields["retention_days"]),
        disposable=fields["disposable"].flag(),
        suspended=fields["suspended"].flag(),
    )
    _check_administrators(read, fields["groups"])
    return (None if faults else read), tuple(faults)


def rules_file(data: Any) -> tuple[tuple[Rule, ...], tuple[Fault, ...]]:
    """What `model.tenants.read_rules` says."""
    faults: list[Fault] = []
    found = _rules(Place(data, faults).fields(("rules",), required=("rules",))["rules"])
    return (() if faults else found), tuple(faults)


def _check_name(name: str, root: Place) -> None:
    if not tenants.ORGANIZATION.fullmatch(name):
        root.fail(f"{name!r} cannot be an organization", f"{_NAMES.format(32)}, at least 2: rename the file")
    elif name in tenants.RESERVED:
        root.fail(f"{name!r} is kept for the platform itself", "rename the file")


def _check_administrators(read: Organization, groups: Place) -> None:
    owners = [group for group in read.groups.values() if Grant(Deed.ADMINISTER) in group.grants and group.members]
    if not owners and not groups.is_absent:
        hint = "somebody must be able to manage the organization: give a group `access: administer`"
        groups.fail("no group administers everything", hint)


def _group(name: str, place: Place) -> Group:
    fields = place.fields(("members", "access"), required=("members", "access"))
    members: list[str] = []
    for each in fields["members"].items():
        mail = each.text(pattern=MAIL, hint="a mail address")
        if mail and mail in members:
            each.fail(f"{mail} is there twice", "remove one of them")
        members.append(mail)
    if fields["members"].value == []:
        fields["members"].fail(f"{fields['members'].where} is empty", "a group has at least one member")
    access = fields["access"]
    grants = tuple(_grant(each) for each in access.items()) if isinstance(access.value, list) else (_grant(access),)
    if not grants:
        access.fail(f"{access.where} is empty", f"say one of: {', '.join(Deed)}")
    return Group(name, tuple(members), grants)


def _grant(place: Place) -> Grant:
    if not isinstance(place.value, dict):
        return Grant(_deed(place))
    fields = place.fields(("may", "on"), required=("may",))
    hint = "a glob of projects, or of project/environment: `shop/*`"
    return Grant(_deed(fields["may"]), fields["on"].text("*", pattern=ON, hint=hint))


def _deed(place: Place) -> Deed:
    if isinstance(place.value, str) and place.value in _OLD_WORDS:
        place.fail(f"{place.where} cannot be {place.value!r}", f"it is called {_OLD_WORDS[place.value]!r}")
        return Deed.VIEW
    return Deed(place.choice(list(Deed), Deed.VIEW))


def _limits(place: Place) -> Limits:
    fields = place.fields(("concurrent_runs", "run_minutes", "cpu", "memory_mb", "environments"))
    limits = Limits(
        fields["concurrent_runs"].whole(Limits().concurrent_runs, 1, 100),
        fields["run_minutes"].whole(Limits().run_minutes, 1, 1440),
        fields["cpu"].whole(Limits().cpu, 256, 16384),
        fields["memory_mb"].whole(Limits().memory_mb, 512, 122880),
        fields["environments"].whole(Limits().environments, 1, 1000),
    )
    if limits.cpu not in _MEMORY:
        fields["cpu"].fail(
            f"no task can have {limits.cpu} cpu", f"one of {', '.join(map(str, _MEMORY))} (1024 = 1 vCPU)"
        )
    elif limits.memory_mb not in _MEMORY[limits.cpu]:
        able = _MEMORY[limits.cpu]
        step = "" if len(able) == 1 else f" in steps of {able[1] - able[0]}" if isinstance(able, range) else ""
        message = f"no task with {limits.cpu} cpu can have {limits.memory_mb} MB"
        fields["memory_mb"].fail(message, f"with that cpu: {able[0]} to {able[-1]}{step}")
    return limits


def _budget(place: Place) -> Budget | None:
    if place.is_absent:
        return None
    fields = place.fields(("monthly", "warn_at", "action"), required=("monthly",))
    monthly = fields["monthly"]
    amount = monthly.value if isinstance(monthly.value, int | float) and not isinstance(monthly.value, bool) else 0
    if not monthly.is_absent and not 0 < amount < 1e12:
        monthly.fail(f"{monthly.where} must be an amount of USD above 0", "a number such as 250 or 99.50")
    warn_at = tuple(each.whole(100, 1, 1000) for each in fields["warn_at"].items()) or Budget(1).warn_at
    if list(warn_at) != sorted(set(warn_at)):
        fields["warn_at"].fail(f"{fields['warn_at'].where} must ascend", "percents such as [50, 80, 100]")
    return Budget(
        float(amount) if 0 < amount < 1e12 else 0.0, warn_at, fields["action"].choice(("warn", "suspend"), "warn")
    )


def _retention(place: Place) -> int:
    days = place.whole(30, 1, 3653)
    if days not in tenants.LOG_DAYS:
        place.fail(
            f"{place.where} cannot be {days}", f"logs are kept for one of {', '.join(map(str, tenants.LOG_DAYS))}"
        )
    return days


def _project(name: str, place: Place) -> HostedProject:
    fields = place.fields(("repository", "manifest", "variables", "secrets", "rules"), required=("repository",))
    hint = "the path of a YAML file inside the repository"
    return HostedProject(
        name,
        _repository(fields["repository"]),
        fields["manifest"].text("meltano.yml", pattern=MANIFEST, hint=hint),
        _rules(fields["rules"]),
        _secrets(fields["secrets"]),
        _variables(fields["variables"]),
    )


def _repository(place: Place) -> str:
    hint = "https://…, ssh://…, git@host:path, file:///…, or an absolute path"
    url = place.text(pattern=REPOSITORY, hint=hint, longest=500)
    if re.match(r"[a-z]+://[^/@]*:[^/@]*@", url):
        place.faults.append(
            Fault(place.path, "the repository's URL has a password in it", "git's credential helpers keep it")
        )
    return url


def _variables(place: Place) -> dict[str, str]:
    found = {}
    for name, each in place.entries(SECRET, _VARIABLE):
        _check_variable(name, each)
        found[name] = each.text(longest=4096)
    return found


def _check_variable(name: str, place: Place) -> None:
    if _KEPT_BACK.fullmatch(name):
        place.fail(f"{name} is not yours to set", "runs themselves need it: choose another name")


def _secrets(place: Place) -> tuple[str, ...]:
    names: list[str] = []
    for each in place.items():
        name = each.text(pattern=SECRET.pattern, hint=_VARIABLE)
        _check_variable(name, each)
        if name and name in names:
            each.fail(f"{name} is there twice", "remove one of them")
        names.append(name)
    return tuple(names)


def _rules(place: Place) -> tuple[Rule, ...]:
    found: list[Rule] = []
    given = place.items()
    if len(given) > RULES:  # each is compared with those before it
        place.fail(f"{place.where} has {len(given)} rules, and may have {RULES}", "say several refs by one glob")
        return ()
    for each in given:
        before = len(each.faults)
        rule = _rule(each)
        if len(each.faults) == before:
            _check_reachable(rule, found, each)
        found.append(rule)
    return tuple(found)


def _rule(place: Place) -> Rule:
    known = ("branch", "tag", "environment", "name", "services", "expires", "archive")
    fields = place.fields(known, required=("environment",))
    kinds = [kind for kind in ("branch", "tag") if not fields[kind].is_absent]
    if isinstance(place.value, dict) and len(kinds) != 1:
        place.fail(f"{place.where} must have either `branch` or `tag`", 'such as `branch: main` or `tag: "v*"`')
    kind = kinds[0] if kinds else "branch"
    pattern = _pattern(fields[kind])
    environment = fields["environment"].text(longest=100)
    archive, days = _archive(fields["archive"])
    return Rule(
        kind,
        pattern,
        environment,
        _name(fields, pattern, environment),
        _services(fields["services"]),
        _duration(fields["expires"], "mhdw"),
        archive,
        days,
    )


def _pattern(place: Place) -> str:
    pattern = place.text(longest=refs.LONGEST_PATTERN)
    if pattern and (why := refs.fault(pattern)):
        place.fail(f"{place.where} can never match: {why}", "a ref's name, or a glob such as release/*")
    return pattern


def _name(fields: Fields, pattern: str, environment: str) -> str:
    """The template of the environments' names: what the rule says, or made of the Meltano environment's name."""
    place = fields["name"]
    if place.is_absent:
        name = f"{environment}-{refs.SLUG}" if refs.is_glob(pattern) else environment
        where, hint = fields["environment"], "give the rule a `name`"
    else:
        name = place.text(longest=60)
        where, hint = place, _NAMES.format(32)
    if not name or not environment:
        return name
    rest = name.replace(refs.SLUG, "")
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name.replace(refs.SLUG, "x")):
        where.fail(f"an environment cannot be called {name!r}", hint)
    elif name.count(refs.SLUG) > 1 or len(rest) > (20 if refs.SLUG in name else 32):
        where.fail(f"an environment cannot be called {name!r}", "at most 32 characters, or 20 beside one {slug}")
    elif refs.is_glob(pattern) and refs.SLUG not in name:
        where.fail(f"every ref that matches {pattern!r} would be called {name!r}", "put {slug} into the name")
    return name


def _services(place: Place) -> tuple[str, ...]:
    found: list[str] = []
    for each in place.items():
        service = each.choice(tenants.SERVICES)
        if service and service in found:
            each.fail(f"{service} is there twice", "remove one of them")
        found.append(service)
    return tuple(found)


def _archive(place: Place) -> tuple[bool, int]:
    """Whether there is an archive, and for how many days it is kept (0 = for ever)."""
    if isinstance(place.value, dict):
        fields = place.fields(("retention",), required=("retention",))
        return True, _duration(fields["retention"], "dw") // _SECONDS["d"]
    if isinstance(place.value, bool):
        return place.value, 0
    return place.choice(("on", "off"), "on") == "on", 0


def _duration(place: Place, units: str) -> int:
    hint = f"a number and one of {', '.join(units)}: 72h" if "h" in units else "a number and d or w: 90d"
    text = place.text(pattern=rf"[1-9][0-9]{{0,4}}[{units}]", hint=hint)
    return int(text[:-1]) * _SECONDS[text[-1]] if text else 0


def _check_reachable(rule: Rule, earlier: list[Rule], place: Place) -> None:
    same = [each for each in earlier if each.kind == rule.kind and each.pattern]
    alone = next((each for each in same if refs.covered(rule.pattern, [each.pattern])), None)
    if alone or (same and refs.covered(rule.pattern, [each.pattern for each in same])):
        who = f"rule {earlier.index(alone) + 1} ({alone.pattern!r})" if alone else "the rules before it together"
        place.fail(
            f"{rule.kind} {rule.pattern!r} never gets here: {who} already decides it", "put it before, or remove it"
        )
        return
    if refs.is_glob(rule.pattern):
        return
    name = refs.environment_name(rule.name, rule.pattern)
    for each in earlier:
        if not refs.is_glob(each.pattern) and refs.environment_name(each.name, each.pattern) == name:
            message = f"{rule.kind} {rule.pattern!r} and {each.kind} {each.pattern!r} would both be called {name!r}"
            place.fail(message, "give one of them another `name`")
            return
