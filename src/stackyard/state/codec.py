"""Checkpoint files: bytes to `Checkpoint` and back, in the format of the Pulumi CLI's DIY backend.

Versions 1 to 4 are read (gzip, indented, unversioned as well); version 3 is written, or 4 when a resource
uses one of its features. Field order, omission of empty fields and number format are the CLI's, so that a
file it wrote comes out byte for byte. Follows pulumi/pulumi sdk/go/common/apitype/core.go and
pkg/resource/stack/{checkpoint,deployment}.go.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from stackyard import errors
from stackyard.kit import jsontext
from stackyard.model import urns
from stackyard.model.checkpoints import Checkpoint, Pending, PendingOperation
from stackyard.model.resources import EMPTY, CustomTimeouts, Resource
from stackyard.model.values import Properties
from stackyard.secrets.base import SecretsManager
from stackyard.state import reading
from stackyard.state.properties import Reader, Vault, Writer

FEATURES: Final = frozenset(
    {"byteString", "extensionParameterization", "hooks", "refreshBeforeUpdate", "replaceWith", "taint", "views"}
)
ZERO_TIME: Final = "0001-01-01T00:00:00Z"
_OURS: Final = "stackyard"
_NOT_KEPT: Final = {"manifest", "secrets_providers", "resources", "pending_operations", "metadata"}

# The order of a resource's fields in the file, with the attribute of `Resource` where it is a plain copy.
_FIELDS: Final[Mapping[str, str]] = {
    "urn": "urn",
    "custom": "custom",
    "delete": "delete",
    "id": "id",
    "type": "type",
    "inputs": "",
    "outputs": "",
    "parent": "parent",
    "protect": "protect",
    "taint": "taint",
    "external": "external",
    "dependencies": "dependencies",
    "initErrors": "init_errors",
    "provider": "provider",
    "propertyDependencies": "",
    "pendingReplacement": "pending_replacement",
    "additionalSecretOutputs": "additional_secret_outputs",
    "aliases": "aliases",
    "customTimeouts": "",
    "importID": "import_id",
    "retainOnDelete": "retain_on_delete",
    "deletedWith": "deleted_with",
    "replaceWith": "replace_with",
    "created": "created",
    "modified": "modified",
    "sourcePosition": "source_position",
    "stackTrace": "",
    "ignoreChanges": "ignore_changes",
    "hideDiff": "hide_diff",
    "replaceOnChanges": "replace_on_changes",
    "replacementTrigger": "",
    "refreshBeforeUpdate": "",
    "viewOf": "",
    "resourceHooks": "",
    "extensionRef": "",
    "snippetID": "",
}
_COPIED: Final = {key: name for key, name in _FIELDS.items() if name}
_TUPLES: Final = {
    "dependencies",
    "init_errors",
    "additional_secret_outputs",
    "aliases",
    "hide_diff",
    "replace_with",
    "ignore_changes",
    "replace_on_changes",
}
_SHAPED: Final = {"inputs", "outputs", "propertyDependencies", "customTimeouts", "replacementTrigger"}


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """A checkpoint file, parsed but not interpreted. `deployment` is empty for a stack that was only made."""

    stack: str
    deployment: Mapping[str, Any]
    origin: str = ""

    @property
    def provider(self) -> Mapping[str, Any]:
        """The `secrets_providers` object, empty when there is none."""
        found = self.deployment.get("secrets_providers") or EMPTY
        return found if isinstance(found, dict) and found.get("type") else EMPTY

    @property
    def root_outputs(self) -> Mapping[str, Any]:
        """The raw outputs of the root Stack resource: all that a reader of outputs must interpret."""
        for raw in self.deployment.get("resources") or ():
            if raw.get("type") == urns.STACK_TYPE and not raw.get("parent") and not raw.get("delete"):
                return raw.get("outputs") or EMPTY
        return EMPTY


def parse(data: bytes, origin: str = "") -> Document:
    """Read a file's bytes; `origin` names it in errors. Raises `errors.StateError`; interprets no value."""
    raw = _load(data, origin)
    version, body = raw.get("version", 0), raw.get("checkpoint", raw)
    if not isinstance(version, int) or not 0 <= version <= 4 or not isinstance(body, dict):
        raise errors.StateError(
            f"{origin or 'the checkpoint'} has the format version {version!r}; known are 1 to 4",
            hint="it was written by a newer Pulumi; export it with `pulumi stack export` of that version",
        )
    unknown = sorted(set(raw.get("features") or ()) - FEATURES)
    if unknown:
        raise errors.StateError(
            f"{origin or 'the checkpoint'} needs features that are not supported here: {', '.join(unknown)}",
            hint="go on with the Pulumi CLI for this stack",
        )
    deployment = body.get("latest") or {}
    resources = deployment.get("resources") or [] if isinstance(deployment, dict) else None
    if not isinstance(resources, list) or not all(isinstance(resource, dict) for resource in resources):
        raise errors.StateError(f"{origin or 'the checkpoint'} is malformed: `resources` is no list of objects")
    if version < 3 and deployment:
        deployment = _migrated(deployment)
    return Document(str(body.get("stack", "")), deployment, origin)


