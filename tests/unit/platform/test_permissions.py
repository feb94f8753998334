"""What a group may do follows from its grants: each deed with those before it, on what the globs name and no more."""

from __future__ import annotations

import fnmatch
import itertools
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from stackyard.model import refs
from stackyard.model.tenants import Deed, Grant
from stackyard.platform.site_instances import permissions

REACH = permissions.Reach(
    organization="acme",
    stage="production",
    account="111122223333",
    region="us-east-1",
    bucket_arn="arn:aws:s3:::data",
    archive_arn="arn:aws:s3:::archive",
    key_arn="arn:key",
    table_arn="arn:table",
    access_arn="arn:access",
    scheduler_role_arn="arn:scheduler-role",
)
PLACES = [(project, name) for project in ("shop", "shop-2", "crm") for name in ("prod", "dev-a", "dev-b")]


def allowed(action: str, resource: str, *grants: Grant, **context: str) -> bool:
    """What IAM would say: whether a statement has the action, the resource, and conditions that hold."""
    return any(
        action in statement["Action"] and _covers(statement["Resource"], resource) and _holds(statement, context)
        for statement in permissions.statements(grants, REACH)
    )


def _covers(patterns: Any, resource: str) -> bool:
    return any(fnmatch.fnmatchcase(resource, each) for each in ([patterns] if isinstance(patterns, str) else patterns))


def _holds(statement: dict[str, Any], context: dict[str, str]) -> bool:
    keys = [(key, values) for said in statement.get("Condition", {}).values() for key, values in said.items()]
    return all(_covers(values, context.get(key.rpartition(":")[2], "")) for key, values in keys)


def deeds(project: str, name: str, *grants: Grant) -> dict[Deed, bool]:
    """Whether each deed's own call is allowed on an environment."""
    arn = REACH.arn
    return {
        Deed.VIEW: allowed("dynamodb:Query", "arn:table", *grants, LeadingKeys=f"{project}.{name}"),
        Deed.RUN: allowed("lambda:InvokeFunction", arn("lambda", f"function:launch_{project}_{name}"), *grants),
        Deed.DEPLOY: allowed(
            "secretsmanager:PutSecretValue", arn("secretsmanager", f"secret:/site/acme/{project}.{name}/A-x1"), *grants
        ),
    }


@pytest.mark.parametrize("deed", list(Deed))
@pytest.mark.parametrize("glob", ["*", "shop", "shop/*", "shop/prod", "shop/dev-*", "*/prod", "shop*", "sh?p/dev-?"])
def test_a_grant_allows_its_deed_and_those_before_it_where_its_glob_matches(deed: Deed, glob: str) -> None:
    grant = Grant(deed, glob)
    for project, name in PLACES:
        here = refs.matches(grant.project, project) and refs.matches(grant.environment, name)
        wanted = {each: here and deed.includes(each) for each in (Deed.VIEW, Deed.RUN, Deed.DEPLOY)}
        assert deeds(project, name, grant) == wanted, (project, name)


@hypothesis.given(
    st.lists(
        st.builds(
            Grant,
            st.sampled_from(list(Deed)),
            st.builds(
                "{}/{}".format, st.sampled_from(["*", "shop", "crm", "shop*"]), st.sampled_from(["*", "prod", "dev-*"])
            ),
        ),
        max_size=5,
    )
)
def test_what_several_grants_allow_is_what_one_of_them_allows(grants: list[Grant]) -> None:
    for project, name in PLACES:
        each = [deeds(project, name, grant) for grant in grants]
        assert deeds(project, name, *grants) == {
            deed: any(one[deed] for one in each) for deed in (Deed.VIEW, Deed.RUN, Deed.DEPLOY)
        }


