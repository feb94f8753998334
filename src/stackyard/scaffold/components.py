"""`stackyard new component NAME`: a Pulumi component that several programs can import, and its test."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from stackyard.scaffold import rendering, writing

_COMPONENT: Final = '''\
"""{title}: say here what it stands for and what whoever uses it need not know."""

from __future__ import annotations

import pulumi


class {class_name}(pulumi.ComponentResource):
    """Make its resources here, each with `opts=pulumi.ResourceOptions(parent=self)`."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("{package}:index:{class_name}", name, None, opts)
        self.register_outputs({{}})
'''
_TEST: Final = '''\
"""{title}, without any cloud."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pulumi

MODULE = Path(__file__).parent.parent / "{module}.py"


class Recorded(pulumi.runtime.Mocks):
    """Takes every resource down instead of making it."""

    def __init__(self) -> None:
        self.types: list[str] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """A resource with its inputs."""
        self.types.append(args.typ)
        return f"{{args.name}}-id", dict(args.inputs)

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        """No function is asked."""
        raise NotImplementedError(args.token)


def make() -> None:
    """Import the component and make one."""
    specification = importlib.util.spec_from_file_location("{module}", MODULE)
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    module.{class_name}("one")


def test_it_makes_what_it_says() -> None:
    recorded = Recorded()
    pulumi.runtime.set_mocks(recorded)
    pulumi.runtime.test(make)()
    assert recorded.types == ["{package}:index:{class_name}"]
'''


def create(folder: Path, name: str) -> tuple[Path, ...]:
    """Make the component `name` in `folder`, of which other modules import it. Returns the files written.

    Raises UsageError when the name cannot be one, or when the files exist.
    """
    values = {**rendering.names_of(name, "component"), "package": folder.name.replace("_", "-") or "components"}
    return writing.write(
        folder,
        {
            f"{values['module']}.py": _COMPONENT.format(**values),
            f"tests/test_{values['module']}.py": _TEST.format(**values),
        },
    )
