"""Make or refresh what the AWS provider knows of a type.

    scaffold_aws.py SERVICE TYPE...     write the module of a new type, its test case, and print what to fill
    scaffold_aws.py --schema SERVICE    write SERVICE/schema.json anew from the installed pulumi_aws SDK

SERVICE is the module of the token (`sqs` of `aws:sqs/queue:Queue`), TYPE the class (`Queue`) or function
(`getQueue`). Property names, types and which are required come from pulumi_aws; the calls from botocore.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import pathlib
import re
import sys
import types
import typing
from typing import Any

import botocore
import botocore.exceptions
import botocore.session
import pulumi
import pulumi_aws
from pulumi import _types

from stackyard.providers.aws import catalog

ROOT = pathlib.Path(__file__).parent.parent
SOURCES = ROOT / "src/stackyard/providers/aws"
CASES = ROOT / "tests/conformance/aws/cases"
PRIMITIVES = {str: "string", int: "integer", float: "number", bool: "boolean"}


class Reader:
    """Reads the SDK's classes into the plain form of `schema.json`."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}

    def expression(self, hint: Any) -> Any:
        """One type hint as JSON: a word, or a list of a word and what it holds."""
        origin = typing.get_origin(hint)
        if origin in (typing.Union, types.UnionType):
            return self._union(typing.get_args(hint))
        if hint in PRIMITIVES:
            return PRIMITIVES[hint]
        if origin and origin.__name__ in ("Sequence", "list", "List"):
            return ["list", self.expression(typing.get_args(hint)[0])]
        if origin and origin.__name__ in ("Mapping", "dict", "Dict"):
            return ["map", self.expression(typing.get_args(hint)[1])]
        if inspect.isclass(hint):
            return self._class(hint)
        return "any"

    def _union(self, members: tuple[Any, ...]) -> Any:
        found = []
        for member in members:
            origin = typing.get_origin(member) or member
            name = getattr(origin, "__name__", "")
            if member is type(None) or name in ("Awaitable", "Output") or name.endswith("ArgsDict"):
                continue
            if typing.is_typeddict(origin):
                continue
            expression = self.expression(member)
            if expression not in found:
                found.append(expression)
        objects = [e for e in found if e not in PRIMITIVES.values()]
        return found[0] if len(found) == 1 else "string" if "string" in found else objects[0] if objects else "any"

    def _class(self, hint: Any) -> Any:
        if issubclass(hint, str):
            return "string"
        if issubclass(hint, pulumi.Asset | pulumi.Archive):
            return "asset"
        if not (_types.is_input_type(hint) or _types.is_output_type(hint)):
            return "any"
        name = hint.__name__.removesuffix("Args")
        seen = self.objects.setdefault(name, {})
        mark = "inputs" if _types.is_input_type(hint) else "outputs"
        if mark not in seen:
            seen[mark] = {}
            seen[mark].update(self.properties(hint))
            if mark == "inputs":
                seen["required"] = required(hint)
        return ["object", name]

    def properties(self, hint: Any) -> dict[str, Any]:
        """The properties of an args class or an output class, by Pulumi name."""
        if _types.is_input_type(hint):
            hints = _types.input_type_types(hint)
        else:
            names = _types._py_to_pulumi_names_from_py_properties(hint)
            hints = {names.get(key, key): value for key, value in _types.output_type_types(hint).items()}
        return {name: self.expression(kind) for name, kind in sorted(hints.items())}

    def resource(self, cls: Any, args: Any) -> dict[str, Any]:
        """A resource's inputs, required inputs, outputs and secret outputs."""
        source = inspect.getsource(cls)
        secret = re.search(r"additional_secret_outputs=\[(.*?)\]", source)
        outputs = {name: self.expression(kind) for name, kind in sorted(_types.resource_types(cls).items())}
        found = {"inputs": self.properties(args), "required": required(args), "outputs": outputs}
        if secret:
            found["secrets"] = sorted(re.findall(r'"(\w+)"', secret[1]))
        return found

    def function(self, call: Any) -> dict[str, Any]:
        """A function's arguments and results."""
        source = inspect.getsource(call)
        result = call.__globals__[re.search(r"typ=(\w+)", source)[1]]  # type: ignore[index]
        hints = typing.get_type_hints(call)
        names = {b: a for a, b in re.findall(r"__args__\['(\w+)'\] = (\w+)", source)}
        return {
            "inputs": {names[key]: self.expression(kind) for key, kind in hints.items() if key in names},
            "outputs": self.properties(result),
        }


def required(args: Any) -> list[str]:
    """The inputs that must be given, by Pulumi name."""
    names = _types.input_type_py_to_pulumi_names(args)
    parameters = inspect.signature(args.__init__).parameters.values()
    return sorted(names[p.name] for p in parameters if p.name in names and p.default is inspect.Parameter.empty)


def registered() -> dict[str, tuple[str, str]]:
    """Every resource token of the SDK: token → (Python module, class)."""
    source = inspect.getsource(pulumi_aws)
    text = re.search(r'resource_modules="""(.*?)"""', source, re.DOTALL)
    assert text, "pulumi_aws no longer registers its modules as text"
    found = {}
    for module in json.loads(text[1]):
        found.update({token: (module["fqn"], name) for token, name in module["classes"].items()})
    return found


