"""From a declared resource to its registration, and what it is to the rest of the program."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from stackyard import errors
from stackyard.languages.yaml.programs import Declared
from stackyard.model import urns, values
from stackyard.model.registrations import Alias, Goal, ReadRequest, Registered
from stackyard.model.resources import CustomTimeouts
from stackyard.model.values import UNKNOWN, Properties, ResourceReference, Secret, Value
from stackyard.wire import registrations

if TYPE_CHECKING:
    from stackyard.languages.yaml.evaluation import Evaluation

Needs: TypeAlias = set[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Made:
    """A registered resource. `stack` is the name of the stack that it refers to, for a stack reference."""

    registered: Registered
    type: str
    dry_run: bool
    stack: Value = None

    @property
    def urn(self) -> str:
        return self.registered.urn

    @property
    def is_stack(self) -> bool:
        return self.type == urns.REFERENCE_TYPE

    @property
    def reference(self) -> str:
        """How others name it as their provider."""
        id_ = values.UNKNOWN_STRING if self.registered.id is UNKNOWN else str(self.registered.id)
        return urns.provider_reference(self.urn, id_)

    def output(self, name: str) -> Value:
        """One of its outputs; one that is missing is unknown in a preview, and null after it was made."""
        if name == "urn":
            return self.urn
        if name == "id":
            return self.registered.id
        return self.registered.outputs.get(name, UNKNOWN if self.dry_run else None)


def referred(value: Value | Made) -> Value:
    """A resource as a value that can be sent."""
    return ResourceReference(value.urn, value.registered.id) if isinstance(value, Made) else value


async def make(declared: Declared, evaluation: Evaluation, stack: str) -> Made:
    """Register or read a declared resource. Raises what `evaluation` raises for a fault of the program."""
    options = await _options(declared, evaluation, stack)
    by_property: dict[str, tuple[str, ...]] = {}
    needs: Needs = set()
    inputs = await _inputs(declared, evaluation, by_property, needs)
    if declared.type == urns.REFERENCE_TYPE:
        return await _refer(declared, evaluation, inputs, options)
    if declared.get is not None:
        return await _read(declared, evaluation, needs, options)
    goal = Goal(
        type=declared.type,
        name=declared.name,
        custom=True,
        inputs=inputs,
        property_dependencies=by_property,
        supports_partial_values=True,
        source_position=declared.position,
        **{**options, "dependencies": tuple(sorted({*options["dependencies"], *needs}))},
    )
    return Made(await evaluation.register(goal), declared.type, evaluation.dry_run)


async def _inputs(
    declared: Declared, evaluation: Evaluation, by_property: dict[str, tuple[str, ...]], needs: Needs
) -> Properties:
    said = declared.properties
    if said is None:
        return {}
    fields = getattr(said, "fields", None)
    if fields is None:
        whole = await evaluation.plain(said, needs)
        if not isinstance(whole, dict):
            raise evaluation.fault(f"the properties of {declared.symbol!r} must be a mapping", declared.position)
        return whole
    inputs: Properties = {}
    for key, item in fields.items():
        found: Needs = set()
        inputs[key] = await evaluation.plain(item, found)
        by_property[key] = tuple(sorted(found))
        needs.update(found)
    return inputs


async def _refer(declared: Declared, evaluation: Evaluation, inputs: Properties, options: Mapping[str, Any]) -> Made:
    name = inputs.get("name", declared.name)
    request = ReadRequest(
        type=declared.type,
        name=declared.name,
        id=values.reveal(name),
        inputs={"name": name, "outputs": None, "secretOutputNames": None},
        parent=options["parent"],
        source_position=declared.position,
    )
    return Made(await evaluation.read(request), declared.type, evaluation.dry_run, name)


async def _read(declared: Declared, evaluation: Evaluation, needs: Needs, options: Mapping[str, Any]) -> Made:
    said = declared.get or {}
    id_ = values.reveal(await evaluation.plain(said["id"], needs))
    state = await evaluation.plain(said["state"], needs) if "state" in said else {}
    request = ReadRequest(
        type=declared.type,
        name=declared.name,
        id=id_,
        inputs=state or {},
        parent=options["parent"],
        dependencies=tuple(sorted({*options["dependencies"], *needs})),
        provider=options["provider"],
        version=options["version"],
        plugin_download_url=options["plugin_download_url"],
        source_position=declared.position,
    )
    return Made(await evaluation.read(request), declared.type, evaluation.dry_run)


async def _options(declared: Declared, evaluation: Evaluation, stack: str) -> dict[str, Any]:
    """The fields of a goal that come from `options`."""
    needs: Needs = set()
    said = {name: await evaluation.value(each, needs) for name, each in declared.options.items()}
    plain = {name: _revealed(value) for name, value in said.items()}
    parent, deleted_with = said.get("parent"), said.get("deletedWith")
    named = said.get("dependsOn") or []
    listed = named if isinstance(named, list) else [named]
    return {
        "parent": parent.urn if isinstance(parent, Made) else stack,
        "protect": plain.get("protect"),
        "provider": await _provider(declared, evaluation, said),
        "providers": _providers(said.get("providers")),
        "dependencies": tuple(sorted(_urn(each) for each in listed)),
        "delete_before_replace": plain.get("deleteBeforeReplace"),
        "ignore_changes": tuple(plain.get("ignoreChanges") or ()),
        "version": str(plain.get("version") or ""),
        "plugin_download_url": str(plain.get("pluginDownloadURL") or ""),
        "additional_secret_outputs": tuple(plain.get("additionalSecretOutputs") or ()),
        "import_id": str(plain.get("import") or ""),
        "custom_timeouts": _timeouts(plain.get("customTimeouts"), declared, evaluation),
        "aliases": tuple(_alias(each) for each in plain.get("aliases") or ()),
        "replace_on_changes": tuple(plain.get("replaceOnChanges") or ()),
        "retain_on_delete": plain.get("retainOnDelete"),
        "deleted_with": deleted_with.urn if isinstance(deleted_with, Made) else "",
    }


async def _provider(declared: Declared, evaluation: Evaluation, said: Mapping[str, Any]) -> str:
    given = said.get("provider")
    if isinstance(given, Made):
        return given.reference
    if urns.is_provider(declared.type) or isinstance(said.get("parent"), Made):
        return ""
    default = evaluation.default_provider(urns.package_of(declared.type))
    found = await evaluation.symbol(default, set()) if default else None
    return found.reference if isinstance(found, Made) else ""


def _providers(given: Any) -> dict[str, str]:
    """Providers for the children of a component, by package; however they are listed."""
    listed = list(given.values()) if isinstance(given, dict) else given or []
    each = [referred(one) for one in (listed if isinstance(listed, list) else [listed])]
    return {
        urns.URN(one.urn).type.rpartition(":")[2]: urns.provider_reference(
            one.urn, values.UNKNOWN_STRING if one.id is UNKNOWN else str(one.id)
        )
        for one in each
        if isinstance(one, ResourceReference)
    }


def _urn(value: Any) -> str:
    value = referred(value)
    return value.urn if isinstance(value, ResourceReference) else str(_revealed(value))


def _revealed(value: Any) -> Any:
    return values.reveal(value) if isinstance(value, Secret) else value


def _timeouts(given: Any, declared: Declared, evaluation: Evaluation) -> CustomTimeouts | None:
    if not isinstance(given, dict):
        return None
    try:
        named = {name: registrations.seconds(str(given.get(name) or "")) for name in ("create", "update", "delete")}
    except errors.UsageError as fault:
        raise evaluation.fault(fault.message, declared.position) from None
    return CustomTimeouts(**named)


def _alias(given: Any) -> Alias:
    if isinstance(given, str):
        return Alias(urn=given)
    fields = {key: str(given.get(key) or "") for key in ("name", "type", "stack", "project", "urn")}
    parent = given.get("parentUrn") or given.get("parent")
    urn = parent.urn if isinstance(parent, ResourceReference) else str(parent or "")
    return Alias(**fields, parent_urn=urn, no_parent=bool(given.get("noParent")))
