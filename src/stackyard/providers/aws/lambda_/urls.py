"""Function URLs. A URL's id is its function's name, and the qualifier where it has one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws import addresses
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import fixed
from stackyard.providers.aws.tables import Call, Table, given

_WHERE = given(FunctionName="$functionName", Qualifier="$qualifier")


class FunctionUrl(Table):
    """`aws:lambda/functionUrl:FunctionUrl`."""

    service = "lambda"
    naming = None
    names = given(authorizationType="AuthType")
    defaults = fixed(invokeMode="BUFFERED")
    replaces = ("functionName", "qualifier")
    making = Call("create_function_url_config")
    reading = Call("get_function_url_config", _WHERE)
    changing = (Call("update_function_url_config", _WHERE),)
    removing = Call("delete_function_url_config", _WHERE)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        super().create(aws, inputs, token)
        return str(self.identify(aws, inputs))

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        function, _, qualifier = id.partition("/")
        return super().read(aws, id, {"functionName": function, "qualifier": qualifier or None, **known})

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        host = str(found["FunctionUrl"]).partition("://")[2]
        return {
            **outputs,
            "functionName": found["FunctionArn"].split(":")[6],
            "functionUrl": addresses.function_url(aws, found["FunctionUrl"]),
            "urlId": host.partition(".")[0],
        }

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        name, qualifier = str(inputs["functionName"]), inputs.get("qualifier")
        return f"{name}/{qualifier}" if qualifier else name
