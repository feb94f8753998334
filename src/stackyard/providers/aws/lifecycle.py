"""What every type has in common: check, diff, create, read, update, delete and find, around the code of a Kind.

All of it blocks; `provider.AwsProvider` runs it in threads.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from botocore.exceptions import ClientError

from stackyard.errors import ProviderError
from stackyard.model import values
from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Properties, Secret
from stackyard.providers import base, diffing
from stackyard.providers.aws import comparing, documents, schemas, tagging
from stackyard.providers.aws.connections import Aws, Connection
from stackyard.providers.aws.faults import translated
from stackyard.providers.aws.kinds import Change, Created, FoundBy, Kind, Unsure
from stackyard.providers.aws.settings import TagSettings

SETTLING = 30.0
_IMPORT_REGION = re.compile(r"(.+)@([a-z]{2}(?:-[a-z]+)+-\d)")


@dataclasses.dataclass(frozen=True, slots=True)
class Scope:
    """One configured provider: its connection, region and tag settings."""

    connection: Connection
    region: str
    tags: TagSettings

    def aws(self, kind: Kind, known: Properties, timeout: float = 0) -> Aws:
        """AWS in the region of one resource."""
        region = known.get("region")
        chosen = region if isinstance(region, str) and region else self.region
        return Aws(self.connection, chosen, timeout or kind.timeout, self.tags.defaults)


def check(scope: Scope, kind: Kind, request: base.CheckRequest) -> base.Checked:
    """Types, defaults, the name, region and tagsAll."""
    given = {k: v for k, v in request.inputs.items() if k not in ("tagsAll", "__defaults")}
    given = {k: v for k, v in given.items() if k not in kind.former or not comparing.is_empty(v)}
    given.update({key: documents.text(given[key]) for key in kind.documents if key in given})
    checked, failures = schemas.check(kind.schema, given)
    failures += _unsupported(kind, checked) + _unreadable(kind, checked)
    defaulted = _fill(scope, kind, request, checked, failures)
    failures += kind.check(checked)
    if "tagsAll" in kind.schema.outputs and "tags" in kind.schema.inputs:
        checked["tagsAll"] = tagging.merge(checked.get("tags"), scope.tags)
    if "region" in kind.schema.inputs:
        checked.setdefault("region", scope.region)
    checked["__defaults"] = sorted(defaulted)
    return base.Checked(checked, tuple(failures))


def _unsupported(kind: Kind, checked: Properties) -> list[CheckFailure]:
    reason = "is not carried out by this provider yet"
    return [CheckFailure(k, reason) for k in kind.unsupported if not comparing.is_empty(checked.get(k))]


def _unreadable(kind: Kind, checked: Properties) -> list[CheckFailure]:
    """Texts that should be JSON; an OpenAPI `body` may be YAML."""
    texts = ((key, checked.get(key)) for key in kind.documents if key != "body")
    wrong = [key for key, text in texts if isinstance(text, str) and text and documents.parse(text) is None]
    return [CheckFailure(key, "is not valid JSON") for key in wrong]


def _fill(
    scope: Scope, kind: Kind, request: base.CheckRequest, checked: Properties, failures: list[CheckFailure]
) -> list[str]:
    defaulted = [key for key in kind.defaults if key not in checked]
    checked.update({key: kind.defaults[key] for key in defaulted})
    more = kind.fill(scope.aws(kind, checked), checked)
    missing = [key for key in more if key not in checked]
    checked.update({key: more[key] for key in missing})
    naming = kind.naming
    if not naming or naming.property not in kind.schema.inputs or naming.property in checked:
        return defaulted + missing
    old = request.old or {}
    kept = naming.property in (old.get("__defaults") or ()) and old.get(naming.prefix) == checked.get(naming.prefix)
    try:
        made = old[naming.property] if kept else naming.make(request.name, checked, request.seed)
    except ValueError as error:
        failures.append(CheckFailure(naming.property, str(error)))
        return defaulted + missing
    checked[naming.property] = UNKNOWN if made is None else made
    failures[:] = [f for f in failures if (f.property, f.reason) != (naming.property, "is required")]
    return [*defaulted, *missing, naming.property]


def diff(kind: Kind, request: base.DiffRequest) -> base.Difference:
    """Compare recorded with new inputs, by meaning."""
    old, new = values.reveal(request.old.inputs), request.inputs
    aligned = comparing.align(kind, old, new, values.reveal(request.old.outputs))
    ignored = [*request.ignore_changes, *(["tagsAll"] if "tags" in request.ignore_changes else ())]
    forces = [*kind.replaces, "region", *kind.forces(aligned, new)]
    changes = diffing.compare(aligned, new, ignore=ignored, forces=forces)
    replaces = tuple(change.path for change in changes if change.forces)
    return base.Difference(changes, replaces, bool(replaces) and _clashes(kind, aligned, new))


def _clashes(kind: Kind, old: Properties, new: Properties) -> bool:
    name = kind.naming.property if kind.naming else ""
    same_name = name in new and name not in new.get("__defaults", ()) and values.equal(old.get(name), new[name])
    return kind.delete_first or same_name


def preview_create(scope: Scope, kind: Kind, inputs: Properties) -> base.Made:
    """What is known of the outputs before anything is made."""
    known = comparing.unfilled(kind, {key: value for key, value in inputs.items() if not key.startswith("__")})
    with translated(kind, "preview", inputs):
        predicted = _predicted(scope, kind, inputs)
    outputs = {key: predicted.get(key, known.get(key, UNKNOWN)) for key in kind.schema.outputs}
    return base.Made(UNKNOWN, outputs)


class _Undecided(Exception):
    """A prediction asked for an input that is not known yet."""


class _Known(dict[str, Any]):
    """Inputs that refuse to hand out what is unknown."""

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if values.has_unknown(value):
            raise _Undecided(key)
        return value

    def get(self, key: str, default: Any = None) -> Any:
        try:
            return self[key]
        except KeyError:
            return default


def _predicted(scope: Scope, kind: Kind, inputs: Properties) -> Properties:
    if inputs.get("region") is UNKNOWN:
        return {}
    try:
        return kind.predict(scope.aws(kind, inputs), _Known(inputs))
    except _Undecided:
        return {}


def create(scope: Scope, kind: Kind, request: base.CreateRequest) -> base.Made:
    """Make it, complete it, and read it back. A failure after it exists is an init error."""
    inputs = _tokened(kind, request)
    aws = scope.aws(kind, inputs, request.timeout)
    with translated(kind, "create", inputs):
        answer = kind.create(aws, inputs, request.token)
    created = Created(answer) if isinstance(answer, str) else answer
    id_, known = created.id, {**inputs, **created.outputs}
    try:
        with translated(kind, "complete", known):
            _tag_created(kind, aws, id_, known)
            kind.complete(aws, id_, known)
            seen = aws.wait(f"{kind.token} {id_}", lambda: _look(kind, aws, id_, known), SETTLING)
    except ProviderError as error:
        outputs = {key: known[key] for key in kind.schema.outputs if key in known}
        return base.Made(id_, _marked(kind, outputs), init_errors=(error.message,))
    return base.Made(id_, _outputs(scope, kind, aws, id_, request.inputs, {**created.outputs, **seen}))


def _tokened(kind: Kind, request: base.CreateRequest) -> Properties:
    if kind.found_by is not FoundBy.TAG or not request.token:
        return request.inputs
    return {**request.inputs, "tagsAll": {**request.inputs.get("tagsAll", {}), tagging.TOKEN_TAG: request.token}}


def _tag_created(kind: Kind, aws: Aws, id_: str, inputs: Properties) -> None:
    tags = kind.tagging
    if tags and not tags.created:
        tagging.add(aws.client(tags.service), tags, _tagged(kind, aws, id_, inputs), inputs.get("tagsAll") or {})


def _tagged(kind: Kind, aws: Aws, id_: str, known: Properties) -> str:
    by = kind.tagging.by if kind.tagging else "id"
    if by == "id":
        return id_
    if not known.get(by):
        known = _look(kind, aws, id_, known) or {}
    return str(known[by])


def _look(kind: Kind, aws: Aws, id_: str, known: Properties) -> Properties | None:
    """What the type's code reads, tags included; None when it does not exist."""
    try:
        found = kind.read(aws, id_, known)
        if found is not None and kind.tagging and kind.tagging.read and "tags" not in found:
            by = id_ if kind.tagging.by == "id" else found[kind.tagging.by]
            found["tags"] = tagging.read(aws.client(kind.tagging.service), kind.tagging, by)
    except ClientError as error:
        if kind.is_gone(error):
            return None
        raise
    return found


