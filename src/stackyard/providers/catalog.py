"""Finds the provider of a package, configures it once, and shares it between the stacks of a process."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Hashable, Mapping
from typing import Any, Final

from stackyard import errors
from stackyard.kit import registry
from stackyard.model import values
from stackyard.model.values import Properties, Secret, Value
from stackyard.providers import base, dynamic, simulated

GROUP: Final = "stackyard.providers"
_EXTRAS: Final = {"aws": "stackyard[aws]"}


class Catalog:
    """Configured providers by (package, config, environment), made on first use and kept until `close`.

    Two stacks with the same settings get the same instance. The working directory is part of the key only for
    a provider whose class says `per_directory = True` (its commands and files are relative to the project).
    """

    def __init__(self, group: str = GROUP) -> None:
        self._group = group
        self._instances: dict[Hashable, asyncio.Task[base.Provider]] = {}
        self._closed = False

    def known(self) -> tuple[str, ...]:
        """The packages that have a provider of their own; every other one is simulated."""
        return registry.names(self._group)

    async def get(self, package: str, settings: base.Settings) -> base.Provider:
        """The configured provider of `package`. Raises ProviderError when it cannot be loaded or refuses."""
        if self._closed:
            raise errors.ProviderError(f"the provider of {package} was asked for after the catalog was closed")
        provider_class = self._load(package)
        key = _key(package, settings, bool(getattr(provider_class, "per_directory", False)))
        task = self._instances.get(key)
        if task is None:
            task = asyncio.ensure_future(_configured(provider_class, package, settings))
            self._instances[key] = task
            task.add_done_callback(lambda done: self._forget_failed(key, done))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Close every instance; the first failure is raised after all were closed."""
        self._closed = True
        tasks, self._instances = list(self._instances.values()), {}
        configured = await asyncio.gather(*tasks, return_exceptions=True)
        live = [provider for provider in configured if not isinstance(provider, BaseException)]
        results = await asyncio.gather(*(provider.close() for provider in live), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def _load(self, package: str) -> Any:
        if package in dynamic.PACKAGES:
            from stackyard.providers.dynamic.provider import DynamicProvider  # lazy: protobuf, which few need

            return DynamicProvider
        try:
            return registry.load(self._group, package)
        except KeyError:
            return simulated.SimulatedProvider
        except ImportError as error:
            extra = _EXTRAS.get(package)
            hint = f"install it: pip install '{extra}'" if extra else ""
            raise errors.ProviderError(f"the provider of {package} cannot be loaded: {error}", hint=hint) from error

    def _forget_failed(self, key: Hashable, task: asyncio.Task[base.Provider]) -> None:
        if (task.cancelled() or task.exception() is not None) and self._instances.get(key) is task:
            del self._instances[key]


async def _configured(provider_class: Any, package: str, settings: base.Settings) -> base.Provider:
    named = provider_class is simulated.SimulatedProvider or package in dynamic.PACKAGES
    provider: base.Provider = provider_class(package) if named else provider_class()
    # Shared between previews and updates, so only settings that are not known yet make it a preview's own.
    preview = values.has_unknown(settings.config)
    try:
        await provider.configure(dataclasses.replace(settings, preview=preview))
    except BaseException:
        await provider.close()
        raise
    return provider


def _key(package: str, settings: base.Settings, per_directory: bool) -> Hashable:
    config: Properties = {key: value for key, value in settings.config.items() if not key.startswith("__")}
    directory = settings.directory if per_directory else ""
    return package, _frozen(config), _frozen(settings.environ), directory


def _frozen(value: Value) -> Hashable:
    if isinstance(value, Secret):
        return _frozen(value.value)
    if isinstance(value, Mapping):
        return tuple(sorted((key, _frozen(item)) for key, item in value.items()))
    if isinstance(value, list):
        return ("list", *map(_frozen, value))
    return (type(value).__name__, repr(value))
