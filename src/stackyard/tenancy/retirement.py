"""Removes what an environment leaves behind when its stack is destroyed. Called only behind `archive.require`."""

from __future__ import annotations

from stackyard.model.activations import Activation
from stackyard.tenancy import archive, rows
from stackyard.tenancy.sites import Site, objects_of


def remove(site: Site, record: Activation, *, keep_source: bool) -> None:
    """Delete an environment's objects, run rows and secrets, and its project's bundle unless another uses it. Blocks.

    Checks the guard of every destruction itself. Safe to repeat after a kill.
    """
    archive.require(site, record)
    s3 = site.client("s3")
    archive.delete(s3, site.bucket, objects_of(record))
    if record.source and not keep_source:
        archive.delete(s3, site.bucket, record.source)
    rows.remove(site.client("dynamodb"), site.runs_table, record.key)
    _remove_secrets(site, record)


def _remove_secrets(site: Site, record: Activation) -> None:
    secrets, prefix = site.client("secretsmanager"), site.secrets_of(record)
    named = [{"Key": "name", "Values": [prefix]}]
    for page in secrets.get_paginator("list_secrets").paginate(Filters=named):
        for each in page["SecretList"]:
            if each["Name"].startswith(prefix):
                secrets.delete_secret(SecretId=each["ARN"], ForceDeleteWithoutRecovery=True)
