"""The API as data: every route, what it takes, what it answers, and the function that serves it.

This one table makes the routes (`__main__.py`), is dispatched by (`entries.py`), and is the document at
`/openapi.json`. It imports the standard library alone, for the program reads it too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

Schema = dict[str, Any]

ORGANIZATION: Final = "^[a-z][a-z0-9-]{1,31}$"
KEY: Final = r"^[a-z][a-z0-9-]{0,23}\.[a-z][a-z0-9-]{0,31}$"
RUN: Final = r"^[0-9]{8}T[0-9]{6}\.[0-9]{6}Z-[0-9a-f]{8}$"
MONTH: Final = "^[0-9]{4}-(0[1-9]|1[0-2])$"
MAIL: Final = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
# What a value must be, where its pattern is not what people want to read.
SAID: Final = {
    ORGANIZATION: "2 to 32 lower-case letters, digits and '-', and begin with a letter",
    MAIL: "a mail address",
    r"\S": "text of 1 to 200 characters",
}
STATUSES: Final = ("starting", "running", "succeeded", "failed", "stopped")
DEEDS: Final = ("view", "run", "deploy", "administer")


@dataclasses.dataclass(frozen=True)
class Operation:
    """One route. `answers` is the `module.function` that serves it, in the Lambda function named `function`.

    `gives` maps the status of success to a schema; `refuses` are the statuses of refusals besides 401 and 429.
    `open` routes are answered without a token. `may_be_empty`: without a body it is an empty object.
    """

    method: str
    path: str
    function: str
    answers: str
    summary: str
    gives: Mapping[int, str]
    refuses: tuple[int, ...] = ()
    takes: str = ""
    query: tuple[str, ...] = ()
    open: bool = False
    may_be_empty: bool = False

    @property
    def key(self) -> str:
        """The route's key, as the gateway writes it."""
        return f"{self.method} {self.path}"


def _text(about: str, pattern: str = "", **rest: Any) -> Schema:
    return {"type": "string", "description": about, **({"pattern": pattern} if pattern else {}), **rest}


def _time(about: str) -> Schema:
    return _text(about, format="date-time")


def _list(items: Schema, about: str = "") -> Schema:
    return {"type": "array", "items": items, **({"description": about} if about else {})}


def _object(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None, **rest: Any) -> Schema:
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}, **rest}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


NEXT: Final = _text("Give it as `next` to read on; absent on the last page.")
WHOLE: Final = {"type": "integer"}
TEXTS: Final = _list({"type": "string"})
_NAME: Final = _text("The organization's name, for ever.", ORGANIZATION)
_SHOWN: Final = _text("How it is shown.", r"\S", maxLength=200)
_CONTACT: Final = _text("Whom to write to.", MAIL, maxLength=200)

