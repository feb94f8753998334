"""Default providers: made by the engine, once for each package and version that a program uses.

Follows pulumi/pulumi pkg/resource/deploy/default_providers.go.
"""

from __future__ import annotations

import json
import re
from typing import Final

from stackyard import errors
from stackyard.engines.embedded import goals
from stackyard.engines.embedded.executor import Executor
from stackyard.engines.embedded.planner import Planner
from stackyard.engines.embedded.session import Session
from stackyard.errors import Position
from stackyard.model import urns
from stackyard.model.registrations import Goal
from stackyard.model.values import Properties, Secret
from stackyard.providers import dynamic

_DISABLED: Final = "pulumi:disable-default-providers"


class DefaultProviders:
    """The default providers of one run. Calls must not overlap: they happen in the turn of a registration."""

    def __init__(self, session: Session, planner: Planner, executor: Executor) -> None:
        self._session = session
        self._planner = planner
        self._executor = executor
        self._references: dict[tuple[str, str, str], str] = {}

    async def reference(self, package: str, version: str, url: str, position: Position | None) -> str:
        """The reference (`urn::id`) of the default provider, which is registered now if it was not yet."""
        key = (package, version, url)
        if key not in self._references:
            self._check_allowed(package, position)
            self._references[key] = await self._register(package, version, url, position)
        return self._references[key]

    def plugin_inputs(self, goal: Goal) -> Properties:
        """The inputs of a provider, with the version of its SDK and where its plugin is, as Pulumi keeps them."""
        inputs = dict(goal.inputs)
        internal = dict(inputs.get("__internal") or {})
        if goal.version:
            inputs["version"] = goal.version
        if goal.plugin_download_url:
            internal["pluginDownloadURL"] = goal.plugin_download_url
        if goal.version or internal:
            inputs["__internal"] = internal
        return inputs

    async def _register(self, package: str, version: str, url: str, position: Position | None) -> str:
        inputs: Properties = self._config(package)
        goal = Goal(
            type=urns.PROVIDER_PREFIX + package,
            name=default_name(version, url),
            custom=True,
            inputs=self.plugin_inputs(Goal("", "", True, inputs, version=version, plugin_download_url=url)),
            source_position=position,
        )
        urn = goals.urn_of(self._session.context.stack.name, goal.type, goal.name, "")
        self._session.registered[urn] = position
        self._session.goals[urn] = goal
        held = await self._executor.run(await self._planner.decide(goal, urn, None))
        assert held is not None
        self._session.results[urn] = held
        return urns.provider_reference(urn, held.resource.id)

    def _config(self, package: str) -> Properties:
        context = self._session.context
        # Code of the program's own is given all settings, by their full keys.
        prefix = "" if package in dynamic.PACKAGES else f"{package}:"
        secret = set(context.secret_keys)
        return {
            key[len(prefix) :]: Secret(value) if key in secret else value
            for key, value in context.config.items()
            if key.startswith(prefix) and package != "pulumi"
        }

    def _check_allowed(self, package: str, position: Position | None) -> None:
        text = self._session.context.config.get(_DISABLED, "")
        if not text or package == "pulumi":
            return
        try:
            barred = [str(each).strip() for each in json.loads(text)]
        except (ValueError, TypeError):
            raise errors.ConfigError(f"{_DISABLED} must be a list of package names") from None
        if "*" in barred or package in barred:
            raise errors.EngineError(
                f"the default provider of {package} is disabled by {_DISABLED}",
                hint="give the resource an explicit provider",
                position=position,
            )


def default_name(version: str, url: str = "") -> str:
    """`default`, `default_7_51_1`: what Pulumi calls the default provider of a version."""
    parts = ["default", *(part for part in re.split(r"[.+-]", version.lstrip("v")) if part)]
    if url:
        parts.append(re.sub(r"[^A-Za-z0-9]+", "_", url).strip("_"))
    return "_".join(parts)