def test_a_viewer_reads_rows_logs_and_files_of_the_environment_and_changes_nothing() -> None:
    view = Grant(Deed.VIEW, "shop/prod")
    logs = "log-group:/site/production/acme/shop/{}:log-stream:run/x"
    assert allowed("logs:GetLogEvents", REACH.arn("logs", logs.format("prod")), view)
    assert not allowed("logs:GetLogEvents", REACH.arn("logs", logs.format("dev")), view)
    assert allowed("s3:GetObject", "arn:aws:s3:::data/environments/shop.prod/commits/r/state.json", view)
    assert not allowed("s3:GetObject", "arn:aws:s3:::data/environments/shop.dev/commits/r/state.json", view)
    assert not allowed("s3:GetObject", "arn:aws:s3:::data/projects/shop/sources/c.tar.gz", view)
    assert allowed("s3:ListBucket", "arn:aws:s3:::data", view, prefix="environments/shop.prod/commits/")
    assert not allowed("s3:ListBucket", "arn:aws:s3:::data", view, prefix="environments/")
    assert not allowed("s3:ListBucket", "arn:aws:s3:::data", view)
    verbs = {action.partition(":")[2] for each in permissions.statements([view], REACH) for action in each["Action"]}
    assert not [verb for verb in verbs if verb.startswith(("Put", "Update", "Delete", "Create", "Invoke", "Generate"))]


def test_secrets_of_a_whole_project_need_the_whole_project() -> None:
    def puts(glob: str, owner: str) -> bool:
        arn = REACH.arn("secretsmanager", f"secret:/site/acme/{owner}/PASSWORD-a1b2c3")
        return allowed("secretsmanager:PutSecretValue", arn, Grant(Deed.DEPLOY, glob))

    assert puts("shop", "shop")
    assert puts("shop", "shop.prod")
    assert puts("*", "shop")
    assert puts("*", "shop.prod")
    assert not puts("shop/prod", "shop")
    assert not puts("shop", "shop-2")
    assert not puts("shop", "shop-2.prod")


@pytest.mark.parametrize("grant", [Grant(Deed.ADMINISTER, "shop"), Grant(Deed.DEPLOY), Grant(Deed.VIEW)])
def test_only_who_administers_everything_reaches_the_archive_and_the_list_of_people(grant: Grant) -> None:
    everything = Grant(Deed.ADMINISTER)
    for action, resource in (
        ("s3:GetObject", "arn:aws:s3:::archive/archive/shop.prod/s/index.json"),
        ("ssm:GetParameter", "arn:access"),
        ("s3:PutObject", "arn:aws:s3:::data/environments/shop.prod/x"),
        ("logs:FilterLogEvents", REACH.arn("logs", "log-group:/site/production/acme:*")),
    ):
        assert allowed(action, resource, everything)
        assert not allowed(action, resource, grant)
    assert not allowed("s3:DeleteObject", "arn:aws:s3:::archive/archive/shop.prod/s/index.json", everything)


def test_every_statement_names_what_it_is_about() -> None:
    grants = [Grant(deed, on) for deed, on in itertools.product(Deed, ("*", "shop/prod"))]
    for statement in permissions.statements(grants, REACH):
        resources = statement["Resource"]
        assert "*" not in ([resources] if isinstance(resources, str) else resources)
        assert not [action for action in statement["Action"] if "*" in action]


def test_no_grants_allow_nothing() -> None:
    assert permissions.statements([], REACH) == []


@pytest.mark.parametrize(
    ("grant", "changes"),
    [(Grant(Deed.DEPLOY), True), (Grant(Deed.DEPLOY, "shop"), False), (Grant(Deed.RUN), False)],
)
def test_a_schedule_is_changed_only_by_who_may_deploy_everything(grant: Grant, changes: bool) -> None:
    schedule = REACH.arn("scheduler", "schedule/shop_prod/nightly")
    assert allowed("scheduler:GetSchedule", schedule, grant) == (grant.may is Deed.DEPLOY)
    assert allowed("scheduler:UpdateSchedule", schedule, grant) == changes
    passes = allowed("iam:PassRole", "arn:scheduler-role", grant, PassedToService="scheduler.amazonaws.com")
    assert passes == changes
