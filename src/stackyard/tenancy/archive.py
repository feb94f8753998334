"""The archive of an environment: everything that is lost when it goes, with a checksummed index, verified.

`archive/<key>/<stamp>/` in the organization's archive bucket: the record, the project at its commit and its
manifest, run rows, the last committed state and data, logs; `index.json` is written last. A warehouse is kept as a
snapshot of its database, which the index names. Everything here blocks.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import hashlib
import io
import json
import tarfile
import tempfile
import urllib.parse
from collections.abc import Callable, Iterator
from typing import IO, Any, Final

from stackyard import errors
from stackyard.model.activations import Activation, Phase
from stackyard.tenancy import rows, snapshots
from stackyard.tenancy.sites import Site, objects_of

INDEX: Final = "index.json"
ROOT: Final = "archive/"
_CHUNK: Final = 1 << 20
_IN_MEMORY: Final = 8 << 20
_INDEX_BYTES: Final = 64 << 20
_MOST: Final = 1 << 50
_DAY: Final = 86400
Tell = Callable[[str], None]


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    """One file of an archive: its bytes and their digest."""

    size: int
    sha256: str


@dataclasses.dataclass(frozen=True, slots=True)
class Archive:
    """One archive as its index says. `prefix` is `archive/<key>/<stamp>`, `days` how long it is kept (0 = for ever)."""

    prefix: str
    organization: str
    project: str
    environment: str
    ref: str
    commit: str
    made: str
    days: int
    files: dict[str, File]
    snapshots: list[str] = dataclasses.field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files.values())

    def document(self) -> dict[str, Any]:
        """Plain values."""
        return {**dataclasses.asdict(self), "size": self.size}

    def expired(self, now: int) -> bool:
        """Whether it need not be kept any longer."""
        made = datetime.datetime.fromisoformat(self.made).timestamp()
        return bool(self.days) and made + self.days * _DAY <= now


def place(record: Activation, now: float) -> str:
    """Where the archive of an environment that is archived now shall be; two within one second are two places."""
    stamp = datetime.datetime.fromtimestamp(now, datetime.UTC)
    return f"{ROOT}{record.key}/{stamp:%Y%m%dT%H%M%S%fZ}"


def make(site: Site, record: Activation, prefix: str, now: int, tell: Tell = lambda _: None) -> Archive:
    """Copy everything of an environment below `prefix` and write the index last; the archive.

    Safe to repeat after a kill. Raises StateError when a head names an object that is not there; faults of the
    cloud are botocore's.
    """
    copying = _Copying(site, prefix)
    copying.put("activation.json", json.dumps(record.data(), indent=1).encode())
    _copy_source(copying, record, tell)
    _copy_runs(copying, record, tell)
    _copy_logs(copying, record, tell)
    taken = snapshots.take(site, record, prefix.rpartition("/")[2])
    index = {
        "version": 1,
        **{name: getattr(record, name) for name in ("organization", "project", "environment", "ref", "commit")},
        "made": datetime.datetime.fromtimestamp(now, datetime.UTC).isoformat(),
        "days": record.archive_days,
        "snapshots": taken,
        "files": {name: dataclasses.asdict(file) for name, file in sorted(copying.files.items())},
    }
    text = json.dumps(index, indent=1).encode()
    site.client("s3").put_object(
        Bucket=site.archive_bucket, Key=f"{prefix}/{INDEX}", Body=text, ContentType="application/json"
    )
    return _read(prefix, text)


def verify(site: Site, prefix: str) -> Archive:
    """Read every file of an archive back. Raises StateError for the first that is not what its index says."""
    found = read(site, prefix)
    s3 = site.client("s3")
    for name, file in found.files.items():
        digest, size = hashlib.sha256(), 0
        for chunk in _chunks(s3, site.archive_bucket, f"{prefix}/{name}"):
            digest.update(chunk)
            size += len(chunk)
        if (size, digest.hexdigest()) != (file.size, file.sha256):
            raise errors.StateError(f"{prefix}/{name} in {site.archive_bucket} is not what its index says")
    snapshots.require(site, found.snapshots)
    return found


def read(site: Site, prefix: str) -> Archive:
    """An archive's index. Raises StateError when it is not there or cannot be read."""
    data = bytearray()
    for chunk in _chunks(site.client("s3"), site.archive_bucket, f"{prefix}/{INDEX}"):
        data += chunk
        if len(data) > _INDEX_BYTES:
            raise errors.StateError(f"the index of {prefix} in {site.archive_bucket} is too large")
    try:
        return _read(prefix, bytes(data))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as fault:
        message = f"the index of {prefix} in {site.archive_bucket} cannot be read: {fault}"
        raise errors.StateError(message) from None