def _outputs(scope: Scope, kind: Kind, aws: Aws, id_: str, known: Properties, seen: Properties) -> Properties:
    """All outputs: what was seen, over what was known, in the program's spelling."""
    merged = {**known, **seen}
    if "tags" in kind.schema.outputs and "tags" in seen and not isinstance(seen["tags"], list):
        visible = tagging.visible(seen["tags"] or {}, scope.tags)
        merged["tagsAll"] = visible
        merged["tags"] = tagging.own(visible, known.get("tags") or {}, scope.tags)
    if "region" in kind.schema.outputs:
        merged["region"] = seen.get("region") or aws.region
    merged.setdefault("id", id_)
    outputs = {}
    for key in kind.schema.outputs:
        if key in merged:
            value = merged[key]
            outputs[key] = comparing.settle(kind, key, known.get(key), value)
    return {**_marked(kind, outputs), "id": id_}


def read(scope: Scope, kind: Kind, request: base.ReadRequest) -> base.Made | None:
    """Look at it. Refreshed inputs are the recorded ones, changed where the cloud differs."""
    known, id_ = {**request.inputs, **request.outputs}, request.id
    match = _IMPORT_REGION.fullmatch(id_)
    if match and not known:
        id_, known = match[1], {"region": match[2]}
    aws = scope.aws(kind, known)
    with translated(kind, "read", known):
        seen = _look(kind, aws, id_, known)
    if seen is None:
        return None
    id_ = seen.get("id", id_)
    outputs = _outputs(scope, kind, aws, id_, known, seen)
    inputs = _refreshed(kind, request.inputs, outputs) if request.inputs else _adopted(kind, outputs)
    return base.Made(id_, outputs, _marked(kind, inputs))


