"""What a group's grants come to: statements of an IAM policy, which name what is the organization's and nothing else.

A grant is on a glob of `project/environment`. Names hold no dot, slash or underscore, so that a glob means the same in
`<project>.<environment>`, in a path and in `launch_<project>_<environment>`, and IAM's `*` and `?` are the glob's own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Final

from stackyard.model.tenants import Deed, Grant
from stackyard.platform.components import policies
from stackyard.platform.components.policies import Statement

LISTS: Final = ("environments", "projects")
ROWS: Final = ("dynamodb:GetItem", "dynamodb:Query")
LINES: Final = ("logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents")
SECRETS: Final = ("secretsmanager:CreateSecret", "secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue")
BUCKET: Final = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketVersions")
OBJECTS: Final = ("s3:GetObject", "s3:GetObjectVersion")
CHANGES: Final = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject")


@dataclasses.dataclass(frozen=True, slots=True)
class Reach:
    """What an organization has: names as docs/design/0008-tenants.md says, ARNs as text or outputs."""

    organization: str
    stage: str
    account: str
    region: str
    bucket_arn: Any
    archive_arn: Any
    key_arn: Any
    table_arn: Any
    access_arn: Any
    scheduler_role_arn: Any

    def arn(self, service: str, rest: str) -> str:
        """An ARN in the organization's account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{rest}"

    def inside(self, bucket_arn: Any, pattern: str) -> Any:
        """Objects of a bucket."""
        return (
            f"{bucket_arn}/{pattern}"
            if isinstance(bucket_arn, str)
            else bucket_arn.apply(lambda arn: f"{arn}/{pattern}")
        )


Pair = tuple[str, str]
ALL: Final[list[Pair]] = [("*", "*")]


def statements(grants: Iterable[Grant], reach: Reach) -> list[Statement]:
    """What a group with these grants may do: to each deed belong those before it. Empty for no grants."""
    granted = list(grants)

    def pairs(deed: Deed) -> list[Pair]:
        found = {(each.project, each.environment) for each in granted if each.may.includes(deed)}
        return ALL if ALL[0] in found else sorted(found)

    return [
        *_view(pairs(Deed.VIEW), reach),
        *_run(pairs(Deed.RUN), reach),
        *_deploy(pairs(Deed.DEPLOY), reach),
        *(_administer(reach) if Grant(Deed.ADMINISTER) in granted else ()),
    ]


def _view(pairs: list[Pair], reach: Reach) -> list[Statement]:
    if not pairs:
        return []
    keys = [f"{project}.{environment}" for project, environment in pairs]
    rows = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [*keys, *LISTS]}}
    within = {"StringLike": {"s3:prefix": [f"environments/{key}/*" for key in keys]}}
    logs = f"log-group:/site/{reach.stage}/{reach.organization}"
    return [
        policies.allow(ROWS, reach.table_arn, Condition=rows),
        policies.allow(LINES, [reach.arn("logs", f"{logs}/{project}/{name}:*") for project, name in pairs]),
        policies.allow(["s3:ListBucket"], reach.bucket_arn, Condition=within),
        policies.allow(["s3:GetObject"], [reach.inside(reach.bucket_arn, f"environments/{key}/*") for key in keys]),
        policies.allow(["kms:Decrypt", "kms:DescribeKey"], reach.key_arn),
    ]


def _run(pairs: list[Pair], reach: Reach) -> list[Statement]:
    launches = [reach.arn("lambda", f"function:launch_{project}_{environment}") for project, environment in pairs]
    return [policies.allow(["lambda:InvokeFunction"], launches)] if launches else []


def _deploy(pairs: list[Pair], reach: Reach) -> list[Statement]:
    """Secrets of a whole project belong to who may deploy all of its environments."""
    if not pairs:
        return []
    owners = [project if environment == "*" else f"{project}.{environment}" for project, environment in pairs]
    owners += [f"{project}.*" for project, environment in pairs if environment == "*" and project != "*"]
    secrets = [reach.arn("secretsmanager", f"secret:/site/{reach.organization}/{owner}/*") for owner in owners]
    schedules = [reach.arn("scheduler", f"schedule/{project}_{environment}/*") for project, environment in pairs]
    return [
        policies.allow(SECRETS, secrets),
        policies.allow(["kms:GenerateDataKey"], reach.key_arn),
        policies.allow(["scheduler:GetSchedule"], schedules),
        *(_switch(schedules, reach) if pairs == ALL else ()),
    ]


def _switch(schedules: list[str], reach: Reach) -> list[Statement]:
    """A schedule may be changed by who may deploy everything: it could be made to call any launch function."""
    passed = {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
    return [
        policies.allow(["scheduler:UpdateSchedule"], schedules),
        policies.allow(["iam:PassRole"], reach.scheduler_role_arn, Condition=passed),
    ]


def _administer(reach: Reach) -> list[Statement]:
    """All of what is the organization's: its whole bucket and log, its archive (to read), who may do what."""
    site = reach.arn("logs", f"log-group:/site/{reach.stage}/{reach.organization}:*")
    archived = reach.inside(reach.archive_arn, "*")
    return [
        policies.allow(BUCKET, [reach.bucket_arn, reach.archive_arn]),
        policies.allow(OBJECTS, [reach.inside(reach.bucket_arn, "*"), archived]),
        policies.allow(CHANGES, reach.inside(reach.bucket_arn, "*")),
        policies.allow(ROWS, reach.table_arn),
        policies.allow(LINES, site),
        policies.allow(["ssm:GetParameter"], reach.access_arn),
        policies.allow(["ecs:DescribeTasks"], reach.arn("ecs", "task/site/*")),
    ]