def require(site: Site | None, record: Activation) -> None:
    """The guard of every destruction: raises StateError unless the environment's archive is there, or none is wanted.

    Its checksums were verified before the record said `archived`; here the index and each file's size are looked at
    again, so that nothing is destroyed when the archive has gone meanwhile.
    """
    if record.phase is not Phase.ARCHIVED:
        raise errors.StateError(f"{record.title} is {record.phase}, not archived: nothing of it is destroyed")
    if not record.archive:
        if record.archive_wanted:
            raise errors.StateError(f"{record.title} has no archive: nothing of it is destroyed")
        return
    if site is None:
        raise errors.StateError(f"the archive of {record.title} cannot be reached: nothing of it is destroyed")
    found = read(site, record.archive)
    if (found.project, found.environment, found.commit) != (record.project, record.environment, record.commit):
        raise errors.StateError(f"{record.archive} is the archive of another environment than {record.title}")
    sizes = dict(_listed(site, f"{record.archive}/"))
    for name, file in found.files.items():
        if sizes.get(f"{record.archive}/{name}") != file.size:
            raise errors.StateError(
                f"{record.archive}/{name} is gone or changed: nothing of {record.title} is destroyed"
            )
    snapshots.require(site, found.snapshots)


def prefixes(site: Site) -> Iterator[str]:
    """Where every whole archive of an organization is, by environment and time."""
    for key, _ in _listed(site, ROOT):
        if key.endswith(f"/{INDEX}"):
            yield key.removesuffix(f"/{INDEX}")


def remove(site: Site, prefix: str) -> None:
    """Delete one archive, its snapshots and then its index first: what is left of it is no archive any more."""
    snapshots.remove(site, read(site, prefix).snapshots)
    delete(site.client("s3"), site.archive_bucket, f"{prefix}/{INDEX}")
    delete(site.client("s3"), site.archive_bucket, f"{prefix}/")


def delete(s3: Any, bucket: str, prefix: str) -> int:
    """Delete every version of every object below a prefix; how many there were."""
    count = 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        found = [
            {"Key": each["Key"], "VersionId": each["VersionId"]}
            for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        ]
        if found:
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True})
            for fault in answer.get("Errors", ()):
                raise errors.ProviderError(f"{fault['Key']} in {bucket} cannot be deleted: {fault.get('Message')}")
        count += len(found)
    return count


class _Copying:
    """Files of one archive as they are written."""

    def __init__(self, site: Site, prefix: str) -> None:
        self.site = site
        self.files: dict[str, File] = {}
        self._prefix = prefix
        self._s3 = site.client("s3")

    def put(self, name: str, data: bytes | IO[bytes]) -> None:
        """Write one file from memory or a seekable stream."""
        stream = io.BytesIO(data) if isinstance(data, bytes) else data
        stream.seek(0)
        self.files[name] = _hashed(iter(lambda: stream.read(_CHUNK), b""))
        stream.seek(0)
        self._s3.put_object(Bucket=self.site.archive_bucket, Key=f"{self._prefix}/{name}", Body=stream)

    def copy(self, name: str, key: str) -> None:
        """Copy an object of the data bucket inside the cloud, whatever its size up to 5 GB."""
        self.files[name] = _hashed(_chunks(self._s3, self.site.bucket, key))
        source = {"Bucket": self.site.bucket, "Key": key}
        self._s3.copy_object(Bucket=self.site.archive_bucket, Key=f"{self._prefix}/{name}", CopySource=source)


def _hashed(chunks: Iterator[bytes]) -> File:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
    return File(size, digest.hexdigest())


def _copy_source(copying: _Copying, record: Activation, tell: Tell) -> None:
    """The project as it was delivered, and its manifest to be read without unpacking.

    The organization's administrators may write to its bucket: what is no longer what was delivered is kept, not opened.
    """
    if not record.source:
        return
    copying.copy("source.tar.gz", record.source)
    if copying.files["source.tar.gz"].sha256 != record.source_sha256:
        tell(f"{record.title}: its source has been replaced since it was delivered; it is kept as it is")
        return
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
        for chunk in _chunks(copying.site.client("s3"), copying.site.bucket, record.source):
            spool.write(chunk)
        spool.seek(0)
        with tarfile.open(fileobj=spool, mode="r:gz") as bundle:
            for member in bundle:
                if member.name.removeprefix("./") == record.manifest and (stream := bundle.extractfile(member)):
                    copying.put("meltano.yml", stream.read())