def _refreshed(kind: Kind, inputs: Properties, outputs: Properties) -> Properties:
    """Recorded inputs brought up to what was seen."""
    found = dict(inputs)
    for key, value in inputs.items():
        if key in outputs and key not in kind.write_only and not key.startswith("__"):
            seen = comparing.project(kind, (key,), value, values.reveal(outputs[key]))
            found[key] = comparing.settle(kind, key, value, seen)
    if "tagsAll" in inputs and not comparing.is_empty(outputs.get("tags")) and "tags" not in inputs:
        found["tags"] = outputs["tags"]
    return found


def _adopted(kind: Kind, outputs: Properties) -> Properties:
    """Inputs of a resource that was not ours: every input that has a value."""
    found = {
        k: outputs.get(k) for k in kind.schema.inputs if k in kind.defaults or not comparing.is_zero(outputs.get(k))
    }
    found = {k: v for k, v in found.items() if v is not None}
    if "tagsAll" in outputs and "tags" in kind.schema.inputs:
        found["tagsAll"] = outputs["tagsAll"]
    return {**found, "__defaults": []}


def preview_update(kind: Kind, request: base.UpdateRequest) -> base.Made:
    """Recorded outputs with the new inputs over them; what an update may change is unknown."""
    old, new = values.reveal(request.old.inputs), request.inputs
    outputs = dict(values.reveal(request.old.outputs))
    changed = _changed(comparing.align(kind, old, new, outputs), new)
    unknown = {*kind.volatile} if changed - {"tags", "tagsAll"} else set()
    unknown.update(*(kind.affects[key] for key in changed & kind.affects.keys()))
    for key in kind.schema.outputs:
        if key in new:
            outputs[key] = new[key]
        elif key in unknown:
            outputs[key] = UNKNOWN
        elif key in kind.schema.inputs and key in old and key not in kind.computed:
            outputs.pop(key, None)
    return base.Made(request.old.id, outputs)


