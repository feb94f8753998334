"""Tags: the provider's default and ignored ones, and the calls of a service, whose shapes botocore's model tells.

Some services take a list of `{Key, Value}`, some of `{key, value}` or `{TagKey, TagValue}`, some a map; the
model of the call says which.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from stackyard.model.values import UNKNOWN, Properties, Value
from stackyard.providers.aws.settings import TagSettings

TOKEN_TAG: Final = "stackyard:token"
_TAG_MEMBERS: Final = ("tags", "tagset", "taglist", "tagsmap", "tagkeys")


@dataclasses.dataclass(frozen=True, slots=True)
class Tagging:
    """The calls of one type: `by` is the output that they identify it by (`id`, `arn`, …).

    `read` empty: the type's own `read` answers `tags`. `created` false: its `create` takes no tags, so they
    are added after it.
    """

    service: str
    by: str = "arn"
    add: str = "tag_resource"
    remove: str = "untag_resource"
    read: str = "list_tags_for_resource"
    created: bool = True


def merge(given: Value, settings: TagSettings) -> Value:
    """`tagsAll`: the default tags and over them the resource's own, without ignored ones."""
    if given is UNKNOWN:
        return UNKNOWN
    return visible({**settings.defaults, **(given or {})}, settings)


def visible(tags: Mapping[str, Value], settings: TagSettings) -> dict[str, Value]:
    """`tags` without those that are ignored, the cloud's own or this engine's."""
    return {
        key: value
        for key, value in sorted(tags.items())
        if key not in settings.ignored
        and not key.startswith(settings.ignored_prefixes or ("aws:",))
        and not key.startswith("aws:")
        and key != TOKEN_TAG
    }


def own(tags: Mapping[str, Value], known: Mapping[str, Value], settings: TagSettings) -> dict[str, Value]:
    """The part of visible `tags` that is the resource's own: not those that come from the default tags alone."""
    return {k: v for k, v in tags.items() if k in known or settings.defaults.get(k) != v}


def pairs(tags: Mapping[str, str] | None, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """`tags` as the list that most services take."""
    return [{key: name, value: text} for name, text in (tags or {}).items()]


def mapping(tags: Any) -> dict[str, str]:
    """The map of tags that a service answered in any of its forms."""
    if isinstance(tags, Mapping):
        return {str(k): str(v) for k, v in tags.items()}
    found = {}
    for entry in tags or ():
        key = next(v for k, v in entry.items() if k.lower() in ("key", "tagkey"))
        found[key] = next((v for k, v in entry.items() if k.lower() in ("value", "tagvalue")), "")
    return found


def _call(client: Any, operation: str) -> tuple[Any, str, str]:
    """A call's model and its members: (shape of tags, name of tags member, name of the identifying member)."""
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
    members = model.input_shape.members
    tags = next((name for name in members if name.lower() in _TAG_MEMBERS), "")
    required = [name for name in (model.input_shape.required_members or members) if name != tags]
    return members.get(tags), tags, required[0]


def encode(tags: Mapping[str, str], shape: Any) -> Any:
    """`tags` in the form that a member of a call takes."""
    if shape.type_name == "map":
        return dict(tags)
    key, value = sorted(shape.member.members, key=lambda name: "key" not in name.lower())[:2]
    return pairs(tags, key, value)


def _identifier(client: Any, operation: str, name: str, id_: str) -> Any:
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
    return [id_] if model.input_shape.members[name].type_name == "list" else id_


def add(client: Any, tagging: Tagging, id_: str, tags: Mapping[str, str]) -> None:
    """Put `tags` on it."""
    if tags:
        shape, name, by = _call(client, tagging.add)
        arguments = {by: _identifier(client, tagging.add, by, id_), name: encode(tags, shape)}
        getattr(client, tagging.add)(**arguments)


def remove(client: Any, tagging: Tagging, id_: str, keys: list[str]) -> None:
    """Take the tags of these keys off it."""
    if not keys:
        return
    shape, name, by = _call(client, tagging.remove)
    listed: Any = keys
    if shape.member.type_name == "structure":
        listed = [{next(m for m in shape.member.members if "key" in m.lower()): key} for key in keys]
    getattr(client, tagging.remove)(**{by: _identifier(client, tagging.remove, by, id_), name: listed})


def read(client: Any, tagging: Tagging, id_: str) -> dict[str, str]:
    """All tags on it."""
    _, _, by = _call(client, tagging.read)
    answer = getattr(client, tagging.read)(**{by: _identifier(client, tagging.read, by, id_)})
    found = next((v for k, v in answer.items() if k.lower() in _TAG_MEMBERS), None)
    if found is None and answer.get("TagDescriptions"):
        found = answer["TagDescriptions"][0]["Tags"]
    return mapping(found)


def sync(client: Any, tagging: Tagging, id_: str, old: Properties, new: Properties) -> None:
    """Bring the tags on it from `old` to `new`."""
    remove(client, tagging, id_, sorted(old.keys() - new.keys()))
    add(client, tagging, id_, {key: value for key, value in new.items() if old.get(key) != value})
