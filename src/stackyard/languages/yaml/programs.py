"""A program as its document says it: configuration, variables, resources, outputs, with every fault of its shape."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

from stackyard.errors import Position
from stackyard.languages.yaml import expressions, functions, tokens
from stackyard.languages.yaml.expressions import Access, Call, Expression, Fields, Items, Literal
from stackyard.languages.yaml.loading import Key, Node
from stackyard.model import urns
from stackyard.model.diagnostics import Diagnostic, error, warning

BUILTIN: Final = "pulumi"
SETTINGS: Final = ("cwd", "organization", "project", "rootDirectory", "stack")
OPTIONS: Final = frozenset(
    {
        "additionalSecretOutputs",
        "aliases",
        "customTimeouts",
        "deleteBeforeReplace",
        "deletedWith",
        "dependsOn",
        "envVarMappings",
        "hideDiffs",
        "ignoreChanges",
        "import",
        "parent",
        "pluginDownloadURL",
        "protect",
        "provider",
        "providers",
        "replaceOnChanges",
        "replaceWith",
        "replacementTrigger",
        "retainOnDelete",
        "version",
    }
)
_RESOURCE: Final = frozenset({"defaultProvider", "get", "name", "options", "properties", "type"})
_GET: Final = frozenset({"id", "state"})
_SETTING: Final = frozenset({"default", "items", "name", "secret", "type", "value"})
_CALLED: Final = frozenset({"arguments", "function", "options", "return"})
_CALL_OPTIONS: Final = frozenset({"dependsOn", "parent", "pluginDownloadURL", "provider", "version"})
_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_SHORTER: Final = {"bool": "boolean", "int": "integer"}
_SECTIONS: Final = ("components", "config", "configuration", "namespace", "outputs", "pulumi", "resources", "variables")


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """One key of the configuration that a program declares.

    `key` is its name in a stack's configuration, `fallback` what its default says.
    """

    name: str
    position: Position
    type: str = "string"
    secret: bool = False
    default: Node | None = None
    fallback: Expression | None = None
    key: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Declared:
    """One resource."""

    symbol: str
    position: Position
    type: str
    name: str
    properties: Expression | None
    options: Mapping[str, Expression]
    get: Mapping[str, Expression] | None
    is_default_provider: bool = False

    def expressions(self) -> Iterator[Expression]:
        """All that it says."""
        yield from self.options.values()
        yield from (self.get or {}).values()
        if self.properties is not None:
            yield self.properties


@dataclasses.dataclass(slots=True)
class Template:
    """A whole program, and its faults."""

    settings: dict[str, Setting] = dataclasses.field(default_factory=dict)
    variables: dict[str, Expression] = dataclasses.field(default_factory=dict)
    resources: dict[str, Declared] = dataclasses.field(default_factory=dict)
    outputs: dict[str, Expression] = dataclasses.field(default_factory=dict)
    required: str = ""
    given: frozenset[str] = frozenset()
    faults: list[Diagnostic] = dataclasses.field(default_factory=list)
    doubts: list[Diagnostic] = dataclasses.field(default_factory=list)

    def complain(self, message: str, position: Position) -> None:
        """Note a fault."""
        self.faults.append(error(message, position=position))

    def warn(self, message: str, position: Position) -> None:
        """Note something that is likely a mistake."""
        self.doubts.append(warning(message, position=position))

    def refer(self, stack: str, position: Position) -> str:
        """The symbol of a reference to a stack, which is declared if it is not yet."""
        symbol = f"fn::stackReference {stack}"
        named = Fields(position, {"name": Literal(position, stack)})
        declared = Declared(symbol, position, urns.REFERENCE_TYPE, stack, named, {}, None)
        return self.resources.setdefault(symbol, declared).symbol


def source(directory: Path, main: str = "") -> Path:
    """The file that a project's program is written in: `Main.json` or `Main.yaml`, or its Pulumi.yaml itself."""
    start = directory / main
    if start.is_file():
        return start
    named = (start / name for name in ("Main.json", "Main.yaml", "Main.yml", "Pulumi.yaml", "Pulumi.yml"))
    return next((path for path in named if path.is_file()), start / "Main.yaml")