SCHEMAS: Final[dict[str, Schema]] = {
    "Fault": {
        **_object(
            {},
            {
                "error": _text("Why, and what can be done about it."),
                "faults": _list({"type": "string"}, "All that is wrong with the request."),
                "run": _text("The run that is in the way."),
                "message": _text("The gateway's own refusals have this instead of `error`."),
            },
        ),
        "anyOf": [{"required": ["error"]}, {"required": ["message"]}],
    },
    "Health": _object({"status": {"const": "ok"}, "stage": _text("The deployment stage.")}),
    "Document": {"type": "object", "required": ["openapi", "info", "paths"]},
    "Asked": _object({"name": _NAME, "display_name": _SHOWN, "contact": _CONTACT}, additionalProperties=False),
    "Changes": _object(
        {},
        {
            "display_name": _SHOWN,
            "contact": _CONTACT,
            "version": {**WHOLE, "description": "Change it only when it still is at this version."},
        },
        additionalProperties=False,
    ),
    "Organization": _object(
        {
            "name": _NAME,
            "display_name": _SHOWN,
            "status": {"enum": ["requested", "accepted", "active", "suspended"]},
            "version": WHOLE,
        },
        {"contact": _CONTACT, "created": WHOLE, "updated": WHOLE},
    ),
    "Organizations": _object({"organizations": _list(_ref("Organization"))}, {"next": NEXT}),
    "Me": _object(
        {
            "organization": _text("Whose token it is; `platform` for operators."),
            "user": _text("The mail address it was made for."),
            "operator": {"type": "boolean"},
            "expires": {**WHOLE, "description": "When the token ends, in seconds of the epoch."},
            "groups": _list(_ref("Group")),
        }
    ),
    "Group": _object({"name": _text("The group's name."), "grants": _list(_ref("Grant"))}),
    "Grant": _object({"may": {"enum": list(DEEDS)}, "on": _text("A glob of `project/environment`, or `*`.")}),
    "Project": _object(
        {"name": _text("The hosted project's name."), "repository": _text("Where its sources are.")},
        {"manifest": _text("Its meltano.yml.")},
    ),
    "Projects": _object({"projects": _list(_ref("Project"))}),
    "Environment": _object(
        {
            "key": _text("`project.environment`.", KEY),
            "project": _text("The hosted project."),
            "name": _text("The environment."),
            "ref": _text("The git ref it follows, in full."),
            "commit": _text("The commit it stands at."),
            "services": TEXTS,
            "schedules": TEXTS,
            "jobs": _list({"type": "string"}, "What a run without jobs runs."),
            "phase": _text("`active`, or how far its end has come."),
            "expires": {**WHOLE, "description": "Seconds of the epoch; 0 for never."},
            "may": _list({"enum": list(DEEDS)}, "What the caller may do here."),
        },
        {"last_run": _ref("Run")},
    ),
    "Environments": _object({"environments": _list(_ref("Environment"))}, {"next": NEXT}),
    "Run": _object(
        {"run": _text("Its name; later runs sort later.", RUN), "status": {"enum": list(STATUSES)}},
        {
            "reason": _text("`manual`, or `schedule:` and its name."),
            "by": _text("Who started it."),
            "jobs": TEXTS,
            "commit": _text("The commit that ran."),
            "started": _time("When it was started."),
            "ended": _time("When it ended."),
            "exit_code": WHOLE,
            "cpu": {**WHOLE, "description": "1/1024 vCPU."},
            "memory_mb": WHOLE,
            "message": _text("Why it ended as it did."),
            "rows": {"type": "object", "additionalProperties": WHOLE, "description": "Rows moved, by stream."},
        },
    ),
    "Runs": _object({"runs": _list(_ref("Run"), "The latest first.")}, {"next": NEXT}),
    "Wish": _object({}, {"jobs": _list({"type": "string"}, "Empty or absent: the environment's own.")}),
    "Started": _object({"run": _text("The new run.", RUN)}),
    "Stopping": _object({"run": _text("The run that is told to stop.", RUN)}),
    "Line": _object({"at": _time("When it was written."), "message": {"type": "string"}}),
    "Lines": _object(
        {
            "lines": _list(_ref("Line")),
            "done": {"type": "boolean", "description": "The run has ended and this was its last line."},
        },
        {"next": NEXT},
    ),
    "Cost": _object(
        {
            "project": _text("Empty for what belongs to the whole organization."),
            "environment": _text("Empty for what belongs to a whole project."),
            "service": _text("What was paid for."),
            "amount": _text("A decimal number.", r"^-?[0-9]+(\.[0-9]+)?$"),
            "currency": _text("ISO 4217."),
        },
        {"quantity": _text("How much of it."), "unit": _text("Of what.")},
    ),
    "Costs": _object(
        {
            "organization": _NAME,
            "month": _text("The calendar month.", MONTH),
            "total": _text("The sum of all rows."),
            "currency": _text("ISO 4217; of all rows."),
            "rows": _list(_ref("Cost")),
        }
    ),
}

PARAMETERS: Final[dict[str, Schema]] = {
    "organization": _text("The organization.", ORGANIZATION),
    "environment": _text("`project.environment`.", KEY),
    "run": _text("The run.", RUN),
    "next": _text("Where to read on: `next` of the answer before.", minLength=1, maxLength=1024),
    "month": _text("The calendar month; this one when it is left out.", MONTH),
}

_SITE: Final = "/organizations/{organization}"
_ENVIRONMENT: Final = _SITE + "/environments/{environment}"
_RUN: Final = _ENVIRONMENT + "/runs/{run}"

