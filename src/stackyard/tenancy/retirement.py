"""Removes what an environment leaves behind when its stack is destroyed. Called only behind `archive.require`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from stackyard.model.activations import Activation, Phase
from stackyard.tenancy import archive, rows
from stackyard.tenancy.sites import Site, objects_of


def remove(site: Site, record: Activation, others: Sequence[Activation]) -> None:
    """Delete an environment's objects, run rows and secrets, and bundles that none of its project uses. Blocks.

    `others` are the records of all other environments. Checks the guard of every destruction itself. Safe to repeat
    after a kill.
    """
    archive.require(site, record)
    s3 = site.client("s3")
    archive.delete(s3, site.bucket, objects_of(record))
    mine = (record.organization, record.project)
    siblings = [e for e in others if (e.organization, e.project) == mine and e.phase is not Phase.ARCHIVED]
    # Otherwise a stack may still be that of an older commit, or an archive not be made yet.
    if all(each.phase is Phase.ACTIVE and each.deployed == each.shape for each in siblings):
        _remove_sources(site, record, {each.source for each in siblings})
    rows.remove(site.client("dynamodb"), site.runs_table, record.key)
    _remove_secrets(site, record)


def _remove_sources(site: Site, record: Activation, used: Collection[str]) -> None:
    s3, prefix = site.client("s3"), f"projects/{record.project}/sources/"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=site.bucket, Prefix=prefix)
    for key in [each["Key"] for page in pages for each in page.get("Contents", ())]:
        if key not in used:
            archive.delete(s3, site.bucket, key)


def _remove_secrets(site: Site, record: Activation) -> None:
    secrets, prefix = site.client("secretsmanager"), site.secrets_of(record)
    named = [{"Key": "name", "Values": [prefix]}]
    for page in secrets.get_paginator("list_secrets").paginate(Filters=named):
        for each in page["SecretList"]:
            if each["Name"].startswith(prefix):
                secrets.delete_secret(SecretId=each["ARN"], ForceDeleteWithoutRecovery=True)
