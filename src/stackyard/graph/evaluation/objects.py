"""Attributes, classes and their objects."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Final

from stackyard.graph.evaluation import pure, values
from stackyard.graph.evaluation.facts import ALL_KEYS
from stackyard.graph.evaluation.frames import Frame, Module
from stackyard.graph.evaluation.statements import Statements
from stackyard.graph.evaluation.values import (
    SCALARS,
    Arguments,
    Class,
    Config,
    External,
    Function,
    Imported,
    Instance,
    Method,
    Outputs,
    Reference,
    Super,
    Unknown,
    Value,
)

READS: Final = frozenset({"get_output", "require_output", "get_output_details"})
_DECORATORS: Final = {"staticmethod", "classmethod", "property", "cached_property"}
_RECORDS: Final = ("dataclass", "dataclasses.dataclass", "attrs.define", "attr.s", "attrs.frozen", "attr.define")
_MODELS: Final = ("BaseModel", "BaseSettings", "NamedTuple")
_MISSING: Final = object()


class Objects(Statements):
    """Evaluates attributes, and makes objects of the estate's classes."""

    def attribute(self, value: Value, name: str, node: ast.AST, frame: Frame) -> Value:
        """`value.name`."""
        if isinstance(value, Imported):
            return self.look_up(value.module, name)
        if isinstance(value, External):
            return self.external_attribute(value, name)
        if isinstance(value, Reference):
            return self.reference_attribute(value, name)
        if isinstance(value, Instance):
            return self.instance_attribute(value, name, node, frame)
        if isinstance(value, Class):
            return self.class_attribute(value, name, node)
        if isinstance(value, Super):
            return self.super_attribute(value, name, node)
        if isinstance(value, Config):
            return value.namespace if name == "name" else Method(value, name)
        if isinstance(value, Outputs):
            return Method(value, name)
        if pure.has_method(value, name) or name == "apply":
            return Method(value, name)
        if isinstance(value, Unknown):
            return value
        return Unknown(f"the attribute {name}", frame.module.source.position(node))

    @staticmethod
    def external_attribute(value: External, name: str) -> Value:
        """A name of a module outside the estate."""
        if value.name in ("sys",) and name == "argv":
            return Unknown("the command line")
        return External(f"{value.name}.{name}")

    def reference_attribute(self, reference: Reference, name: str) -> Value:
        """What a StackReference has."""
        if name in READS:
            return Method(reference, name)
        if name == "outputs":
            return Outputs(reference)
        if name == "name" and len(reference.found) == 1 and reference.found[0].name:
            return reference.found[0].name
        return Unknown(f"the attribute {name} of a stack reference")

    # classes

    def bases(self, cls: Class) -> Iterator[Class | External]:
        """The class and all it inherits from, nearest first, each once."""
        waiting: list[Value] = [cls]
        seen: set[int] = set()
        while waiting and len(seen) < 50:
            found = waiting.pop(0)
            if isinstance(found, Class) and id(found.node) not in seen:
                seen.add(id(found.node))
                yield found
                waiting += [self.evaluate(base, found.frame) for base in found.node.bases]
            elif isinstance(found, External):
                yield found

    def kind(self, cls: Class, *names: str) -> bool:
        """Whether a class inherits from something outside the estate whose last name is one of these."""
        return any(isinstance(base, External) and base.last in names for base in self.bases(cls))

    def is_reference(self, cls: Class) -> bool:
        """Whether it is a kind of StackReference."""
        return any(isinstance(base, External) and base.is_pulumi("StackReference") for base in self.bases(cls))

    def member(self, cls: Class, name: str) -> tuple[Value, Class]:
        """A name of a class's own body, or of a base's, with the class it is from; _MISSING when nobody has it."""
        for base in self.bases(cls):
            if isinstance(base, Class):
                scope = self.shared.scope(base.node)
                if name in scope.defined:
                    wanted = scope.slice(frozenset({name}), frozenset())
                    frame = Frame(base.frame.module, {}, wanted, base.frame, base.node)
                    self.run(frame, base.node.body)
                    value = frame.names.get(name, Unknown(f"the name {name}"))
                    frame.names.pop(name, None)  # A method's body does not see the class's names.
                    if isinstance(value, Function):
                        value = Function(value.node, base.frame, owner=base)
                    return value, base
        return _MISSING, cls

    def class_attribute(self, cls: Class, name: str, node: ast.AST) -> Value:
        """`Class.name`."""
        value, owner = self.member(cls, name)
        if value is _MISSING:
            if name == "__name__":
                return cls.node.name
            return Unknown(f"the attribute {name} of {cls.node.name}")
        if isinstance(value, Function):
            bound = cls if _decorated(value) == "classmethod" else None
            return Function(value.node, value.frame, bound, owner)
        if self.kind(cls, "Enum", "StrEnum", "IntEnum") and not name.startswith("_"):
            return Instance(
                cls, Arguments(), {"value": self.automatic(cls, name, value), "name": name}, None, name, True
            )
        return value

    def automatic(self, cls: Class, name: str, value: Value) -> Value:
        """The value of an enum member; `auto()` is the name in lower case for StrEnum."""
        if isinstance(value, Unknown) and value.reason == "a call of enum.auto()":
            return name.lower() if self.kind(cls, "StrEnum") else value
        return value

    def super_attribute(self, value: Super, name: str, node: ast.AST) -> Value:
        """`super().name`: what comes after the owner."""
        for base in list(self.bases(value.owner))[1:]:
            if isinstance(base, Class):
                found, owner = self.member(base, name)
                if isinstance(found, Function):
                    return Function(found.node, found.frame, value.instance, owner)
                if found is not _MISSING:
                    return found
        return Method(value, name)

    # objects

    def instance_attribute(self, instance: Instance, name: str, node: ast.AST, frame: Frame) -> Value:
        """`object.name`: its own, its class's, or one that `__init__` sets."""
        if name in instance.fields:
            return instance.fields[name]
        value, owner = self.member(instance.cls, name)
        if isinstance(value, Function):
            decorator = _decorated(value)
            bound = {"staticmethod": None, "classmethod": instance.cls}.get(decorator, instance)
            method = Function(value.node, value.frame, bound, owner)
            if decorator in ("property", "cached_property"):
                return self.call(method, Arguments(), node, frame)
            return method
        if not instance.initialised:
            self.initialise(instance, node)
            if name in instance.fields:
                return instance.fields[name]
        if value is not _MISSING:
            return value
        if instance.reference is not None:
            return self.reference_attribute(instance.reference, name)
        if instance.member and name == "apply":
            return Unknown("the attribute apply")
        return Unknown(f"the attribute {name} of {instance.cls.node.name}", frame.module.source.position(node))

    def construct(self, cls: Class, arguments: Arguments, node: ast.AST, frame: Frame) -> Value:
        """Call a class."""
        if self.kind(cls, "Enum", "StrEnum", "IntEnum"):
            return self.member_of(cls, arguments, node)
        if self.kind(cls, "TypedDict"):
            return dict(arguments.named)
        instance = Instance(cls, arguments, origin=(tuple(self.sites), self.conditional))
        init, owner = self.member(cls, "__init__")
        if isinstance(init, Function):
            # Only what leads to a reference now; the rest of the fields when something asks for them.
            whole = self.is_reference(cls)
            if whole or any(isinstance(base, Class) and self.shared.matters(base.node) for base in self.bases(cls)):
                self.call_init(Function(init.node, init.frame, instance, owner), arguments, node, whole=whole)
        elif self.is_reference(cls):
            instance.reference = self.reference_to(arguments, node, frame)
            instance.initialised = True
        return instance

    def initialise(self, instance: Instance, node: ast.AST) -> None:
        """Set every field that `__init__`, or the class's list of fields, sets."""
        instance.initialised = True
        init, owner = self.member(instance.cls, "__init__")
        if isinstance(init, Function):
            with self.elsewhere(*instance.origin):
                self.call_init(Function(init.node, init.frame, instance, owner), instance.arguments, node, whole=True)
        elif _is_record(instance.cls.node) or self.kind(instance.cls, *_MODELS):
            self.fill(instance, node)

    def call_init(self, init: Function, arguments: Arguments, node: ast.AST, *, whole: bool) -> None:
        """Evaluate `__init__`: as far as references need it, or wholly."""
        raise NotImplementedError

    def fill(self, instance: Instance, node: ast.AST) -> None:
        """Set the fields of a dataclass or model from its arguments and defaults."""
        names: dict[str, Class] = {}
        for base in reversed(list(self.bases(instance.cls))):
            if isinstance(base, Class):
                for part in base.node.body:
                    if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                        names[part.target.id] = base
        given = dict(zip(names, instance.arguments.positional, strict=False)) | instance.arguments.named
        doubtful = self.doubtful(instance.cls)
        for name in names:
            if name in given:
                value = given[name]
            elif instance.arguments.open_ or self.kind(instance.cls, "BaseSettings"):
                value = Unknown(f"the setting {name}")
            else:
                default, _ = self.member(instance.cls, name)
                value = Unknown(f"the field {name}") if default is _MISSING else self.defaulted(default)
            instance.fields[name] = Unknown(f"the validated field {name}") if doubtful & {name, "*"} else value
        after, owner = self.member(instance.cls, "__post_init__")
        if isinstance(after, Function):
            self.call_init(Function(after.node, after.frame, instance, owner), Arguments(), node, whole=True)

    @staticmethod
    def defaulted(value: Value) -> Value:
        """A field's default: `field(default=x)` gives x."""
        if isinstance(value, Instance):
            return value
        return values.copied(value, {}) if pure.deep(value) else value

    def doubtful(self, cls: Class) -> set[str]:
        """Fields that a validator may change; `*` for all."""
        found: set[str] = set()
        for base in self.bases(cls):
            for part in base.node.body if isinstance(base, Class) else ():
                for decorator in getattr(part, "decorator_list", ()):
                    name = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
                    last = name.rpartition(".")[2]
                    if last in ("model_validator", "root_validator"):
                        found.add("*")
                    elif last in ("field_validator", "validator") and isinstance(decorator, ast.Call):
                        found |= {str(a.value) for a in decorator.args if isinstance(a, ast.Constant)}
        return found

    # enums

    def member_of(self, cls: Class, arguments: Arguments, node: ast.AST) -> Value:
        """`Enum(value)`: the member that has it."""
        wanted = arguments.positional[0] if len(arguments.positional) == 1 else Unknown("an enum member")
        if isinstance(wanted, Instance) and wanted.member:
            return wanted
        if not isinstance(wanted, SCALARS):
            return wanted if isinstance(wanted, Unknown) else Unknown("an enum member")
        for name in self.shared.scope(cls.node).defined:
            found = self.class_attribute(cls, name, node)
            if isinstance(found, Instance) and values.same(found.fields["value"], wanted):
                return found
        return Unknown(f"a member of {cls.node.name} that is not there")

    def member_text(self, member: Instance) -> Value:
        """`str(member)`: the value for StrEnum and IntEnum, `Class.name` for others (Python 3.11's rule)."""
        custom, _ = self.member(member.cls, "__str__")
        if custom is not _MISSING:
            return Unknown("an enum's own text")
        value = member.fields["value"]
        if self.kind(member.cls, "StrEnum", "IntEnum"):
            return str(value) if isinstance(value, SCALARS) else value
        return f"{member.cls.node.name}.{member.member}"

    def plain_member(self, value: Value) -> Value:
        """A member of an enum that is text or a number too, as that."""
        if isinstance(value, Instance) and value.member and self.kind(value.cls, "StrEnum", "IntEnum", "str", "int"):
            return value.fields["value"]
        return value

    # references

    def reference_to(self, arguments: Arguments, node: ast.AST, frame: Frame) -> Reference:
        """`StackReference(name, stack_name=None)`: `stack_name` is the stack when it is given."""
        given = dict(zip(("name", "stack_name", "opts"), arguments.positional, strict=False)) | arguments.named
        name = given.get("stack_name")
        if name is None:
            name = given.get("name", Unknown("arguments that cannot be told"))
        return self.refer(self.plain_text(name), node, frame)

    def plain_text(self, name: Value) -> Value:
        """A name that may be an enum's member."""
        if isinstance(name, values.Choice):
            return values.choice(map(self.plain_text, name.options))
        return self.plain_member(name)

    def read_output(
        self, reference: Reference, method: str, arguments: Arguments, node: ast.AST, frame: Frame
    ) -> Value:
        """`reference.get_output(name)` and its like."""
        key = arguments.positional[0] if arguments.positional else arguments.named.get("name", ALL_KEYS)
        self.read_key(reference, self.plain_text(key), node, frame, required=method == "require_output")
        return Unknown("an output of another stack")

    def look_up(self, module: Module, name: str) -> Value:
        """The value that a name of a module has in the end."""
        raise NotImplementedError


def _decorated(function: Function) -> str:
    """Which of the decorators that change how a method is bound it has."""
    for decorator in getattr(function.node, "decorator_list", ()):
        name = ast.unparse(decorator).rpartition(".")[2]
        if name in _DECORATORS:
            return name
    return ""


def _is_record(node: ast.ClassDef) -> bool:
    """Whether a decorator makes an `__init__` of the class's fields."""
    names: Sequence[str] = [ast.unparse(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list]
    return any(name in _RECORDS or name.endswith("dataclass") for name in names)
