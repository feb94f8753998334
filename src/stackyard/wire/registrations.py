"""What programs ask and are answered, between Pulumi's messages as bytes and `model.registrations`.

Field by field after pulumi/pulumi proto/pulumi/resource.proto; how an absent field is read follows
pkg/resource/deploy/source_eval.go.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any, Final

from google.protobuf import struct_pb2

from stackyard import errors
from stackyard.model import values
from stackyard.model.diagnostics import Severity
from stackyard.model.registrations import Alias, Goal, Invocation, Invoked, LogEntry, ReadRequest, Registered, Result
from stackyard.model.resources import CustomTimeouts
from stackyard.model.values import Properties, Value
from stackyard.wire import protos
from stackyard.wire import values as wire_values

_SEVERITIES: Final = (Severity.DEBUG, Severity.INFO, Severity.WARNING, Severity.ERROR)
_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_TERM: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns)")
# The SDK's descriptors know no result for "skipped"; to a program it is the same: every output is unknown.
_RESULTS: Final = {Result.SUCCESS: 0, Result.FAILED: 1, Result.SKIPPED: 1}
_CALLBACKS: Final = ("transforms", "hooks", "state_migrations")
_INSTALLED: Final = re.compile(r"/node_modules/|/pkg/mod/")


def goal(data: bytes) -> Goal:
    """RegisterResourceRequest. Raises `errors.Unsupported` for callbacks, which are not advertised."""
    request = protos.resource.RegisterResourceRequest.FromString(data)
    _refuse_callbacks(request)
    found: dict[str, set[str]] = {}
    inputs = wire_values.decode_struct(request.object, found)
    named = {key: tuple(item.urns) for key, item in request.propertyDependencies.items()}
    return Goal(
        type=request.type,
        name=request.name,
        custom=request.custom,
        inputs=inputs,
        parent=request.parent,
        protect=_optional(request, "protect"),
        provider=request.provider,
        providers=dict(request.providers),
        dependencies=_merged(request.dependencies, set().union(*found.values())),
        property_dependencies=_property_dependencies(named, found),
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        ignore_changes=tuple(request.ignoreChanges),
        version=request.version,
        plugin_download_url=request.pluginDownloadURL,
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        import_id=request.importId,
        custom_timeouts=_timeouts(request.customTimeouts),
        aliases=_aliases(request),
        remote=request.remote,
        replace_on_changes=tuple(request.replaceOnChanges),
        replacement_trigger=_value_field(request, "replacement_trigger"),
        retain_on_delete=_optional(request, "retainOnDelete"),
        deleted_with=request.deletedWith,
        replace_with=tuple(request.replace_with),
        hide_diffs=tuple(request.hideDiffs),
        supports_partial_values=request.supportsPartialValues,
        package_ref=request.packageRef,
        source_position=position(request),
    )


def read_request(data: bytes) -> ReadRequest:
    """ReadResourceRequest. `id` is UNKNOWN when the program does not know it yet."""
    request = protos.resource.ReadResourceRequest.FromString(data)
    return ReadRequest(
        type=request.type,
        name=request.name,
        id=values.UNKNOWN if request.id in values.UNKNOWN_SENTINELS else request.id,
        inputs=wire_values.decode_struct(request.properties),
        parent=request.parent,
        dependencies=_merged(request.dependencies, set()),
        provider=request.provider,
        version=request.version,
        plugin_download_url=request.pluginDownloadURL,
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        source_position=position(request),
    )


def invocation(data: bytes) -> Invocation:
    """ResourceInvokeRequest."""
    request = protos.resource.ResourceInvokeRequest.FromString(data)
    return Invocation(
        token=request.tok,
        arguments=wire_values.decode_struct(request.args),
        provider=request.provider,
        version=request.version,
        plugin_download_url=request.pluginDownloadURL,
        package_ref=request.packageRef,
        source_position=position(request),
    )


def outputs(data: bytes) -> tuple[str, Properties]:
    """RegisterResourceOutputsRequest: the URN and the outputs."""
    request = protos.resource.RegisterResourceOutputsRequest.FromString(data)
    return request.urn, wire_values.decode_struct(request.outputs)


def log_entry(data: bytes) -> LogEntry:
    """LogRequest."""
    request = protos.engine.LogRequest.FromString(data)
    return LogEntry(_SEVERITIES[request.severity], request.message, request.urn, ephemeral=request.ephemeral)


def version_range(data: bytes) -> str:
    """RequirePulumiVersionRequest: the range that the program asks for."""
    return str(protos.engine.RequirePulumiVersionRequest.FromString(data).pulumi_version_range)


def registered(answer: Registered) -> bytes:
    """RegisterResourceResponse. An id that is unknown or absent is empty."""
    response = protos.resource.RegisterResourceResponse(
        urn=answer.urn, id=_id(answer.id), result=_RESULTS[answer.result]
    )
    wire_values.encode_struct(answer.outputs, response.object)
    for key, urns in answer.property_dependencies.items():
        response.propertyDependencies[key].urns.extend(urns)
    return bytes(response.SerializeToString())


def read_answer(answer: Registered) -> bytes:
    """ReadResourceResponse."""
    response = protos.resource.ReadResourceResponse(urn=answer.urn, id=_id(answer.id), result=_RESULTS[answer.result])
    wire_values.encode_struct(answer.outputs, response.properties)
    return bytes(response.SerializeToString())


def invoked(answer: Invoked) -> bytes:
    """ResourceInvokeResponse."""
    response = protos.resource.ResourceInvokeResponse(unknown=answer.unknown)
    wire_values.encode_struct(answer.outputs, getattr(response, "return"))
    for failure in answer.failures:
        response.failures.add(property=failure.property, reason=failure.reason)
    return bytes(response.SerializeToString())


def value(answer: Value) -> bytes:
    """One value, in a Struct under the key `value`."""
    return bytes(wire_values.encode_struct({"value": answer}).SerializeToString())


def struct(data: bytes) -> Properties:
    """A bare Struct."""
    return wire_values.decode_struct(struct_pb2.Struct.FromString(data))


def position(request: Any) -> errors.Position | None:
    """Where in the user's files a request comes from; only `file:` URIs have a place.

    Installed packages are nobody's own: there the innermost frame outside of them is the place, if any.
    """
    frames = [frame.pc for frame in request.stackTrace.frames] if "stackTrace" in _fields(request) else []
    for source in (request.sourcePosition, *frames):
        scheme, found, path = source.uri.partition("file://")
        if found and not scheme and not _INSTALLED.search(path):
            return errors.Position(urllib.parse.unquote(path), source.line, source.column)
    return None


def _fields(request: Any) -> Mapping[str, Any]:
    return request.DESCRIPTOR.fields_by_name  # type: ignore[no-any-return]


def seconds(duration: str) -> float:
    """A Go duration such as `1h30m` in seconds; empty is 0. Raises `errors.UsageError` when it is not one."""
    terms = _TERM.findall(duration)
    if "".join(number + unit for number, unit in terms) != duration.removeprefix("+") and duration != "0":
        raise errors.UsageError(f"{duration!r} is not a duration", hint="write it like 5m, 30s or 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in terms)


def _refuse_callbacks(request: Any) -> None:
    # The SDK always sends a binding of hooks; one that binds none has no bytes.
    for field in _CALLBACKS:
        if request.hooks.ByteSize() if field == "hooks" else getattr(request, field):
            what = field.replace("_", " ")
            raise errors.Unsupported(f"{request.type} {request.name!r} uses {what}, which are not supported")


def _optional(request: Any, field: str) -> bool | None:
    return getattr(request, field) if request.HasField(field) else None


def _value_field(request: Any, field: str) -> Value:
    return wire_values.decode(getattr(request, field)) if request.HasField(field) else None


def _id(id_: Value) -> str:
    return id_ if isinstance(id_, str) else ""


def _merged(named: Iterable[str], found: set[str]) -> tuple[str, ...]:
    """Sorted, since the SDK sends sets, in an order that differs from run to run."""
    return tuple(sorted({*named, *found}))


def _property_dependencies(
    named: Mapping[str, tuple[str, ...]], found: Mapping[str, set[str]]
) -> Mapping[str, tuple[str, ...]] | None:
    if not found:
        return dict(sorted(named.items())) if named else None
    return {key: _merged(named.get(key, ()), found.get(key, set())) for key in sorted({**named, **found})}


def _timeouts(message: Any) -> CustomTimeouts | None:
    # SDKs other than Python's always send the message; one that says nothing means the same as none.
    given = CustomTimeouts(seconds(message.create), seconds(message.update), seconds(message.delete))
    return given if given != CustomTimeouts() else None


def _aliases(request: Any) -> tuple[Alias, ...]:
    urns = tuple(Alias(urn=urn) for urn in request.aliasURNs)
    return urns + tuple(_alias(alias) for alias in request.aliases)


def _alias(alias: Any) -> Alias:
    if alias.WhichOneof("alias") == "urn":
        return Alias(urn=alias.urn)
    spec = alias.spec
    return Alias(
        name=spec.name,
        type=spec.type,
        stack=spec.stack,
        project=spec.project,
        parent_urn=spec.parentUrn,
        no_parent=spec.noParent,
    )
