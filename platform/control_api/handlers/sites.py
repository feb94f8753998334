"""An organization's site as one caller sees it: the groups they are in, and what those may do where.

The cloud has the last word: every reading and every start is made as the role of one of the caller's groups. What is
decided here is which group to ask as, and whether to say "no" or "there is none".
"""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import os
import time
from functools import cache
from typing import Any, Final

import boto3
import sessions
from answers import Answer, Caller, Refused, Request, answer
from botocore.exceptions import ClientError
from contract import DEEDS

TABLE: Final = "site-runs"
_FRESH: Final = 10.0  # seconds


@dataclasses.dataclass(frozen=True)
class Group:
    """A group of the caller's; `grants` are what it may do (`may`) and where (`on`, a glob of project/environment)."""

    name: str
    grants: tuple[tuple[str, str], ...]

    def may(self, deed: str, project: str, environment: str) -> bool:
        """Whether the group may do this there; each deed includes those before it."""
        return any(
            DEEDS.index(deed) <= DEEDS.index(may)
            and fnmatch.fnmatchcase(project, on.partition("/")[0])
            and fnmatch.fnmatchcase(environment, on.partition("/")[2] or "*")
            for may, on in self.grants
        )


@dataclasses.dataclass(frozen=True)
class Site:
    """One organization's site, for one user."""

    organization: str
    account: str
    user: str
    groups: tuple[Group, ...]

    def group(self, deed: str, project: str, environment: str) -> Group | None:
        """The first of the user's groups that may do this there."""
        return next((each for each in self.groups if each.may(deed, project, environment)), None)

    def deeds(self, project: str, environment: str) -> list[str]:
        """All that the user may do there."""
        return [deed for deed in DEEDS if self.group(deed, project, environment)]

    def needed(self, deed: str, key: str) -> Group:
        """The group to ask as. Raises Refused: 404 for what the user may not even see, else 403."""
        project, _, environment = key.partition(".")
        if self.group("view", project, environment) is None:
            raise none_such("environment", key)
        found = self.group(deed, project, environment)
        if found is None:
            may = ", ".join(self.deeds(project, environment))
            raise Refused(
                403, f"you may {may} {key}, not {deed} it; an administrator of {self.organization} can grant it"
            )
        return found

    def client(self, service: str, group: Group) -> Any:
        """A client of the organization's account as the role of a group. Raises Refused(403) if it has no role yet."""
        role = f"{self.organization}-{os.environ['STAGE']}-{group.name}"
        session = sessions.opened(self.account, self.organization, role, self.user)
        if session is None:
            raise Refused(403, f"group {group.name!r} has no role yet: groups change when the site is deployed")
        return session.client(service)

    def any_group(self) -> Group:
        """The group to ask as for what all groups may read. Raises Refused(403) for a user of none."""
        if not self.groups:
            raise Refused(403, f"you are in no group of {self.organization}; ask one of its administrators")
        return self.groups[0]


def none_such(what: str, name: str) -> Refused:
    """The answer to what is not there and to what the caller may not know of: the same one."""
    return Refused(404, f"there is no {what} {name!r}")


@cache
def _organizations() -> Any:
    return boto3.resource("dynamodb").Table(os.environ["ORGANIZATIONS_TABLE"])


def site_of(caller: Caller, organization: str) -> Site:
    """The site that a caller asks for. Raises Refused: 404 for others' organizations, 409 while there is no site."""
    if not caller.operator and caller.organization != organization:
        raise none_such("organization", organization)
    account, access = _known(organization)
    if access is None:
        if caller.operator and not account:
            raise none_such("organization", organization)
        raise Refused(409, f"{organization} has no site in this stage yet")
    site = Site(organization, account, caller.user, groups_of(access, caller.user))
    if caller.operator and not site.groups:
        raise Refused(403, f"operators are not members of {organization}: its administrators decide who sees it")
    return site


_kept: dict[str, tuple[float, str, dict[str, Any] | None]] = {}


def _known(organization: str) -> tuple[str, dict[str, Any] | None]:
    """The account and the access document of an organization, not older than a few seconds."""
    now = time.monotonic()
    kept = _kept.get(organization)
    if kept is None or kept[0] < now:
        row = _organizations().get_item(Key={"name": organization}).get("Item") or {}
        account = sessions.account_of(organization, row)
        access = access_of(organization, account) if account else None
        if len(_kept) >= 1024:
            _kept.clear()
        kept = _kept[organization] = (now + _FRESH, account, access)
    return kept[1], kept[2]


def access_of(organization: str, account: str) -> dict[str, Any] | None:
    """Who is in which group, by the site's own word; None when there is no site."""
    stage = os.environ["STAGE"]
    session = sessions.opened(account, organization, f"{organization}-{stage}", "control-api")
    if session is None:
        return None
    try:
        found = session.client("ssm").get_parameter(Name=f"/site/{stage}/{organization}/access")
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return None
        raise
    document: dict[str, Any] = json.loads(found["Parameter"]["Value"])
    return document


def groups_of(access: dict[str, Any], user: str) -> tuple[Group, ...]:
    """The groups that a user is a member of."""
    groups = access.get("groups", access)
    return tuple(
        Group(name, tuple((grant["may"], grant["on"]) for grant in group["grants"]))
        for name, group in sorted(groups.items())
        if user in group["members"]
    )


def me(request: Request) -> Answer:
    """GET /me → 200."""
    caller = request.caller
    groups: tuple[Group, ...] = ()
    if not caller.operator:
        _account, access = _known(caller.organization)
        groups = groups_of(access or {}, caller.user)
    shown = [{"name": each.name, "grants": [{"may": may, "on": on} for may, on in each.grants]} for each in groups]
    about = {"organization": caller.organization, "user": caller.user, "operator": caller.operator}
    return answer(200, {**about, "expires": caller.expires, "groups": shown})
