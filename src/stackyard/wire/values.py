"""Property values between `google.protobuf.Struct` and `model.values`.

The signatures are those of pulumi/pulumi sdk/go/common/resource/sig.go; the rules of each follow
sdk/go/common/resource/plugin/rpc.go.
"""

from __future__ import annotations

import operator
import struct
from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import struct_pb2

from stackyard import errors
from stackyard.model import values
from stackyard.model.values import Properties, Value

_EXACT: Final = 2**53
_BYTES_SIGNATURE: Final = "803fd3297a5875dc03ca845dda5d2a98"


def decode(message: Any, dependencies: set[str] | None = None) -> Value:
    """The value of a `google.protobuf.Value`.

    Output values are unwrapped; the URNs they depend on are added to `dependencies` when that is given.
    Raises `errors.Unsupported` for a signature that nobody here knows.
    """
    kind = message.WhichOneof("kind")
    if kind == "string_value":
        text = message.string_value
        return values.UNKNOWN if text in values.UNKNOWN_SENTINELS else text
    if kind == "struct_value":
        fields = message.struct_value.fields
        if values.SIGNATURE_KEY in fields:
            return _decode_signed(fields, dependencies)
        return {key: decode(item, dependencies) for key, item in _sorted(fields)}
    if kind == "list_value":
        return [decode(item, dependencies) for item in message.list_value.values]
    if kind == "number_value":
        return number(message.number_value)
    return message.bool_value if kind == "bool_value" else None


def decode_struct(message: Any, dependencies: dict[str, set[str]] | None = None) -> Properties:
    """The properties of a `google.protobuf.Struct`; `dependencies` collects those of output values by property."""
    if dependencies is None:
        return {key: decode(item) for key, item in _sorted(message.fields)}
    found: Properties = {}
    for key, item in _sorted(message.fields):
        urns: set[str] = set()
        found[key] = decode(item, urns)
        if urns:
            dependencies.setdefault(key, set()).update(urns)
    return found


def _sorted(fields: Any) -> list[tuple[str, Any]]:
    """The wire has no order of its own, and what is shown should not change from run to run."""
    return sorted(fields.items(), key=operator.itemgetter(0))


def number(value: float) -> int | float:
    """A number of the wire, which has only doubles: an int where it is a whole one that a double holds exactly."""
    if value.is_integer() and abs(value) <= _EXACT and not (value == 0 and str(value) == "-0.0"):
        return int(value)
    return value


def _decode_signed(fields: Any, dependencies: set[str] | None) -> Value:
    signature = fields[values.SIGNATURE_KEY].string_value
    if signature == values.SECRET_SIGNATURE:
        inner = decode(fields["value"], dependencies)
        return inner if isinstance(inner, values.Secret) else values.Secret(inner)
    if signature == values.OUTPUT_SIGNATURE:
        return _decode_output(fields, dependencies)
    plain = {key: decode(item, dependencies) for key, item in fields.items() if key != values.SIGNATURE_KEY}
    if signature == values.ASSET_SIGNATURE:
        return values.Asset(plain.get("path"), plain.get("text"), plain.get("uri"), plain.get("hash") or "")
    if signature == values.ARCHIVE_SIGNATURE:
        return values.Archive(plain.get("path"), plain.get("uri"), plain.get("assets"), plain.get("hash") or "")
    if signature == values.REFERENCE_SIGNATURE:
        id_ = plain.get("id")
        return values.ResourceReference(
            plain["urn"], values.UNKNOWN if id_ == "" else id_, plain.get("packageVersion") or ""
        )
    if signature == values.FLOAT_SIGNATURE:
        return struct.unpack(">d", bytes.fromhex(plain["value"]))[0]
    what = "a string that is not UTF-8" if signature == _BYTES_SIGNATURE else f"a value with the signature {signature}"
    raise errors.Unsupported(f"the program sent {what}, which is not supported")


def _decode_output(fields: Any, dependencies: set[str] | None) -> Value:
    """`{value?, secret?, dependencies?}`: no value means that it is not known."""
    inner = decode(fields["value"], dependencies) if "value" in fields else values.UNKNOWN
    if dependencies is not None and "dependencies" in fields:
        dependencies.update(item.string_value for item in fields["dependencies"].list_value.values)
    secret = "secret" in fields and fields["secret"].bool_value
    return values.Secret(inner) if secret and not isinstance(inner, values.Secret) else inner


def encode(value: Value, into: Any = None) -> Any:
    """A `google.protobuf.Value` (or `into`, one that is already there). Raises TypeError for what is no value."""
    message = struct_pb2.Value() if into is None else into
    if isinstance(value, str):
        message.string_value = value
    elif value is None:
        message.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        message.bool_value = value
    elif isinstance(value, (int, float)):
        message.number_value = value
    elif isinstance(value, Mapping):
        _encode_fields(value, message.struct_value)
    elif isinstance(value, (list, tuple)):
        message.list_value.SetInParent()
        for item in value:
            encode(item, message.list_value.values.add())
    elif value is values.UNKNOWN:
        message.string_value = values.UNKNOWN_STRING
    else:
        _encode_fields(_signed(value), message.struct_value)
    return message


def encode_struct(properties: Mapping[str, Value], into: Any = None) -> Any:
    """A `google.protobuf.Struct` (or `into`, one that is already there)."""
    message = struct_pb2.Struct() if into is None else into
    return _encode_fields(properties, message)


def _encode_fields(properties: Mapping[str, Value], message: Any) -> Any:
    message.SetInParent()
    for key, item in properties.items():
        encode(item, message.fields[key])
    return message


def _signed(value: Value) -> Properties:
    if isinstance(value, values.Secret):
        return {values.SIGNATURE_KEY: values.SECRET_SIGNATURE, "value": value.value}
    if isinstance(value, values.Asset):
        return _with(values.ASSET_SIGNATURE, path=value.path, text=value.text, uri=value.uri, hash=value.hash or None)
    if isinstance(value, values.Archive):
        return _with(
            values.ARCHIVE_SIGNATURE, path=value.path, uri=value.uri, assets=value.assets, hash=value.hash or None
        )
    if isinstance(value, values.ResourceReference):
        # The SDK reads an empty id as "not known yet", and no id as "a component".
        id_ = "" if value.id is values.UNKNOWN else value.id
        return _with(values.REFERENCE_SIGNATURE, urn=value.urn, id=id_, packageVersion=value.package_version or None)
    raise TypeError(f"{type(value).__name__} is not a property value")


def _with(signature: str, **fields: Value) -> Properties:
    kept = {key: item for key, item in fields.items() if item is not None}
    return {values.SIGNATURE_KEY: signature, **kept}
