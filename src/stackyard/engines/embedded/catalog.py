"""What the engine needs of the workspace: where providers and languages come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from stackyard.languages.base import Language
from stackyard.providers.base import Provider, Settings


class Catalog(Protocol):
    """Gives configured providers. Its owner shares them between stacks and closes them; the engine never does."""

    async def get(self, package: str, settings: Settings) -> Provider:
        """The provider of `package`, configured. Raises ProviderError when it refuses its settings."""


Languages: TypeAlias = Callable[[str], Language]
"""Gives the language of a runtime by its name (`python`). Raises Unsupported for one nobody knows."""
