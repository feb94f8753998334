"""Where EventBridge sends events over HTTP: connections, which hold the credentials, and API destinations.

The ids are the names. What a connection authorises with is secret as a whole, and is never told again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard import errors
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given

_HTTP: Final = {"bodies": "BodyParameters", "headers": "HeaderParameters", "queryStrings": "QueryStringParameters"}
_AUTHORIZED: Final = ("ACTIVE", "AUTHORIZED", "DEAUTHORIZED")


class EventConnection(Table):
    """`aws:cloudwatch/eventConnection:EventConnection`."""

    service = "events"
    naming = Naming(prefix="", limit=64)
    names = given(
        **{
            "arn": "ConnectionArn",
            "authParameters.apiKey": "ApiKeyAuthParameters",
            "authParameters.apiKey.key": "ApiKeyName",
            "authParameters.apiKey.value": "ApiKeyValue",
            "authParameters.basic": "BasicAuthParameters",
            "authParameters.oauth": "OAuthParameters",
            **{f"authParameters.invocationHttpParameters.{name}": member for name, member in _HTTP.items()},
            **{f"authParameters.oauth.oauthHttpParameters.{name}": member for name, member in _HTTP.items()},
        }
    )
    replaces = ("name",)
    write_only = ("authParameters",)
    cleared = fixed(description="")
    making = Call("create_connection")
    reading = Call("describe_connection", given(Name="$id"))
    changing = (Call("update_connection", given(Name="$id")),)
    removing = Call("delete_connection", given(Name="$id"))
    waits_gone = True

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.events.create_connection(**self.arguments(aws, self.making, inputs, inputs))
        return str(inputs["name"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"connection {id} to be authorized", lambda: self._is_authorized(aws, id))

    def _is_authorized(self, aws: Aws, id: str) -> bool:
        found = aws.events.describe_connection(Name=id)
        if found["ConnectionState"].startswith("FAILED"):
            reason = found.get("StateReason", "no reason was given")
            raise errors.ProviderError(f"{self.token}: {id} is {found['ConnectionState']}: {reason}")
        return found["ConnectionState"] in _AUTHORIZED

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {name: value for name, value in outputs.items() if name != "authParameters"}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        super().update(aws, id, change)
        self.complete(aws, id, change.new)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])


class EventApiDestination(Table):
    """`aws:cloudwatch/eventApiDestination:EventApiDestination`."""

    service = "events"
    naming = Naming(prefix="", limit=64)
    names = given(arn="ApiDestinationArn")
    defaults = fixed(invocationRateLimitPerSecond=300)
    replaces = ("name",)
    cleared = fixed(description="")
    making = Call("create_api_destination")
    reading = Call("describe_api_destination", given(Name="$id"))
    changing = (Call("update_api_destination", given(Name="$id")),)
    removing = Call("delete_api_destination", given(Name="$id"))

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.events.create_api_destination(**self.arguments(aws, self.making, inputs, inputs))
        return str(inputs["name"])

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])