def read(root: Node, project: str, given: Collection[str] = ()) -> Template:
    """The program in a document. Faults are collected in it; with any, it must not be run.

    given   names of what the stack's configuration has, declared or not: they can be referred to
    """
    made = Template(given=frozenset(given))
    sections = _sections(root, made)
    for name in ("configuration", "config"):
        for key, node in _fields(sections, name, made):
            _setting(key, node, project, made)
    for key, node in _fields(sections, "variables", made):
        made.variables[key.text] = expressions.read(node, made)
    for key, node in _fields(sections, "resources", made):
        _resource(key, node, made)
    for key, node in _fields(sections, "outputs", made):
        made.outputs[key.text] = expressions.read(node, made)
    if pulumi := sections.get("pulumi"):
        required = _known(pulumi, frozenset({"requiredVersion"}), "`pulumi`", made, strict=False).get("requiredVersion")
        made.required = str(required.scalar) if required and required.scalar else ""
    _check(made)
    for told in (made.faults, made.doubts):
        told.sort(key=lambda each: (each.position.line, each.position.column) if each.position else (0, 0))
    return made


def _sections(root: Node, made: Template) -> dict[str, Node]:
    """The parts of a document that a program has; what else is there belongs to the project."""
    spelt = {name.lower(): name for name in _SECTIONS}
    found: dict[str, Node] = {}
    for key, node in root.fields or ():
        name = spelt.get(key.text.lower(), "")
        if name:
            found[name] = node
        if name and name != key.text:
            made.warn(f"{key.text!r} is spelt {name!r}", key.position)
    for name in found.keys() & {"components", "namespace"}:
        made.complain(f"`{name}` is for plugins that others use, not for the program of a stack", found[name].position)
    return found


def _known(node: Node, names: frozenset[str], what: str, made: Template, *, strict: bool = True) -> dict[str, Node]:
    """The fields of a mapping by their names, whatever their capitals; others are faults, or doubts if not strict."""
    spelt = {name.lower(): name for name in names}
    found: dict[str, Node] = {}
    for key, item in node.fields or ():
        name = spelt.get(key.text.lower())
        if name is None:
            complain = made.complain if strict else made.warn
            complain(f"{what} has no {key.text!r}: it may have {', '.join(sorted(names))}", key.position)
            continue
        found[name] = item
        if name != key.text:
            made.warn(f"{key.text!r} is spelt {name!r}", key.position)
    return found


def _fields(sections: Mapping[str, Node], name: str, made: Template) -> tuple[tuple[Key, Node], ...]:
    node = sections.get(name)
    if node is None or node.kind == "null":
        return ()
    if node.fields is None:
        made.complain(f"`{name}` must be a mapping, not {node.kind}", node.position)
    return node.fields or ()


def _setting(key: Key, node: Node, project: str, made: Template) -> None:
    """A key with a namespace of somebody else's is not for the program."""
    namespace, _, name = key.text.rpartition(":")
    if namespace and namespace != project:
        return
    if node.fields is None:
        fallback = expressions.read(node, made)
        made.settings[name] = Setting(name, key.position, _type_of(node), default=node, fallback=fallback, key=name)
        return
    fields = _known(node, _SETTING, f"the setting {key.text!r}", made, strict=False)
    type_, secret, named = fields.get("type"), fields.get("secret"), fields.get("name")
    default = fields.get("default") or fields.get("value")
    default = None if default is not None and default.kind == "null" else default
    if type_ is None and default is None and name not in made.given:
        made.complain(f"the setting {key.text!r} needs a `type` or a `default`", key.position)
    said = _spelt(str(type_.scalar)) if type_ else _type_of(default) if default else ""
    if said and not _is_type(said):
        known = f"{', '.join(_TYPES)} or list<...>"
        made.complain(f"{said!r} is no type of configuration: write one of {known}", node.position)
    elif default is not None and not _fits(default, said):
        made.complain(f"the default of {key.text!r} is {default.kind}, and its type {said}", default.position)
    made.settings[name] = Setting(
        name,
        key.position,
        said,
        secret=bool(secret and secret.scalar),
        default=default,
        fallback=expressions.read(default, made) if default else None,
        key=named.scalar if named is not None and isinstance(named.scalar, str) and named.scalar else name,
    )


