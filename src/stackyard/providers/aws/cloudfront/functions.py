"""CloudFront functions: written in the DEVELOPMENT stage, and published to LIVE. The id is the name."""

from __future__ import annotations

from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging


class Function(Kind):
    """`aws:cloudfront/function:Function`."""

    naming = Naming(limit=64)
    defaults = fixed(publish=True)
    replaces = ("name",)
    sets = ("keyValueStoreAssociations",)
    volatile = ("etag", "liveStageEtag", "status")
    tagging = Tagging("cloudfront", by="arn", created=False)

    def _given(self, inputs: Properties) -> dict[str, Any]:
        config: dict[str, Any] = {"Comment": inputs.get("comment") or "", "Runtime": inputs["runtime"]}
        stores = inputs.get("keyValueStoreAssociations") or []
        if stores:
            items = [{"KeyValueStoreARN": arn} for arn in stores]
            config["KeyValueStoreAssociations"] = {"Quantity": len(items), "Items": items}
        return {"Name": inputs["name"], "FunctionCode": inputs["code"].encode(), "FunctionConfig": config}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.cloudfront.create_function(**self._given(inputs))
        return str(inputs["name"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs["publish"]:
            aws.cloudfront.publish_function(Name=id, IfMatch=self._etag(aws, id))

    def _etag(self, aws: Aws, id: str) -> str:
        return str(aws.cloudfront.describe_function(Name=id, Stage="DEVELOPMENT")["ETag"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        answer = aws.cloudfront.describe_function(Name=id, Stage="DEVELOPMENT")
        found = answer["FunctionSummary"]
        code = aws.cloudfront.get_function(Name=id, Stage="DEVELOPMENT")["FunctionCode"]
        stores = (found["FunctionConfig"].get("KeyValueStoreAssociations") or {}).get("Items") or []
        return {
            "arn": found["FunctionMetadata"]["FunctionARN"],
            "code": (code.read() if hasattr(code, "read") else code).decode(),
            "comment": found["FunctionConfig"].get("Comment", ""),
            "etag": answer["ETag"],
            "keyValueStoreAssociations": [store["KeyValueStoreARN"] for store in stores],
            "liveStageEtag": self._live(aws, id),
            "name": found["Name"],
            "runtime": found["FunctionConfig"]["Runtime"],
            "status": found.get("Status", ""),
        }

    def _live(self, aws: Aws, id: str) -> str:
        try:
            return str(aws.cloudfront.describe_function(Name=id, Stage="LIVE")["ETag"])
        except aws.cloudfront.exceptions.NoSuchFunctionExists:
            return ""

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.any("code", "comment", "keyValueStoreAssociations", "runtime"):
            aws.cloudfront.update_function(**self._given(change.new), IfMatch=self._etag(aws, id))
        self.complete(aws, id, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.cloudfront.delete_function(Name=id, IfMatch=self._etag(aws, id))

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])
