"""Settings: values that were checked before the first resource is registered."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, TypeVar

import pulumi
import pydantic

from stackyard.errors import ConfigError

Input = Annotated[Any, "a plain value, or a pulumi.Output of one"]


LOG_DAYS: Final = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3653)


def _kept(days: int) -> int:
    if days not in LOG_DAYS:
        raise ValueError(f"logs are kept for one of {', '.join(map(str, LOG_DAYS))} days")
    return days


LogDays = Annotated[int, pydantic.AfterValidator(_kept)]


class Settings(pydantic.BaseModel):
    """The base of every settings model: unknown names are refused, values do not change once read."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


Model = TypeVar("Model", bound=Settings)


def read_settings(model: type[Model], config: pulumi.Config | None = None, **given: Any) -> Model:
    """Build `model` from the stack's configuration: one key a field, lists and mappings as structured values.

    `given` are values that the program decides by itself; configuration does not override them.
    Raises ConfigError that names every key at fault.
    """
    source = config or pulumi.Config()
    said = {name: text for name in model.model_fields if (text := source.get(name)) is not None}
    values = {name: _structured(text) for name, text in said.items()}
    try:
        return model(**{**values, **given})
    except pydantic.ValidationError as fault:
        raise ConfigError(_told(fault, source.name), hint="see `stackyard config`") from None


def _structured(text: str) -> Any:
    """Structured configuration values reach a program as JSON text."""
    if text[:1] not in ("[", "{"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _told(fault: pydantic.ValidationError, namespace: str) -> str:
    lines = [f"{namespace}:{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in fault.errors()]
    return "; ".join(lines)
