"""What a run starts from and leaves behind: Meltano's state and the project's data files, committed as one.

Objects are written under the run's own prefix and never changed. The row `head` says which of them count; it moves in
one transaction that also checks the lease. So a run that dies before it has happened not at all, and state and data
can never belong to different runs. A data file may be as large as one PUT takes: 5 GB.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

from . import logs
from .faults import REFUSED, SOURCE, RunFault
from .orders import Order

_STATE: Final = "state.json"
_CHUNK: Final = 1 << 20


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """The last commit: the run that made it, the object with the state, and for each data file object and SHA-256."""

    run: str = ""
    state: str = ""
    data: Mapping[str, str] = dataclasses.field(default_factory=dict)
    digests: Mapping[str, str] = dataclasses.field(default_factory=dict)


class Store:
    """One environment's commits. `objects` and `rows` are boto3 clients of S3 and DynamoDB."""

    def __init__(self, order: Order, objects: Any, rows: Any) -> None:
        self.order = order
        self.objects = objects
        self.rows = rows

    def begin(self) -> None:
        """Say that the run runs, unless it was settled meanwhile."""
        try:
            self.rows.update_item(
                TableName=self.order.table, Key=self._key(self.order.run),
                UpdateExpression="SET #status = :running", ConditionExpression="#status = :starting",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={":running": {"S": "running"}, ":starting": {"S": "starting"}},
            )  # fmt: skip
        except self.rows.exceptions.ConditionalCheckFailedException:
            logs.say("the run's row is not `starting`; it is left as it is")

    def source(self) -> bytes:
        """The packed project."""
        return self._read(self.order.source)

    def restore(self, state: Path, data: Path) -> Head:
        """Lay out state and data files as the last commit left them, and return it; without one, nothing."""
        head = self._head()
        if head.state:
            for name, content in json.loads(self._read(head.state)).items():
                _place(state, name).write_text(content)
        for name, key in head.data.items():
            path = _place(data, name)
            with path.open("wb") as file:
                for chunk in self._body(key).iter_chunks(_CHUNK):
                    file.write(chunk)
            if _digest(path) != head.digests.get(name):
                raise RunFault(f"{name} of run {head.run} is damaged: its SHA-256 differs", SOURCE)
        return head

    def commit(self, before: Head, state: Path, data: Path, counts: Mapping[str, int]) -> Head:
        """Upload what changed since `before` and make it the head. Raises RunFault when the lease is another's."""
        prefix = f"environments/{self.order.key}/commits/{self.order.run}"
        states = {name: path.read_text() for name, path in _files(state).items() if path.name == _STATE}
        self._write(f"{prefix}/{_STATE}", json.dumps(states, sort_keys=True).encode())
        keys, digests = {}, {}
        for name, path in _files(data).items():
            digests[name] = _digest(path)
            if digests[name] == before.digests.get(name):
                keys[name] = before.data[name]
            else:
                keys[name] = f"{prefix}/data/{name}"
                with path.open("rb") as file:
                    self._write(keys[name], file)
        after = Head(self.order.run, f"{prefix}/{_STATE}", keys, digests)
        self._move(before, after, counts)
        return after

    def prune(self, *kept: Head) -> int:
        """Delete the objects of commits that none of `kept` names, and return how many: killed and replaced runs'."""
        named = {key for head in kept for key in (head.state, *head.data.values())}
        prefix = f"environments/{self.order.key}/commits/"
        pages = self.objects.get_paginator("list_objects_v2").paginate(Bucket=self.order.bucket, Prefix=prefix)
        left = [each["Key"] for page in pages for each in page.get("Contents", ()) if each["Key"] not in named]
        for key in left:
            self.objects.delete_object(Bucket=self.order.bucket, Key=key)
        return len(left)

    def _move(self, before: Head, after: Head, counts: Mapping[str, int]) -> None:
        table = self.order.table
        lease = {
            "TableName": table, "Key": self._key("lease"), "ConditionExpression": "holder = :run",
            "ExpressionAttributeValues": {":run": {"S": after.run}},
        }  # fmt: skip
        head: dict[str, Any] = {
            "TableName": table,
            "Item": {
                **self._key("head"), "committed_by": {"S": after.run}, "state": {"S": after.state},
                "data": _texts(after.data), "digests": _texts(after.digests),
            },
            "ConditionExpression": "attribute_not_exists(committed_by)",
        }  # fmt: skip
        if before.run:
            head["ConditionExpression"] = "committed_by = :before"
            head["ExpressionAttributeValues"] = {":before": {"S": before.run}}
        row = {
            "TableName": table, "Key": self._key(after.run), "UpdateExpression": "SET #rows = :rows",
            "ExpressionAttributeNames": {"#rows": "rows"},
            "ExpressionAttributeValues": {":rows": {"M": {name: {"N": str(n)} for name, n in counts.items()}}},
        }  # fmt: skip
        try:
            self.rows.transact_write_items(TransactItems=[{"ConditionCheck": lease}, {"Put": head}, {"Update": row}])
        except self.rows.exceptions.TransactionCanceledException as fault:
            # A reply may have been lost and the call repeated: then the head is this run's already.
            if self._head().run != after.run:
                raise RunFault("the commit is refused: the lease is not this run's any more", REFUSED) from fault

    def _head(self) -> Head:
        found = self.rows.get_item(TableName=self.order.table, Key=self._key("head"), ConsistentRead=True)
        row = found.get("Item")
        if row is None:
            return Head()
        data, digests = (
            {name: value["S"] for name, value in row.get(key, {}).get("M", {}).items()} for key in ("data", "digests")
        )
        return Head(row["committed_by"]["S"], row["state"]["S"], data, digests)

    def _key(self, run: str) -> dict[str, dict[str, str]]:
        return {"environment": {"S": self.order.key}, "run": {"S": run}}

    def _read(self, key: str) -> bytes:
        content: bytes = self._body(key).read()
        return content

    def _body(self, key: str) -> Any:
        try:
            return self.objects.get_object(Bucket=self.order.bucket, Key=key)["Body"]
        except self.objects.exceptions.NoSuchKey as fault:
            raise RunFault(f"{key} is not in {self.order.bucket}", SOURCE) from fault

    def _write(self, key: str, content: bytes | IO[bytes]) -> None:
        self.objects.put_object(Bucket=self.order.bucket, Key=key, Body=content)


def _texts(values: Mapping[str, str]) -> dict[str, Any]:
    return {"M": {name: {"S": value} for name, value in values.items()}}


def _files(folder: Path) -> dict[str, Path]:
    """Regular files below `folder` by their path in it; links are not followed."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return {path.relative_to(folder).as_posix(): path for path in found}


def _place(folder: Path, name: str) -> Path:
    """Where a file of the last commit goes."""
    if ".." in Path(name).parts or Path(name).is_absolute():
        raise RunFault(f"{name} of the last commit leads out of the run's folder", SOURCE)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