OPERATIONS: Final = (
    Operation("GET", "/health", "about", "about.health", "Whether the API answers", {200: "Health"}, open=True),
    Operation("GET", "/openapi.json", "about", "about.openapi", "This document", {200: "Document"}, open=True),
    Operation("GET", "/me", "sites", "sites.me", "Whose token this is, and what they may do", {200: "Me"}),
    Operation(
        "GET", "/organizations", "list-organizations", "organizations.list_all",
        "Organizations: all for operators, their own for everybody else", {200: "Organizations"}, (400,),
        query=("next",),
    ),
    Operation(
        "POST", "/organizations", "create-organization", "organizations.create",
        "Request an organization; the platform's owners accept it", {201: "Organization"}, (400, 403, 409), "Asked",
    ),
    Operation(
        "GET", _SITE, "get-organization", "organizations.get",
        "One organization", {200: "Organization"}, (404,),
    ),
    Operation(
        "PUT", _SITE, "update-organization", "organizations.update",
        "Change an organization's name for people or its contact", {200: "Organization"},
        (400, 403, 404, 409), "Changes",
    ),
    Operation(
        "GET", _SITE + "/projects", "sites", "environments.projects",
        "Hosted projects that the caller may see", {200: "Projects"}, (403, 404, 409),
    ),
    Operation(
        "GET", _SITE + "/environments", "sites", "environments.list_all",
        "Activated environments that the caller may see, with their last runs", {200: "Environments"},
        (400, 403, 404, 409), query=("next",),
    ),
    Operation(
        "GET", _ENVIRONMENT, "sites", "environments.get",
        "One activated environment", {200: "Environment"}, (403, 404, 409),
    ),
    Operation(
        "GET", _ENVIRONMENT + "/runs", "sites", "runs.list_all",
        "Runs of an environment, the latest first", {200: "Runs"}, (400, 403, 404, 409), query=("next",),
    ),
    Operation(
        "POST", _ENVIRONMENT + "/runs", "sites", "runs.start",
        "Start a run", {201: "Started"}, (400, 403, 404, 409, 502), "Wish", may_be_empty=True,
    ),
    Operation("GET", _RUN, "sites", "runs.get", "One run", {200: "Run"}, (403, 404, 409)),
    Operation(
        "POST", _RUN + "/stop", "sites", "runs.stop",
        "Stop a run", {202: "Stopping"}, (403, 404, 409, 502),
    ),
    Operation(
        "GET", _RUN + "/logs", "sites", "runs.logs",
        "What a run has written", {200: "Lines"}, (400, 403, 404, 409), query=("next",),
    ),
    Operation(
        "GET", _SITE + "/costs", "costs", "costs.month",
        "What a month has cost, by project, environment and service", {200: "Costs"}, (400, 403, 404, 409),
        query=("month",),
    ),
)  # fmt: skip

_REFUSALS: Final = {
    400: "The request is faulty; `faults` has everything that is wrong with it.",
    401: "There is no token, or it is not known, or it has expired.",
    403: "The caller may not do this; `error` says what they may.",
    404: "There is none that the caller may see.",
    409: "Not in this state.",
    429: "Too many calls; try again later.",
    502: "The environment's launch function has failed.",
}


def document(stage: str = "") -> Schema:
    """The API's description, OpenAPI 3.1. `stage` is named in its title."""
    paths: dict[str, Schema] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Control API {stage}".strip(),
            "version": "1",
            "description": "Organizations, their environments, runs, logs and costs. "
            "Callers see what their groups may see: the API asks as them.",
        },
        "servers": [{"url": "./"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}, "schemas": SCHEMAS},
    }


def _described(operation: Operation) -> Schema:
    statuses = sorted({*operation.refuses, 429, *(() if operation.open else (401,))})
    refusals = {str(status): _answer(_REFUSALS[status], "Fault") for status in statuses}
    described: Schema = {
        "operationId": operation.answers.replace(".", "_"),
        "summary": operation.summary,
        "parameters": _parameters(operation),
        "responses": {str(status): _answer("Done.", name) for status, name in operation.gives.items()} | refusals,
    }
    if operation.takes:
        described["requestBody"] = {"required": not operation.may_be_empty, "content": _content(operation.takes)}
    if operation.open:
        described["security"] = []
    return described


def _parameters(operation: Operation) -> list[Schema]:
    inside = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    said = [("path", name, True) for name in inside] + [("query", name, False) for name in operation.query]
    return [{"in": where, "name": name, "required": needed, "schema": PARAMETERS[name]} for where, name, needed in said]


def _answer(about: str, name: str) -> Schema:
    return {"description": about, "content": _content(name)}


def _content(name: str) -> Schema:
    return {"application/json": {"schema": _ref(name)}}