def _changed(aligned: Properties, inputs: Properties) -> set[str]:
    """The top-level properties that differ."""
    return {change.path.split(".")[0].split("[")[0] for change in diffing.compare(aligned, inputs)}


def update(scope: Scope, kind: Kind, request: base.UpdateRequest) -> base.Made:
    """Change it in place and read it back."""
    old, outputs = values.reveal(request.old.inputs), values.reveal(request.old.outputs)
    aws, id_ = scope.aws(kind, {**request.inputs}, request.timeout), request.old.id
    aligned = comparing.align(kind, old, request.inputs, outputs)
    keys = _changed(aligned, request.inputs)
    with translated(kind, "update", request.inputs):
        if kind.tagging and "tagsAll" in keys:
            was, now = aligned.get("tagsAll") or {}, request.inputs.get("tagsAll") or {}
            by = _tagged(kind, aws, id_, outputs)
            tagging.sync(aws.client(kind.tagging.service), kind.tagging, by, was, now)
            keys -= {"tags", "tagsAll"}
        if keys:
            kind.update(aws, id_, Change(aligned, request.inputs, frozenset(keys), outputs))
        seen = _look(kind, aws, id_, {**outputs, **request.inputs})
    if seen is None:
        raise ProviderError(f"{kind.token}: {id_} does not exist any more", hint="refresh the stack")
    return base.Made(id_, _outputs(scope, kind, aws, id_, request.inputs, _kept(kind, outputs, seen)))


def _kept(kind: Kind, outputs: Properties, seen: Properties) -> Properties:
    """What was seen, and recorded outputs that are no inputs and that `read` does not tell again."""
    return {**{k: v for k, v in outputs.items() if k not in kind.schema.inputs and k != "tagsAll"}, **seen}


def delete(scope: Scope, kind: Kind, request: base.DeleteRequest) -> None:
    """Remove it; wait until it is gone where the type says so."""
    resource = request.resource
    known = values.reveal({**resource.inputs, **resource.outputs})
    aws = scope.aws(kind, known, request.timeout)
    with translated(kind, "delete", known):
        try:
            kind.delete(aws, resource.id, known)
        except ClientError as error:
            if not kind.is_gone(error):
                raise
        if kind.waits_gone:
            aws.wait(f"deletion of {resource.id}", lambda: _look(kind, aws, resource.id, known) is None)


def find(scope: Scope, kind: Kind, request: base.CreateRequest) -> base.Found:
    """Was this creation carried out? A foreign thing of the same explicit name and other settings is UNSURE."""
    aws = scope.aws(kind, request.inputs)
    try:
        with translated(kind, "find", request.inputs):
            id_ = _located(kind, aws, request)
            seen = _look(kind, aws, id_, request.inputs) if id_ is not None else None
    except Unsure as error:
        return base.Found(base.Presence.UNSURE, reason=f"{kind.token}: {error}")
    if id_ is None or seen is None:
        return base.Found(base.Presence.ABSENT)
    outputs = _outputs(scope, kind, aws, id_, request.inputs, seen)
    inputs = _refreshed(kind, request.inputs, outputs)
    named = kind.naming.property if kind.naming else ""
    if kind.found_by is FoundBy.NAME and named not in request.inputs.get("__defaults", ()):
        others = [key for key, value in inputs.items() if not values.equal(value, request.inputs.get(key))]
        if others and kind.overwrites:
            return base.Found(base.Presence.ABSENT)
        if others:
            reason = f"{kind.token} {id_} exists, but differs in {', '.join(sorted(others))}"
            return base.Found(base.Presence.UNSURE, reason=f"{reason}: is it ours? Import it or remove it")
    return base.Found(base.Presence.FOUND, base.Made(id_, outputs, _marked(kind, inputs)))


def _located(kind: Kind, aws: Aws, request: base.CreateRequest) -> str | None:
    try:
        return kind.locate(aws, request.inputs, request.token)
    except ClientError as error:
        if kind.is_gone(error):
            return None
        raise


def _marked(kind: Kind, properties: Properties) -> Properties:
    """`properties` with the secret ones marked."""
    secret = {*kind.schema.secrets, *kind.write_only}
    return {k: Secret(v) if k in secret and not isinstance(v, Secret) else v for k, v in properties.items()}