def _fits(default: Node, type_: str) -> bool:
    """Whether a default may be of a type: one that has values in it, or calls a function, may be of any."""
    if default.fields is not None or "$" in str(default.scalar or ""):
        return True
    actual = _type_of(default)
    return actual == type_ or (actual == "integer" and type_ == "number") or (actual == "array" and "list" in type_)


def _spelt(type_: str) -> str:
    """A type as it is written here: `List<Int>` is `list<integer>`."""
    said = type_.strip().lower()
    if said.startswith("list<") and said.endswith(">"):
        return f"list<{_spelt(said[5:-1])}>"
    return _SHORTER.get(said, said)


def _is_type(said: str) -> bool:
    inner = said[5:-1] if said.startswith("list<") and said.endswith(">") else said
    return inner in _TYPES or said.startswith("commadelimitedlist")


def _type_of(node: Node) -> str:
    kinds = {"boolean": "boolean", "list": "array", "mapping": "object"}
    if node.kind == "number":
        return "integer" if isinstance(node.scalar, int) else "number"
    return kinds.get(node.kind, "string")


def _resource(key: Key, node: Node, made: Template) -> None:
    fields = _known(node, _RESOURCE, f"the resource {key.text!r}", made)
    type_ = fields.get("type")
    if node.fields is None or type_ is None or not isinstance(type_.scalar, str):
        made.complain(f"the resource {key.text!r} needs a `type`", key.position)
        return
    try:
        token = tokens.of_type(type_.scalar)
    except ValueError as fault:
        made.complain(str(fault), type_.position)
        return
    name, default = fields.get("name"), fields.get("defaultProvider")
    properties = fields.get("properties")
    if default is not None and not urns.is_provider(token):
        made.complain(f"the resource {key.text!r} is no provider, so it cannot be the default one", default.position)
    made.resources[key.text] = Declared(
        symbol=key.text,
        position=key.position,
        type=token,
        name=name.scalar if name is not None and isinstance(name.scalar, str) and name.scalar else key.text,
        properties=_properties(properties, made) if properties else None,
        options=_options(fields.get("options"), key.text, made),
        get=_get(fields.get("get"), key.text, properties, made),
        is_default_provider=bool(default and default.scalar),
    )


def _properties(node: Node, made: Template) -> Expression:
    """Names of properties are as they stand; what the values say is read."""
    if node.fields is None:
        return expressions.read(node, made)
    return Fields(node.position, {key.text: expressions.read(item, made) for key, item in node.fields})


def _options(node: Node | None, symbol: str, made: Template) -> Mapping[str, Expression]:
    found = _known(node, OPTIONS, f"the options of {symbol!r}", made) if node is not None else {}
    if mappings := found.pop("envVarMappings", None):
        made.complain("the option envVarMappings is for plugins: providers here run in this process", mappings.position)
    return {name: expressions.read(item, made) for name, item in found.items()}


def _get(node: Node | None, symbol: str, properties: Node | None, made: Template) -> Mapping[str, Expression] | None:
    if node is None:
        return None
    found = _known(node, _GET, f"`get` of {symbol!r}", made)
    if "id" not in found:
        made.complain(f"`get` of {symbol!r} needs an `id`", node.position)
    if properties is not None:
        made.complain(
            f"the resource {symbol!r} has `get`, so it is not ours, and `properties`, so it is", properties.position
        )
    return {name: expressions.read(item, made) for name, item in found.items()}


def _check(made: Template) -> None:
    """What can only be said of the whole: names, functions, circles."""
    seen: dict[str, str] = {}
    for what, names in (("setting", made.settings), ("variable", made.variables), ("resource", made.resources)):
        for name in names:
            if name == BUILTIN:
                made.complain(f"the name {BUILTIN!r} is taken", _place(made, name))
            if name in seen and not (what == "variable" and seen[name] == "setting"):
                made.complain(f"{name!r} names a {what} and a {seen[name]}", _place(made, name))
            seen.setdefault(name, what)
    for name in sorted(made.resources.keys() & made.given):
        made.warn(f"{name!r} is a resource here, and in the stack's configuration too", _place(made, name))
    _check_defaults(made)
    for expression in (each for part in _parts(made).values() for each in part):
        for access in expressions.references(expression):
            _check_access(access, seen, made)
        for call in calls(expression):
            _check_call(call, made)
    _check_circles(made)


