"""The base of every component: a type token, tags for its children, outputs told once."""

from __future__ import annotations

from typing import Any

import pulumi

from stackyard.platform.components.tags import Tags


class Component(pulumi.ComponentResource):  # type: ignore[misc]  # the SDK is untyped here
    """A group of resources under one name. `kind` is `<package>:<Name>`, below `stackyard:` in the type token."""

    def __init__(self, kind: str, name: str, tags: Tags, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"stackyard:{kind}", name, None, opts)
        self.name = name
        self.tags = tags

    def below(self, **options: Any) -> pulumi.ResourceOptions:
        """Options of a child of this component."""
        return pulumi.ResourceOptions(parent=self, **options)

    def tagged(self, name: str = "") -> dict[str, str]:
        """The tags of a child, named where the console shows names."""
        return self.tags.of(name)
