"""A program as its document says it: configuration, variables, resources, outputs, with every fault of its shape."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from stackyard.errors import Position
from stackyard.languages.yaml import expressions, functions, tokens
from stackyard.languages.yaml.expressions import Access, Call, Expression, Fields
from stackyard.languages.yaml.loading import Key, Node
from stackyard.model.diagnostics import Diagnostic, error

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
        "ignoreChanges",
        "import",
        "parent",
        "pluginDownloadURL",
        "protect",
        "provider",
        "providers",
        "replaceOnChanges",
        "retainOnDelete",
        "version",
    }
)
_RESOURCE: Final = frozenset({"defaultProvider", "get", "name", "options", "properties", "type"})
_CALLED: Final = frozenset({"arguments", "function", "options", "return"})
_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """One key of the configuration that a program declares."""

    name: str
    position: Position
    type: str = "string"
    secret: bool = False
    default: Node | None = None


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
    faults: list[Diagnostic] = dataclasses.field(default_factory=list)

    def complain(self, message: str, position: Position) -> None:
        """Note a fault."""
        self.faults.append(error(message, position=position))


def source(directory: Path, main: str = "") -> Path:
    """The file that a project's program is written in: `Main.yaml` beside its Pulumi.yaml, or that itself."""
    start = directory / main
    if start.is_file():
        return start
    named = (start / name for name in ("Main.yaml", "Main.yml", "Pulumi.yaml", "Pulumi.yml"))
    return next((path for path in named if path.is_file()), start / "Main.yaml")


def read(root: Node, project: str) -> Template:
    """The program in a document. Faults are collected in it; with any, it must not be run."""
    made = Template()
    for name in ("configuration", "config"):
        for key, node in _fields(root, name, made):
            _setting(key, node, project, made)
    for key, node in _fields(root, "variables", made):
        made.variables[key.text] = expressions.read(node, made.complain)
    for key, node in _fields(root, "resources", made):
        _resource(key, node, made)
    for key, node in _fields(root, "outputs", made):
        made.outputs[key.text] = expressions.read(node, made.complain)
    pulumi = root.get("pulumi")
    required = pulumi.get("requiredVersionRange") if pulumi else None
    made.required = str(required.scalar) if required and required.scalar else ""
    _check(made)
    return made


def _fields(root: Node, name: str, made: Template) -> tuple[tuple[Key, Node], ...]:
    node = root.get(name)
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
        made.settings[name] = Setting(name, key.position, _type_of(node), default=node)
        return
    type_, secret = node.get("type"), node.get("secret")
    default = node.get("default") or node.get("value")
    said = str(type_.scalar).lower() if type_ else _type_of(default) if default else "string"
    if said not in _TYPES and not said.startswith(("list<", "commadelimitedlist")):
        made.complain(f"{said!r} is no type of configuration: write one of {', '.join(_TYPES)}", node.position)
    made.settings[name] = Setting(name, key.position, said, bool(secret and secret.scalar), default)


def _type_of(node: Node) -> str:
    kinds = {"boolean": "boolean", "list": "array", "mapping": "object"}
    if node.kind == "number":
        return "integer" if isinstance(node.scalar, int) else "number"
    return kinds.get(node.kind, "string")


def _resource(key: Key, node: Node, made: Template) -> None:
    type_ = node.get("type")
    if node.fields is None or type_ is None or not isinstance(type_.scalar, str):
        made.complain(f"the resource {key.text!r} needs a `type`", key.position)
        return
    _unknown(node, _RESOURCE, f"the resource {key.text!r}", made)
    try:
        token = tokens.of_type(type_.scalar)
    except ValueError as fault:
        made.complain(str(fault), type_.position)
        return
    name, default = node.get("name"), node.get("defaultProvider")
    options, get, properties = node.get("options"), node.get("get"), node.get("properties")
    if options is not None:
        _unknown(options, OPTIONS, f"the options of {key.text!r}", made)
    if get is not None:
        _unknown(get, frozenset({"id", "state"}), f"`get` of {key.text!r}", made)
        if get.get("id") is None:
            made.complain(f"`get` of {key.text!r} needs an `id`", get.position)
    made.resources[key.text] = Declared(
        symbol=key.text,
        position=key.position,
        type=token,
        name=name.scalar if name is not None and isinstance(name.scalar, str) else key.text,
        properties=expressions.read(properties, made.complain) if properties else None,
        options=_mapping(options, made) or {},
        get=_mapping(get, made),
        is_default_provider=bool(default and default.scalar),
    )


def _mapping(node: Node | None, made: Template) -> Mapping[str, Expression] | None:
    if node is None:
        return None
    return {key.text: expressions.read(item, made.complain) for key, item in node.fields or ()}


def _unknown(node: Node, known: frozenset[str], what: str, made: Template) -> None:
    for key, _ in node.fields or ():
        if key.text not in known:
            made.complain(f"{what} has no {key.text!r}: it may have {', '.join(sorted(known))}", key.position)


def _check(made: Template) -> None:
    """What can only be said of the whole: names, functions, circles."""
    seen: dict[str, str] = {}
    for what, names in (("setting", made.settings), ("variable", made.variables), ("resource", made.resources)):
        for name in names:
            if name in seen and not (what == "variable" and seen[name] == "setting"):
                position = next(iter(_all(made, name))).position
                made.complain(f"{name!r} names a {what} and a {seen[name]}", position)
            seen.setdefault(name, what)
    for expression in (each for part in _parts(made).values() for each in part):
        for access in expressions.references(expression):
            _check_access(access, seen, made)
        for call in calls(expression):
            _check_call(call, made)
    _check_circles(made)


def _all(made: Template, name: str) -> list[Expression | Declared]:
    return [each for each in (made.resources.get(name), made.variables.get(name)) if each is not None]


def _parts(made: Template) -> dict[str, list[Expression]]:
    """What each symbol says; the outputs under no name of their own."""
    parts = {name: [each] for name, each in made.variables.items()}
    parts.update({name: list(each.expressions()) for name, each in made.resources.items()})
    return {**parts, "": list(made.outputs.values())}


def _check_access(access: Access, seen: Mapping[str, str], made: Template) -> None:
    if access.root == BUILTIN:
        if not access.steps or access.steps[0] not in SETTINGS:
            made.complain(f"`pulumi` has {', '.join(SETTINGS)}", access.position)
    elif access.root not in seen:
        made.complain(f"there is no resource, variable or setting {access.root!r}", access.position)


def calls(expression: Expression) -> Iterator[Call]:
    """Every call in an expression."""
    if isinstance(expression, Call):
        yield expression
        yield from calls(expression.argument)
    elif isinstance(expression, Fields):
        for item in expression.fields.values():
            yield from calls(item)
    elif isinstance(expression, expressions.Items):
        for item in expression.items:
            yield from calls(item)


def _check_call(call: Call, made: Template) -> None:
    if call.name in functions.PURE:
        return
    if call.name != "invoke":
        if ":" not in call.name:
            known = ", ".join(sorted([*functions.PURE, "invoke"]))
            made.complain(f"there is no function fn::{call.name}: there are {known}", call.position)
        return
    argument = call.argument
    if not isinstance(argument, Fields) or "function" not in argument.fields:
        made.complain("fn::invoke needs a `function`", call.position)
        return
    for name in sorted(argument.fields.keys() - _CALLED):
        made.complain(f"fn::invoke has no {name!r}: it may have {', '.join(sorted(_CALLED))}", call.position)


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