def _load(data: bytes, origin: str) -> dict[str, Any]:
    where = origin or "the checkpoint"
    try:
        raw = json.loads(reading.expanded(data, where))
    except (ValueError, RecursionError) as error:
        raise errors.StateError(
            f"{where} is not a checkpoint: {error}", hint="the previous copy lies beside it, ending in .bak"
        ) from None
    if not isinstance(raw, dict):
        raise errors.StateError(f"{where} is not a checkpoint: it holds no object")
    return raw


def _migrated(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """Versions 1 and 2 had no dependencies by property: every input depends on all of them."""

    def resource(raw: dict[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in raw.items() if key != "defaults"}
        dependencies = raw.get("dependencies") or []
        kept["propertyDependencies"] = dict.fromkeys(raw.get("inputs") or {}, dependencies)
        return kept

    migrated = {**deployment, "resources": [resource(raw) for raw in deployment.get("resources") or ()]}
    pending = deployment.get("pending_operations") or ()
    migrated["pending_operations"] = [{**raw, "resource": resource(raw["resource"])} for raw in pending]
    return migrated


def magic(version: str) -> str:
    """The manifest's check value: the sha256 of its version; empty for an empty one."""
    return hashlib.sha256(version.encode()).hexdigest() if version else ""


class Codec:
    """Interprets and writes the files of one stack. One thread at a time.

    `manager` gives the key at the first secret. Without it, secrets are read as `Secret(Sealed(...))`,
    which are written again as they were; a new secret then raises `errors.SecretsError`.
    """

    def __init__(self, manager: Callable[[], SecretsManager] | None = None) -> None:
        self._vault = Vault(manager)

    @contextlib.contextmanager
    def hurried(self) -> Iterator[None]:
        """Inside, what would derive a key raises `properties.Locked` instead of waiting for it."""
        self._vault.is_hurried = True
        try:
            yield
        finally:
            self._vault.is_hurried = False

    @property
    def provider(self) -> Mapping[str, Any]:
        """The `secrets_providers` object of the key, once a secret has needed it; before that, empty."""
        manager = self._vault.used
        return EMPTY if manager is None else {"type": manager.type, "state": dict(manager.state)}

    def decode(self, document: Document) -> Checkpoint:
        """Interpret a parsed file. Raises StateError, IntegrityError for a wrong magic, SecretsError."""
        raw = document.deployment
        if not raw:
            return Checkpoint(document.stack)
        manifest = raw.get("manifest") or {}
        version = str(manifest.get("version", ""))
        if manifest.get("magic", "") != magic(version):
            raise errors.IntegrityError(
                f"{document.origin or document.stack}: the manifest's magic does not fit its version",
                hint="the file was damaged or edited; the previous copy lies beside it, ending in .bak",
            )
        metadata = dict(raw.get("metadata") or {})
        ours = metadata.pop(_OURS, {})
        extra = {key: value for key, value in raw.items() if key not in _NOT_KEPT}
        if rest := {key: value for key, value in manifest.items() if key not in ("time", "magic", "version")}:
            extra["manifest"] = rest
        try:
            return Checkpoint(
                stack=document.stack,
                resources=tuple(map(self.read, raw.get("resources") or ())),
                pending=tuple(map(self._read_pending, raw.get("pending_operations") or ())),
                time=str(manifest.get("time", "")),
                version=version,
                secrets_provider=document.provider,
                metadata=metadata,
                cloud=str(ours.get("cloud", "")),
                account=str(ours.get("account", "")),
                extra=extra,
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            fault = f"{type(error).__name__}: {error}"
            raise errors.StateError(f"{document.origin or document.stack} is malformed ({fault})") from None

    def outputs(self, document: Document) -> Properties:
        """Only the stack's outputs; needs no key unless one of them is secret."""
        return Reader(self._vault, document.stack).properties(document.root_outputs)

    def encode(self, checkpoint: Checkpoint) -> bytes:
        """The file's bytes. Raises `errors.SecretsError` when a new secret cannot be encrypted."""
        if checkpoint == Checkpoint(checkpoint.stack):
            return jsontext.dumps({"version": 3, "checkpoint": {"stack": checkpoint.stack}}).encode()
        self._vault.begin()
        features: set[str] = set()
        resources = [self._write(resource, features) for resource in checkpoint.resources]
        pending = [
            {"resource": self._write(operation.resource, features), "type": operation.kind.value}
            for operation in checkpoint.pending
        ]
        deployment = self._deployment(checkpoint, resources, pending)
        raw: dict[str, Any] = {"version": 4 if features else 3}
        if features:
            raw["features"] = sorted(features)
        raw["checkpoint"] = {"stack": checkpoint.stack, "latest": deployment}
        return jsontext.dumps(raw).encode()

    def _deployment(
        self, checkpoint: Checkpoint, resources: list[dict[str, Any]], pending: list[dict[str, Any]]
    ) -> dict[str, Any]:
        extra = dict(checkpoint.extra)
        deployment: dict[str, Any] = {
            "manifest": {
                "time": checkpoint.time or ZERO_TIME,
                "magic": magic(checkpoint.version),
                "version": checkpoint.version,
                **extra.pop("manifest", {}),
            }
        }
        if provider := checkpoint.secrets_provider or self.provider:
            deployment["secrets_providers"] = dict(provider)
        if resources:
            deployment["resources"] = resources
        if pending:
            deployment["pending_operations"] = pending
        ours = {key: value for key, value in (("cloud", checkpoint.cloud), ("account", checkpoint.account)) if value}
        deployment["metadata"] = {**checkpoint.metadata, **({_OURS: ours} if ours else {})}
        return {**deployment, **extra}

    def read(self, raw: Mapping[str, Any]) -> Resource:
        """One resource of a file."""
        reader = Reader(self._vault, str(raw.get("urn", "")))
        fields: dict[str, Any] = {}
        for key, name in _COPIED.items():
            if key in raw:
                fields[name] = tuple(raw[key] or ()) if name in _TUPLES else raw[key]
        for key in ("urn", "type"):
            fields.setdefault(key, "")
        fields.setdefault("custom", False)
        dependencies = raw.get("propertyDependencies") or {}
        timeouts = raw.get("customTimeouts") or {}
        return Resource(
            **fields,
            inputs=reader.properties(raw.get("inputs") or {}),
            outputs=reader.properties(raw.get("outputs") or {}),
            property_dependencies={key: tuple(urn_list or ()) for key, urn_list in dependencies.items()},
            custom_timeouts=CustomTimeouts(**timeouts) if timeouts else None,
            replacement_trigger=reader.value(raw.get("replacementTrigger")),
            extra={key: value for key, value in raw.items() if key not in _COPIED and key not in _SHAPED},
        )

    def write(self, resource: Resource) -> dict[str, Any]:
        """One resource in the form of the file, as a document of its own."""
        self._vault.begin()
        return self._write(resource, set())

    def _write(self, resource: Resource, features: set[str]) -> dict[str, Any]:
        writer = Writer(self._vault, resource.urn)
        shaped = _shaped(resource, writer)
        raw: dict[str, Any] = {}
        for key, name in _FIELDS.items():
            if name:
                value = getattr(resource, name)
                if value or key in ("custom", "type"):
                    raw[key] = list(value) if isinstance(value, tuple) else value
            elif key in shaped:
                raw[key] = shaped[key]
            elif key in resource.extra:
                raw[key] = resource.extra[key]
        raw.update((key, value) for key, value in resource.extra.items() if key not in raw)
        features.update(_features(raw, writer.has_bytes))
        return raw

    def _read_pending(self, raw: Mapping[str, Any]) -> PendingOperation:
        return PendingOperation(Pending(raw["type"]), self.read(raw["resource"]))


def _shaped(resource: Resource, writer: Writer) -> dict[str, Any]:
    shaped: dict[str, Any] = {}
    if resource.inputs:
        shaped["inputs"] = writer.properties(resource.inputs)
    if resource.outputs:
        shaped["outputs"] = writer.properties(resource.outputs)
    if resource.property_dependencies:
        dependencies = resource.property_dependencies
        shaped["propertyDependencies"] = {key: list(dependencies[key]) for key in sorted(dependencies)}
    if resource.custom_timeouts is not None:
        timeouts = dataclasses.asdict(resource.custom_timeouts)
        if kept := {key: jsontext.number(float(value)) for key, value in timeouts.items() if value}:
            shaped["customTimeouts"] = kept
    if resource.replacement_trigger is not None:
        shaped["replacementTrigger"] = writer.value(resource.replacement_trigger)
    return shaped


_FEATURE_OF: Final = {
    "refreshBeforeUpdate": "refreshBeforeUpdate",
    "viewOf": "views",
    "resourceHooks": "hooks",
    "taint": "taint",
    "replaceWith": "replaceWith",
    "extensionRef": "extensionParameterization",
}


def _features(raw: Mapping[str, Any], has_bytes: bool) -> set[str]:
    found = {feature for key, feature in _FEATURE_OF.items() if raw.get(key)}
    return found | {"byteString"} if has_bytes else found
