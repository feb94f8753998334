"""What answers a field of a GraphQL API, and functions that such answers are made of."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Finding, Table, given

_PLACE = given(apiId="$apiId", typeName="$type", fieldName="$field")
_FUNCTION = given(apiId="$apiId", functionId="$id")


class Resolver(Table):
    """`aws:appsync/resolver:Resolver`. The id is `<api>-<type>-<field>`."""

    service = "appsync"
    naming = None
    names = given(
        arn="resolverArn",
        dataSource="dataSourceName",
        field="fieldName",
        requestTemplate="requestMappingTemplate",
        responseTemplate="responseMappingTemplate",
        type="typeName",
    )
    defaults = fixed(kind="UNIT")
    replaces = ("apiId", "field", "type")
    sets = ("cachingConfig.cachingKeys",)
    making = Call("create_resolver", at="resolver")
    reading = Call("get_resolver", _PLACE, at="resolver")
    changing = (Call("update_resolver", _PLACE),)
    removing = Call("delete_resolver", _PLACE)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        aws.persist(lambda: aws.appsync.create_resolver(**arguments), "ConcurrentModificationException")
        return str(self.identify(aws, inputs))

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs['apiId']}-{inputs['type']}-{inputs['field']}"


class Function(Table):
    """`aws:appsync/function:Function`."""

    service = "appsync"
    naming = Naming(limit=65)
    names = given(arn="functionArn", dataSource="dataSourceName")
    id = "functionId"
    replaces = ("apiId",)
    computed = ("functionVersion",)
    making = Call("create_function", at="functionConfiguration")
    reading = Call("get_function", _FUNCTION, at="functionConfiguration")
    changing = (Call("update_function", _FUNCTION),)
    removing = Call("delete_function", _FUNCTION)
    finding = Finding("list_functions", "functions", given(name="$name"), given(apiId="$apiId"))

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        """VTL functions have one version, which the call wants to hear."""
        arguments = self.arguments(aws, self.making, inputs, inputs)
        if not inputs.get("code"):
            arguments.setdefault("functionVersion", "2018-05-29")
        call = aws.appsync.create_function
        made = aws.persist(lambda: call(**arguments), "ConcurrentModificationException")
        return str(made["functionConfiguration"]["functionId"])
