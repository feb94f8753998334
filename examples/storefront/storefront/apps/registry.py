"""How an application makes itself known, and what it is told of its stage."""

import dataclasses
from collections.abc import Callable
from typing import Any


@dataclasses.dataclass(frozen=True)
class Stage:
    """What differs from stage to stage. `images_kept` is how many images a repository keeps."""

    product: str
    name: str
    images_kept: int

    def path(self, application: str) -> str:
        """The name of something of an application that several stages have in one account."""
        return f"{self.product}-{self.name}/{application}"

    def tags(self, application: str, owner: str) -> dict[str, str]:
        """The tags of everything that an application has."""
        return {"Application": application, "Owner": owner, "Stage": self.name}


SetUp = Callable[[Stage], dict[str, Any]]


class Registry:
    """The applications by name."""

    def __init__(self) -> None:
        self._known: dict[str, SetUp] = {}

    def application(self, name: str) -> Callable[[SetUp], SetUp]:
        """A decorator: the function sets up the application `name` and returns what it exports."""

        def register(set_up: SetUp) -> SetUp:
            if name in self._known:
                raise ValueError(f"there are two applications {name!r}")
            self._known[name] = set_up
            return set_up

        return register

    @property
    def names(self) -> list[str]:
        """What there is, sorted."""
        return sorted(self._known)

    def set_up(self, stage: Stage) -> dict[str, dict[str, Any]]:
        """Set up every application, in the order of their names; what each exports."""
        return {name: self._known[name](stage) for name in self.names}


APPLICATIONS = Registry()
