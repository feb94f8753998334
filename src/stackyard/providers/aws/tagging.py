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
_TAG_MEMBERS: Final = (
    "tags",
    "tagset",
    "taglist",
    "tagkeys",
    "tagkeylist",
    "addtags",
    "removetagkeys",
    "tagslist",
    "tagstoadd",
    "tagstoremove",
    "resourcetags",
    "resourcetagkeys",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Tagging:
    """The calls of one type: `by` is the output that they identify it by (`id`, `arn`, …).

    `read` empty: the type's own `read` answers `tags`. `created` false: its `create` takes no tags, so they
    are added after it. `given` are members that these calls need besides; `member` names the identifying
    member where it is not the first required one.
    """

    service: str
    by: str = "arn"
    add: str = "tag_resource"
    remove: str = "untag_resource"
    read: str = "list_tags_for_resource"
    created: bool = True
    given: tuple[tuple[str, str], ...] = ()
    member: str = ""


def merge(given: Value, settings: TagSettings) -> Value:
    """`tagsAll`: the default tags and over them the resource's own, without ignored ones."""
    if given is UNKNOWN:
        return UNKNOWN
    return visible({**settings.defaults, **(given if isinstance(given, dict) else {})}, settings)


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
    if isinstance(tags, Mapping) and isinstance(tags.get("Items"), list):
        tags = tags["Items"]
    if isinstance(tags, Mapping):
        return {str(k): str(v) for k, v in tags.items()}
    found = {}
    for entry in tags or ():
        key = next((v for k, v in entry.items() if k.lower() in ("key", "tagkey", "name")), None)
        if key is None:
            found.update(entry)
        else:
            found[key] = next((v for k, v in entry.items() if k.lower() in ("value", "tagvalue")), "")
    return found


def _call(
    client: Any, tagging: Tagging, operation: str, id_: str, *, keys: bool = False
) -> tuple[Any, str, dict[str, Any]]:
    """A call: the shape of its tags (or, with `keys`, of the keys to remove), that member, and what identifies."""
    members = _members(client, operation)
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation]).input_shape
    found = [name for name in members if name.lower() in _TAG_MEMBERS]
    tags = next((name for name in found if keys and "key" in name.lower()), next(iter(found), ""))
    stated = dict(tagging.given)
    free = [name for name in (shape.required_members or members) if name != tags and name not in stated]
    by = tagging.member if tagging.member in members else free[0]
    return members.get(tags), tags, {by: [id_] if members[by].type_name == "list" else id_, **stated}


def _members(client: Any, operation: str) -> Mapping[str, Any]:
    name = client.meta.method_to_api_mapping[operation]
    members: Mapping[str, Any] = client.meta.service_model.operation_model(name).input_shape.members
    return members


def encode(tags: Mapping[str, str], shape: Any) -> Any:
    """`tags` in the form that a member of a call takes."""
    if shape.type_name == "map":
        return dict(tags)
    if shape.type_name == "structure":
        return {"Items": pairs(tags)}
    key, value = sorted(shape.member.members, key=lambda name: "value" in name.lower())[:2]
    return pairs(tags, key, value)


def add(client: Any, tagging: Tagging, id_: str, tags: Mapping[str, str]) -> None:
    """Put `tags` on it."""
    if tags:
        shape, name, arguments = _call(client, tagging, tagging.add, id_)
        getattr(client, tagging.add)(**arguments, **{name: encode(tags, shape)})


def remove(client: Any, tagging: Tagging, id_: str, keys: list[str]) -> None:
    """Take the tags of these keys off it."""
    if not keys:
        return
    shape, name, arguments = _call(client, tagging, tagging.remove, id_, keys=True)
    listed: Any = keys
    if shape.type_name == "structure":
        listed = {"Items": keys}
    elif shape.member.type_name == "structure":
        listed = [{next(m for m in shape.member.members if "key" in m.lower()): key} for key in keys]
    getattr(client, tagging.remove)(**arguments, **{name: listed})


def read(client: Any, tagging: Tagging, id_: str) -> dict[str, str]:
    """All tags on it."""
    _, _, arguments = _call(client, tagging, tagging.read, id_)
    answer = getattr(client, tagging.read)(**arguments)
    found = next((v for k, v in answer.items() if k.lower() in _TAG_MEMBERS), None)
    if found is None and answer.get("TagDescriptions"):
        found = answer["TagDescriptions"][0]["Tags"]
    if found is None and answer.get("ResourceTagSet"):
        found = answer["ResourceTagSet"]["Tags"]
    return mapping(found)


def sync(client: Any, tagging: Tagging, id_: str, old: Properties, new: Properties) -> None:
    """Bring the tags on it from `old` to `new`."""
    remove(client, tagging, id_, sorted(old.keys() - new.keys()))
    add(client, tagging, id_, {key: value for key, value in new.items() if old.get(key) != value})
