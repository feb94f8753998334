"""tenant remove: an organization goes, its archive stays. Nothing is begun while an environment of it is active."""

from __future__ import annotations

import dataclasses
from typing import Any

from stackyard import errors
from stackyard.kit import files
from stackyard.operations import control, tenants
from stackyard.operations.hosting import SITES, Hosting, in_cloud
from stackyard.operations.workspace import Opening

_BATCH = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class Leaving:
    """What an organization leaves: its stacks, by name; its data and archive buckets, empty when it never had any.

    `objects` counts what is in the data bucket, versions too; `disposable`: they may go with it.
    """

    name: str
    stacks: tuple[str, ...]
    orphans: tuple[str, ...] = ()
    bucket: str = ""
    archive_bucket: str = ""
    objects: int = 0
    disposable: bool = False


async def surveyed(opening: Opening, name: str, tell: tenants.Tell) -> Leaving:
    """What would go. Raises UsageError while environments are active, or when there is nothing of that name."""
    async with tenants.opened(opening, tell) as workspace:
        hosting = Hosting(workspace)
        _refuse_active(hosting, name)
        stacks = [stack for stack in workspace.estate.stacks if stack.tenant == name]
        left = [each.short for each in await hosting.orphans() if each.stack.partition(".")[0] == name]
        if not stacks and not left:
            tenants.found(hosting, name)
        site = next((stack for stack in stacks if stack.project.name == SITES), None)
        outputs = (await workspace.outputs(site.name) if site else None) or {}
        bucket, archive = str(outputs.get("bucket") or ""), str(outputs.get("archive_bucket") or "")
        objects = 0
        if bucket:
            await workspace.ensure_cloud()
            objects = await in_cloud(_count, hosting.clients(name)("s3"), bucket)
        entry = tenants.found(hosting, name) if (hosting.tenants / f"{name}.yaml").exists() else None
        disposable = entry is not None and entry.organization is not None and entry.organization.disposable
        short = tuple(stack.name.short for stack in stacks)
        return Leaving(name, short, tuple(left), bucket, archive, objects, disposable)


def _refuse_active(hosting: Hosting, name: str) -> None:
    reading = hosting.read()
    active = [each.entry for each in reading.active if each.organization == name]
    active += [entry for entry in sorted(reading.blocked) if entry.partition(".")[0] == name]
    if active:
        listed = ", ".join("/".join(entry.split(".")) for entry in active)
        hint = f"take its projects out of its file and run `stackyard environment reconcile {name}`: that archives them"
        raise errors.UsageError(f"{name} has active environments: {listed}", hint=hint)


async def emptied(opening: Opening, leaving: Leaving, tell: tenants.Tell) -> int:
    """Delete everything in the data bucket, versions too; how many objects that were. The archive is another bucket."""
    async with tenants.opened(opening, tell) as workspace:
        _refuse_active(Hosting(workspace), leaving.name)
        return await in_cloud(_empty, Hosting(workspace).clients(leaving.name)("s3"), leaving.bucket)


@dataclasses.dataclass(frozen=True, slots=True)
class Gone:
    """What was removed after the stacks: the file's path, empty when there was none; tokens and secrets, counted.

    `archive` is where the archive stays, empty when there is none.
    """

    path: str
    tokens: int = 0
    secrets: int = 0
    archive: str = ""


async def finished(opening: Opening, leaving: Leaving, tell: tenants.Tell) -> Gone:
    """After its stacks were destroyed: forget their states, its tokens, row and left-over secrets; remove its file.

    Raises EngineError when a stack still has resources.
    """
    async with tenants.opened(opening, tell) as workspace:
        hosting, name = Hosting(workspace), leaving.name
        _refuse_active(hosting, name)
        stacks = [stack for stack in workspace.estate.stacks if stack.tenant == name]
        up = [stack.name.short for stack in stacks if await hosting.is_up(stack)]
        up += [each.short for each in await hosting.orphans() if each.stack.partition(".")[0] == name]
        if up:
            raise errors.EngineError(f"{name} still has resources in {', '.join(sorted(set(up)))}")
        for stack in stacks:
            await hosting.forget(stack)
        tables = await control.reachable(hosting)
        tokens = await in_cloud(tables.forget, name) if tables is not None else 0
        secrets, archive = 0, ""
        if leaving.stacks or leaving.orphans:
            await workspace.ensure_cloud()
            clients = hosting.clients(name)
            secrets = await in_cloud(_forget_secrets, clients("secretsmanager"), name)
            archive = await in_cloud(_archive, clients("s3"), leaving)
        path = hosting.tenants / f"{name}.yaml"
        written = path.relative_to(workspace.estate.root).as_posix() if path.exists() else ""
        files.remove(path)
        return Gone(written, tokens, secrets, archive)


def _forget_secrets(client: Any, name: str) -> int:
    """Delete what no stack made: values that somebody kept for single environments. They can be had back for a week."""
    pages = client.get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": [f"/site/{name}/"]}])
    found = [each["ARN"] for page in pages for each in page["SecretList"] if each["Name"].startswith(f"/site/{name}/")]
    for arn in found:
        client.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    return len(found)


def _archive(s3: Any, leaving: Leaving) -> str:
    """Where the archive is; empty when its bucket went with the site, for nothing was in it.

    After a kill the site's outputs are gone; then the bucket is known by how its name begins.
    """
    known = leaving.archive_bucket or f"{leaving.name}-archive-"
    listed = sorted(each["Name"] for each in s3.list_buckets()["Buckets"] if each["Name"].startswith(known))
    return ", ".join(f"s3://{bucket}" for bucket in listed)


def _count(s3: Any, bucket: str) -> int:
    return sum(len(_versions(page)) for page in _pages(s3, bucket))


def _empty(s3: Any, bucket: str) -> int:
    found = [each for page in _pages(s3, bucket) for each in _versions(page)]
    for start in range(0, len(found), _BATCH):
        batch = found[start : start + _BATCH]
        refused = s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True}).get("Errors") or []
        if refused:
            raise errors.ProviderError(f"{bucket}: {refused[0]['Key']} cannot be deleted: {refused[0].get('Message')}")
    return len(found)


def _pages(s3: Any, bucket: str) -> Any:
    return s3.get_paginator("list_object_versions").paginate(Bucket=bucket)


def _versions(page: Any) -> list[dict[str, str]]:
    both = (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
    return [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in both]