def describe(service: str) -> dict[str, Any]:
    """The schema of everything that `service`'s tables TYPES and FUNCTIONS name."""
    reader = Reader()
    known = registered()
    tables = catalog.tables(service)
    found: dict[str, Any] = {"types": {}, "functions": {}}
    for name in tables.types:
        token = catalog.token(service, name)
        module = importlib.import_module(known[token][0])
        own = importlib.import_module(getattr(module, name).__module__)
        args = getattr(own, f"{name}InitArgs", None) or getattr(own, f"{name}Args")
        found["types"][name] = reader.resource(getattr(module, name), args)
    for name in tables.functions:
        python = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        package = "pulumi_aws" if service == "index" else f"pulumi_aws.{catalog.folder(service)}"
        found["functions"][name] = reader.function(getattr(importlib.import_module(package), python))
    found["objects"] = dict(sorted(reader.objects.items()))
    return found


def write_schema(service: str) -> pathlib.Path:
    """Write SERVICE/schema.json; one line a type, so that a change shows as one."""
    lines = []
    for section, members in describe(service).items():
        body = ",\n".join(
            f"  {json.dumps(name)}: {json.dumps(value, sort_keys=True)}" for name, value in members.items()
        )
        lines.append(f"{json.dumps(section)}: {{\n{body}\n}}")
    path = SOURCES / catalog.folder(service) / "schema.json"
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return path


def snake(name: str) -> str:
    """`QueuePolicy` → `queue_policy`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def register(service: str, name: str, module: str) -> None:
    """Enter a type or function in the table of its service, made when absent."""
    path = SOURCES / catalog.folder(service) / "__init__.py"
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_text(f'"""Amazon {service}."""\n\nTYPES: dict[str, str] = {{}}\nFUNCTIONS: dict[str, str] = {{}}\n')
    text = path.read_text(encoding="utf-8")
    table = "FUNCTIONS" if name[0].islower() else "TYPES"
    if not re.search(rf'"{name}":', text):
        text = re.sub(rf"^({table}[^=]*= {{)(?!}})", rf'\1"{name}": "{module}", ', text, flags=re.MULTILINE)
        text = re.sub(rf"^({table}[^=]*= {{)}}", rf'\1"{name}": "{module}"}}', text, flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")
    catalog.tables.cache_clear()
    importlib.reload(importlib.import_module(f"stackyard.providers.aws.{catalog.folder(service)}"))


MODULE = '''"""{title}."""

from __future__ import annotations

from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging


class {name}(Table):
    """`{token}`."""

    service = "{client}"
    names = given(name="{name}Name")
    id = "{name}Id"
    replaces = ()
    unsupported = ()
    tagging = Tagging("{client}", by="arn")
    making = Call("create_{snake}", at="{name}")
    reading = Call("describe_{snake}s", given({name}Names=["$id"]), at="{name}s[0]")
    changing = (Call("update_{snake}", given({name}Name="$id")),)
    removing = Call("delete_{snake}", given({name}Name="$id"))
'''
CASE = """
- type: {token}
  inputs: {inputs}
  look: {{service: {client}, operation: describe_{snake}s, arguments: {{}}}}
  see: {{}}
  change: {{}}
  replace: {{}}
"""


def write_type(service: str, name: str) -> None:
    """Write the module and the case of a new type, unless they are there."""
    token = catalog.token(service, name)
    words = {"name": name, "snake": snake(name), "client": service, "token": token, "title": f"{service} {name}"}
    path = SOURCES / catalog.folder(service) / f"{snake(name)}.py"
    if not path.exists():
        path.write_text(MODULE.format(**words), encoding="utf-8")
    schema = describe(service)["types"][name]
    cases = CASES / f"{catalog.folder(service)}.yaml"
    text = cases.read_text(encoding="utf-8") if cases.exists() else ""
    if f"type: {token}" not in text:
        needed = "{" + ", ".join(f"{key}: TODO" for key in schema["required"]) + "}"
        cases.write_text((text + CASE.format(**words, inputs=needed)).lstrip("\n"), encoding="utf-8")
    print(f"{path}\n{cases}\n")
    only = sorted(schema["outputs"].keys() - schema["inputs"].keys())
    print("inputs:  ", ", ".join(f"{k}{'*' if k in schema['required'] else ''}" for k in schema["inputs"]))
    print("computed:", ", ".join(only), " secret:", ", ".join(schema.get("secrets", ())) or "none")


def print_calls(client: str, name: str) -> None:
    """Print botocore's operations that seem to be about `name`, with their members."""
    session = botocore.session.Session()
    try:
        model = session.get_service_model(client)
    except botocore.exceptions.UnknownServiceError:
        print(f"botocore has no service {client!r}: name it with --client")
        return
    for operation in model.operation_names:
        if name.lower() in operation.lower() or "tag" in operation.lower():
            shape = model.operation_model(operation)
            members = shape.input_shape.members if shape.input_shape else {}
            answer = list(shape.output_shape.members) if shape.output_shape else []
            print(f"  {botocore.xform_name(operation)}({', '.join(members)}) -> {', '.join(answer)}")


def main() -> int:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schema", action="store_true", help="only write the service's schema.json anew")
    parser.add_argument("--client", help="botocore's name of the service, where it differs from the token's")
    parser.add_argument("service", nargs="?")
    parser.add_argument("types", nargs="*")
    options = parser.parse_args()
    if not options.service:
        parser.error("name a service")
    for name in options.types:
        register(options.service, name, snake(name))
        if name[0].isupper():
            write_type(options.service, name)
        if not options.schema:
            print_calls(options.client or options.service, name)
    print(write_schema(options.service))
    return 0


if __name__ == "__main__":
    sys.exit(main())
