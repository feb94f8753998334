"""new: what the scaffold writes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from stackyard import errors
from stackyard.estate import discovery
from stackyard.model.estates import Estate
from stackyard.model.resources import EMPTY
from stackyard.scaffold import components, estates, projects, services
from stackyard.scaffold.templates import Ask, Variable


def refuse_to_ask(variable: Variable, default: str | None) -> str:
    """Takes the default. Raises UsageError for a variable that has none."""
    if default is None:
        raise errors.UsageError(
            f"the template asks for `{variable.name}`",
            hint=f"say --set {variable.name}=…" + (f": {variable.description}" if variable.description else ""),
            position=variable.position,
        )
    return default


@dataclasses.dataclass(frozen=True, slots=True)
class Wish:
    """What is to be made: its name, from which template, with which values."""

    name: str
    template: str = ""
    given: Mapping[str, str] = EMPTY
    ask: Ask = refuse_to_ask


def estate(cwd: str, wish: Wish) -> tuple[Path, ...]:
    """Make an estate in the new folder `wish.name`; the files written."""
    if wish.template:
        return _from_template(Path(cwd), Path(cwd), wish, "estate")
    return estates.create(Path(cwd), wish.name)


def project(cwd: str, wish: Wish, description: str) -> tuple[Path, ...]:
    """Make a project in the new folder `wish.name`, in the estate there is, or on its own; the files written.

    The name may have folders before it, such as a layer's: the last part is the project's name.
    """
    found, place = _found(cwd), Path(cwd) / wish.name
    if wish.template:
        last = dataclasses.replace(wish, name=place.name)
        projects.refuse_known(place.name, found)
        return _from_template(place.parent, Path(cwd), last, "project")
    return projects.create(place.parent, place.name, description=description, estate=found)


def component(cwd: str, wish: Wish, folder: str) -> tuple[Path, ...]:
    """Make a component in `folder`, by default where the estate's programs look for shared modules."""
    found = _found(cwd)
    shared = found.root / found.sources[0] if found is not None and found.sources else Path(cwd) / "components"
    target = Path(cwd) / folder if folder else shared
    if wish.template:
        return _from_template(target, Path(cwd), wish, "component")
    return components.create(target, wish.name)


def service(cwd: str, wish: Wish) -> tuple[Path, ...]:
    """Make a service in the estate that `cwd` lies in; the files written and changed."""
    root = discovery.discover(Path(cwd)).estate.root
    return services.create(
        root, Path(cwd), wish.name, kind="service", place=wish.template, given=wish.given, ask=wish.ask
    )


def _from_template(parent: Path, start: Path, wish: Wish, kind: str) -> tuple[Path, ...]:
    return services.from_template(
        parent, start, wish.name, kind=kind, place=wish.template, given=wish.given, ask=wish.ask
    )


def _found(cwd: str) -> Estate | None:
    try:
        return discovery.discover(Path(cwd)).estate
    except errors.UsageError:
        return None
