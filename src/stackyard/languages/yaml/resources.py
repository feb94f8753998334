"""From a declared resource to its registration, and what it is to the rest of the program."""

from __future__ import annotations

import dataclasses
import difflib
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
    name: str
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

    def lacks(self, name: str) -> str:
        """What to say of an output that the type does not have; empty when it has it, or nobody can tell."""
        known = self.registered.properties
        if known is None or name in ("id", "urn") or name in known or name in self.registered.outputs:
            return ""
        near = difflib.get_close_matches(name, known, n=1)
        return f"{self.type} has no output {name!r}" + (f": is it {near[0]}?" if near else "")

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


def without_nulls(value: Value) -> Value:
    """A value without the fields of mappings that are null: Pulumi's SDK for Go does not send them."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return Secret(without_nulls(value.value)) if isinstance(value, Secret) else value


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
        inputs=without_nulls(inputs),
        property_dependencies=by_property,
        supports_partial_values=True,
        source_position=declared.position,
        **{**options, "dependencies": tuple(sorted({*options["dependencies"], *needs}))},
    )
    return Made(await evaluation.register(goal), declared.name, declared.type, evaluation.dry_run)


async def _inputs(
    declared: Declared, evaluation: Evaluation, by_property: dict[str, tuple[str, ...]], needs: Needs
) -> Properties:
    said = declared.properties
    if said is None:
        return {}
    fields = getattr(said, "fields", None)
    if fields is None:
        whole = await evaluation.plain(said, needs)
        whole = values.reveal(whole) if isinstance(whole, Secret) else whole
        if not isinstance(whole, dict):
            raise evaluation.fault(f"the properties of {declared.symbol!r} must be a mapping", declared.position)
        by_property.update(dict.fromkeys(whole, tuple(sorted(needs))))
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
    return Made(await evaluation.read(request), declared.name, declared.type, evaluation.dry_run, name)


async def _read(declared: Declared, evaluation: Evaluation, needs: Needs, options: Mapping[str, Any]) -> Made:
    said = declared.get or {}
    id_ = values.reveal(await evaluation.plain(said["id"], set()))
    if not isinstance(id_, str) and id_ is not UNKNOWN:
        raise evaluation.fault(f"the id of {declared.symbol!r} must be text", declared.position)
    state = await evaluation.plain(said["state"], needs) if "state" in said else {}
    request = ReadRequest(
        type=declared.type,
        name=declared.name,
        id=id_,
        inputs=without_nulls(state or {}),
        parent=options["parent"],
        dependencies=tuple(sorted({*options["dependencies"], *needs})),
        provider=options["provider"],
        version=options["version"],
        plugin_download_url=options["plugin_download_url"],
        source_position=declared.position,
    )
    return Made(await evaluation.read(request), declared.name, declared.type, evaluation.dry_run)


async def _options(declared: Declared, evaluation: Evaluation, stack: str) -> dict[str, Any]:
    """The fields of a goal that come from `options`."""
    needs: Needs = set()
    said = {name: await evaluation.value(each, needs) for name, each in declared.options.items()}
    plain = {name: _revealed(value) for name, value in said.items()}
    chosen = _Chosen(declared, evaluation, said)
    return {
        "parent": chosen.resource("parent") or stack,
        "protect": chosen.truth("protect"),
        "provider": await _provider(declared, evaluation, said),
        "providers": _providers(said.get("providers")),
        "dependencies": chosen.resources("dependsOn"),
        "delete_before_replace": chosen.truth("deleteBeforeReplace"),
        "ignore_changes": chosen.texts("ignoreChanges"),
        "version": str(plain.get("version") or ""),
        "plugin_download_url": str(plain.get("pluginDownloadURL") or ""),
        "additional_secret_outputs": chosen.texts("additionalSecretOutputs"),
        "import_id": str(plain.get("import") or ""),
        "custom_timeouts": _timeouts(plain.get("customTimeouts"), declared, evaluation),
        "aliases": tuple(_alias(each) for each in plain.get("aliases") or ()),
        "replace_on_changes": chosen.texts("replaceOnChanges"),
        "replacement_trigger": said.get("replacementTrigger"),
        "retain_on_delete": chosen.truth("retainOnDelete"),
        "deleted_with": chosen.resource("deletedWith"),
        "replace_with": chosen.resources("replaceWith"),
        "hide_diffs": chosen.texts("hideDiffs"),
    }


@dataclasses.dataclass(frozen=True, slots=True)
class _Chosen:
    """The options of one resource; each asks for what it must be, and raises a fault when it is not."""

    declared: Declared
    evaluation: Evaluation
    said: Mapping[str, Any]

    def resource(self, name: str) -> str:
        """The URN of a resource, empty for none."""
        found = referred(self.said.get(name))
        if found is not None and not isinstance(found, ResourceReference):
            raise self._fault(name, "a resource")
        return found.urn if found is not None else ""

    def resources(self, name: str) -> tuple[str, ...]:
        """The URNs of a list of resources, sorted."""
        found = self.said.get(name)
        listed = [referred(each) for each in found] if isinstance(found, list) else [found] if found is not None else []
        if isinstance(found, Made) or not all(isinstance(each, ResourceReference) for each in listed):
            raise self._fault(name, "a list of resources")
        return tuple(sorted(each.urn for each in listed))

    def truth(self, name: str) -> bool | None:
        """A boolean, None where it is not given."""
        found = self.said.get(name)
        if found is not None and not isinstance(found, bool):
            raise self._fault(name, "true or false, known before anything is made")
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        found = _revealed(self.said.get(name)) or []
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise self._fault(name, "a list of texts")
        return tuple(found)

    def _fault(self, name: str, wanted: str) -> Exception:
        option = self.declared.options[name]
        return self.evaluation.fault(f"the option {name} of {self.declared.symbol!r} must be {wanted}", option.position)


async def _provider(declared: Declared, evaluation: Evaluation, said: Mapping[str, Any]) -> str:
    given = said.get("provider")
    if given is not None:
        if not isinstance(given, Made) or not urns.is_provider(given.type):
            position = declared.options["provider"].position
            raise evaluation.fault(f"the option provider of {declared.symbol!r} must be a provider", position)
        return given.reference
    default = "" if urns.is_provider(declared.type) else evaluation.default_provider(urns.package_of(declared.type))
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
