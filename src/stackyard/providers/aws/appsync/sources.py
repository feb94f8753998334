"""Where a GraphQL API gets its data. The id is `<api>-<name>`, which tells them apart only with the record."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given

_PLACE = given(apiId="$apiId", name="$name")


class DataSource(Table):
    """`aws:appsync/dataSource:DataSource`."""

    service = "appsync"
    naming = Naming(limit=65)
    names = given(
        **{
            "arn": "dataSourceArn",
            "dynamodbConfig.region": "awsRegion",
            "elasticsearchConfig.region": "awsRegion",
            "lambdaConfig.functionArn": "lambdaFunctionArn",
            "opensearchserviceConfig": "openSearchServiceConfig",
            "opensearchserviceConfig.region": "awsRegion",
            "relationalDatabaseConfig.httpEndpointConfig": "rdsHttpEndpointConfig",
            "relationalDatabaseConfig.httpEndpointConfig.region": "awsRegion",
            "relationalDatabaseConfig.sourceType": "relationalDatabaseSourceType",
        }
    )
    replaces = ("apiId", "name")
    computed = ("dynamodbConfig.region", "elasticsearchConfig.region", "opensearchserviceConfig.region")
    making = Call("create_data_source", at="dataSource")
    reading = Call("get_data_source", _PLACE, at="dataSource")
    changing = (Call("update_data_source", _PLACE),)
    removing = Call("delete_data_source", _PLACE)

    def sent(self, inputs: Properties) -> Properties:
        """A table or cluster is in the resource's own region unless it says otherwise."""
        sent = dict(inputs)
        for name in ("dynamodbConfig", "elasticsearchConfig", "opensearchserviceConfig"):
            if sent.get(name):
                sent[name] = {"region": inputs.get("region"), **sent[name]}
        return sent

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        super().create(aws, inputs, token)
        return str(self.identify(aws, inputs))

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs['apiId']}-{inputs['name']}"