def _check_defaults(made: Template) -> None:
    """What a default refers to has to be there before it: settings above it."""
    before: set[str] = {BUILTIN}
    for setting in made.settings.values():
        for access in expressions.references(setting.fallback) if setting.fallback else ():
            if access.root not in before:
                what = f"the default of {setting.name!r} refers to {access.root!r}"
                made.complain(f"{what}, which is no setting above it", access.position)
        before.add(setting.name)


def _place(made: Template, name: str) -> Position:
    each = made.resources.get(name) or made.variables.get(name) or made.settings[name]
    return each.position


def _parts(made: Template) -> dict[str, list[Expression]]:
    """What each symbol says; the outputs under no name of their own. The stack's configuration is before variables."""
    parts = {name: [each] for name, each in made.variables.items() if name not in made.given}
    parts.update({name: list(each.expressions()) for name, each in made.resources.items()})
    return {**parts, "": list(made.outputs.values())}


def _check_access(access: Access, seen: Mapping[str, str], made: Template) -> None:
    if access.root == BUILTIN:
        if access.steps and access.steps[0] not in SETTINGS:
            made.complain(f"`pulumi` has {', '.join(SETTINGS)}", access.position)
    elif access.root not in seen and access.root not in made.given:
        made.complain(f"there is no resource, variable or setting {access.root!r}", access.position)
    elif access.root in made.variables and access.root not in made.given:
        _check_steps(access, made)


def _check_steps(access: Access, made: Template) -> None:
    """A variable that is written out has no other keys than those that stand there."""
    part, named = made.variables[access.root], access.root
    for step in access.steps:
        if not isinstance(part, Fields) or part.computed or not isinstance(step, str):
            return
        if step not in part.fields:
            made.complain(f"{named} has no {step!r}: it has {', '.join(sorted(part.fields))}", access.position)
            return
        part, named = part.fields[step], f"{named}.{step}"


def calls(expression: Expression) -> Iterator[Call]:
    """Every call in an expression."""
    if isinstance(expression, Call):
        yield expression
    for part in expressions.parts(expression):
        yield from calls(part)


def _check_call(call: Call, made: Template) -> None:
    said = call.argument
    if call.name in functions.PAIRS and not (isinstance(said, Items) and len(said.items) == 2):
        made.complain(f"fn::{call.name} takes a list of two, written out", call.position)
    if call.name != "invoke":
        return
    if not isinstance(said, Fields) or not isinstance(said.fields.get("function"), Literal):
        made.complain("fn::invoke needs a `function`, its name written out", call.position)
        return
    for name in sorted(said.fields.keys() - _CALLED):
        made.complain(f"fn::invoke has no {name!r}: it may have {', '.join(sorted(_CALLED))}", call.position)
    arguments, wanted = said.fields.get("arguments"), said.fields.get("return")
    if arguments is not None and not isinstance(arguments, Fields):
        made.complain("the `arguments` of fn::invoke must be a mapping", arguments.position)
    if wanted is not None and not isinstance(wanted, Literal):
        made.complain("the `return` of fn::invoke must be a name, written out", wanted.position)
    options = said.fields.get("options")
    if isinstance(options, Fields):
        known = ", ".join(sorted(_CALL_OPTIONS))
        for name in sorted(options.fields.keys() - _CALL_OPTIONS):
            made.warn(f"the options of fn::invoke have no {name!r}: they may have {known}", options.position)


def _check_circles(made: Template) -> None:
    parts = _parts(made)
    needs = {
        name: [each for part in said for each in expressions.references(part) if each.root in parts and each.root]
        for name, said in parts.items()
    }
    done: set[str] = set()
    for name in needs:
        _visit(name, needs, [], done, made)


def _visit(name: str, needs: Mapping[str, list[Access]], path: list[str], done: set[str], made: Template) -> None:
    if name in done:
        return
    for access in needs[name]:
        if access.root in [*path, name]:
            circle = [*path, name][[*path, name].index(access.root) :]
            made.complain(f"a circle: {' needs '.join([*circle, access.root])}", access.position)
        else:
            _visit(access.root, needs, [*path, name], done, made)
    done.add(name)
