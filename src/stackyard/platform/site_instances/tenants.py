"""A tenant's file: who the organization is, and who of it may do what."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import pydantic
import yaml

from stackyard.errors import ConfigError, Position
from stackyard.platform.components.settings import LogDays, Settings

Mail = Annotated[str, pydantic.Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]


class Access(enum.StrEnum):
    """What a group may do in its organization; each is a role of the site instance."""

    ADMIN = "admin"
    RUNNER = "runner"
    VIEWER = "viewer"


class Contacts(Settings):
    """Whom to write to: about the service, and about the bill."""

    owner: Mail
    billing: Mail


class Group(Settings):
    """Users who share a role; `members` are their mail addresses."""

    access: Access
    members: tuple[Mail, ...] = pydantic.Field(min_length=1)


class Tenant(Settings):
    """One organization. Its name is the name of its file.

    `retention_days` is how long its logs and replaced versions of its files are kept.
    """

    display_name: str = pydantic.Field(min_length=1)
    contacts: Contacts
    groups: dict[str, Group] = pydantic.Field(min_length=1)
    cost_owner: str = ""
    retention_days: LogDays = 30
    disposable: bool = False

    @pydantic.model_validator(mode="after")
    def _has_an_admin(self) -> Tenant:
        if not any(group.access is Access.ADMIN for group in self.groups.values()):
            raise ValueError("no group has access `admin`: somebody must be able to manage the organization")
        return self


def read_tenant(path: str | Path) -> Tenant:
    """The tenant of a file. Raises ConfigError that names the file and every fault in it."""
    file = Path(path)
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        return Tenant.model_validate(data)
    except FileNotFoundError:
        raise ConfigError("there is no such tenant file", position=Position(str(path))) from None
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 0
        raise ConfigError(f"not YAML: {fault.problem}", position=Position(str(path), line)) from None
    except pydantic.ValidationError as fault:
        told = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'tenant'}: {each['msg']}" for each in fault.errors())
        raise ConfigError(told, position=Position(str(path))) from None