def _copy_runs(copying: _Copying, record: Activation, tell: Tell) -> None:
    """Every row, and what the last good run committed."""
    site = copying.site
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
        head: rows.Row = {}
        count = 0
        for row in rows.of(site.client("dynamodb"), site.runs_table, record.key):
            spool.write(json.dumps(row, sort_keys=True, default=_bytes).encode() + b"\n")
            head = row if row["run"] == "head" else head
            count += row["run"][:1].isdigit()
        copying.put("runs.jsonl", spool)
    tell(f"{record.title}: {count} run{'s' * (count != 1)}")
    state, data = head.get("state") or "", head.get("data") or {}
    if (
        not isinstance(state, str)
        or not isinstance(data, dict)
        or not all(isinstance(key, str) for key in data.values())
    ):
        raise errors.StateError(f"the head of {record.title} is not one that a run commits")
    if state:
        _copy_committed(copying, record, "state", state)
    for name, key in sorted(data.items()):
        _copy_committed(copying, record, f"data/{_quoted(name)}", key)


def _bytes(value: Any) -> str:
    """Bytes in a row, which only a run's own code can have put there, as base64."""
    return base64.b64encode(value).decode()


def _copy_committed(copying: _Copying, record: Activation, name: str, key: str) -> None:
    if not key.startswith(objects_of(record)):
        raise errors.StateError(f"the head of {record.title} names {key}, which is not its own")
    copying.copy(name, key)


def _copy_logs(copying: _Copying, record: Activation, tell: Tell) -> None:
    logs, group = copying.site.client("logs"), copying.site.logs_of(record)
    try:
        streams = [each["logStreamName"] for page in logs.get_paginator("describe_log_streams").paginate(
            logGroupName=group) for each in page["logStreams"]]  # fmt: skip
    except logs.exceptions.ResourceNotFoundException:
        streams = []
    for stream in streams:
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
            for event in _events(logs, group, stream):
                line = {"timestamp": event["timestamp"], "message": event["message"]}
                spool.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            copying.put(f"logs/{_quoted(stream)}.jsonl", spool)
    tell(f"{record.title}: {len(streams)} log stream{'s' * (len(streams) != 1)}")


def _events(logs: Any, group: str, stream: str) -> Iterator[dict[str, Any]]:
    """All events of a log stream, oldest first. The end is where the token does not change any more."""
    token: dict[str, str] = {}
    while True:
        page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **token)
        yield from page["events"]
        following = {"nextToken": page["nextForwardToken"]}
        if following == token:
            return
        token = following


def _quoted(name: str) -> str:
    return urllib.parse.quote(name, safe="/")


def _chunks(s3: Any, bucket: str, key: str) -> Iterator[bytes]:
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket):
        raise errors.StateError(f"there is no {key} in {bucket}") from None
    with body:
        yield from body.iter_chunks(_CHUNK)


def _listed(site: Site, prefix: str) -> Iterator[tuple[str, int]]:
    pages = site.client("s3").get_paginator("list_objects_v2").paginate(Bucket=site.archive_bucket, Prefix=prefix)
    for page in pages:
        for each in page.get("Contents", ()):
            yield each["Key"], each["Size"]


def _read(prefix: str, data: bytes) -> Archive:
    index = json.loads(data)
    if index["version"] != 1:
        raise ValueError(f"version {index['version']!r}")
    for name in ("organization", "project", "environment", "ref", "commit", "made"):
        if not isinstance(index[name], str):
            raise ValueError(f"{name} is {index[name]!r}")
    snapshots_, files = index.get("snapshots", []), {name: File(**file) for name, file in index["files"].items()}
    if not isinstance(snapshots_, list) or not all(isinstance(each, str) for each in snapshots_):
        raise ValueError(f"its snapshots are {snapshots_!r}")
    if not all(_is_count(each.size) and isinstance(each.sha256, str) for each in files.values()):
        raise ValueError("a file in it has no size, or no digest")
    if not _is_count(index["days"]):
        raise ValueError(f"it is kept for {index['days']!r} days")
    given = {field.name: index[field.name] for field in dataclasses.fields(Archive) if field.name in index}
    found = Archive(prefix, **{**given, "files": files})
    found.expired(0)  # raises for a time that there is not
    return found


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST
