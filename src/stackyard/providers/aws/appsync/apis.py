"""GraphQL APIs and their keys."""

from __future__ import annotations

import datetime
import time

from stackyard.errors import ProviderError
from stackyard.model.values import Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, FoundBy, Kind, Unsure, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Finding, Table, given
from stackyard.providers.aws.tagging import Tagging

WEEK = datetime.timedelta(days=7)


class GraphQLApi(Table):
    """`aws:appsync/graphQLApi:GraphQLApi`. The schema is made apart, and cannot be read back as it was written."""

    service = "appsync"
    naming = Naming(limit=65)
    names = given(logConfig="logConfig", **{"logConfig.cloudwatchLogsRoleArn": "cloudWatchLogsRoleArn"})
    id = "apiId"
    defaults = fixed(introspectionConfig="ENABLED", queryDepthLimit=0, resolverCountLimit=0, visibility="GLOBAL")
    replaces = ("visibility", "apiType")
    computed = ("apiType", "userPoolConfig.awsRegion")
    tagging = Tagging("appsync", by="arn", read="")
    making = Call("create_graphql_api", at="graphqlApi")
    reading = Call("get_graphql_api", given(apiId="$id"), at="graphqlApi")
    changing = (Call("update_graphql_api", given(apiId="$id")),)
    removing = Call("delete_graphql_api", given(apiId="$id"))
    finding = Finding("list_graphql_apis", "graphqlApis", given(name="$name"))

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs.get("schema"):
            self._write_schema(aws, id, inputs["schema"])

    def _write_schema(self, aws: Aws, id: str, schema: str) -> None:
        aws.appsync.start_schema_creation(apiId=id, definition=schema.encode())

        def look() -> bool:
            found = aws.appsync.get_schema_creation_status(apiId=id)
            if found["status"] == "FAILED":
                raise ProviderError(f"{self.token}: StartSchemaCreation: {found.get('details', '')}")
            return found["status"] in ("ACTIVE", "SUCCESS")

        aws.wait(f"schema of {id}", look)

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.keys - {"schema"}:
            super().update(aws, id, change)
        if change.any("schema") and change.new.get("schema"):
            self._write_schema(aws, id, change.new["schema"])


class ApiKey(Kind):
    """`aws:appsync/apiKey:ApiKey`. The id is `<api>:<key>`; keys expire on the hour."""

    naming = None
    defaults = fixed(description="Managed by Pulumi")
    replaces = ("apiId",)
    computed = ("expires",)
    found_by = FoundBy.TOKEN

    def _expires(self, inputs: Properties) -> int:
        if not inputs.get("expires"):
            return int(time.time() + WEEK.total_seconds())
        return int(datetime.datetime.fromisoformat(inputs["expires"].replace("Z", "+00:00")).timestamp())

    def same(self, key: str, left: Value, right: Value) -> bool:
        """AppSync rounds down to the hour."""
        return key == "expires" and self._expires({key: left}) // 3600 == self._expires({key: right}) // 3600

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        where = {"apiId": inputs["apiId"], "expires": self._expires(inputs)}
        made = aws.appsync.create_api_key(**where, description=inputs["description"])["apiKey"]
        return f"{inputs['apiId']}:{made['id']}"

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        api, _, key = id.partition(":")
        found = next(
            (entry for entry in aws.pages("appsync", "list_api_keys", "apiKeys", apiId=api) if entry["id"] == key), None
        )
        if found is None:
            return None
        expires = datetime.datetime.fromtimestamp(found["expires"], datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        texts = {"description": found.get("description", ""), "expires": expires}
        return {"apiId": api, "apiKeyId": id, "key": key, **texts}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        api, _, key = id.partition(":")
        expires = self._expires(change.new)
        aws.appsync.update_api_key(apiId=api, id=key, description=change.new["description"], expires=expires)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        api, _, key = id.partition(":")
        aws.appsync.delete_api_key(apiId=api, id=key)

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        if next(aws.pages("appsync", "list_api_keys", "apiKeys", apiId=inputs["apiId"]), None):
            raise Unsure(f"API {inputs['apiId']} has keys, and nothing tells one from another: delete the unused one")
        return None
