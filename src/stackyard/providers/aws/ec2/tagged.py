"""What EC2's resources share: an id that EC2 makes up, tags given at creation, and finding by tag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import jmespath  # type: ignore[import-untyped]

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import FoundBy
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table
from stackyard.providers.aws.tagging import TOKEN_TAG, Tagging, mapping, pairs


class Tagged(Table):
    """A type of EC2. `resource_type` is its word in TagSpecifications, `arn_type` its word in ARNs."""

    service = "ec2"
    naming: ClassVar[Naming | None] = None
    found_by = FoundBy.TAG
    tagging = Tagging("ec2", by="id", add="create_tags", remove="delete_tags", read="", member="Resources")
    resource_type: ClassVar[str] = ""
    living: ClassVar[tuple[str, ...]] = ()
    """States in which it exists; empty when it has none."""

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        if inputs.get("tagsAll"):
            arguments["TagSpecifications"] = [{"ResourceType": self.resource_type, "Tags": pairs(inputs["tagsAll"])}]
        return str(jmespath.search(self.id, self.call(aws, self.making, arguments)))

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        outputs = super().read(aws, id, known)
        if outputs is not None and "arn" in self.schema.outputs and "arn" not in outputs:
            outputs["arn"] = aws.arn("ec2", f"{self.resource_type}/{id}")
        return outputs

    def call(self, aws: Aws, call: Call, arguments: Mapping[str, Any]) -> Any:
        """As `Table.call`, but what is read in a state of decay is not there."""
        found = super().call(aws, call, arguments)
        if self.living and call.operation == self.reading.operation and found and found["State"] not in self.living:
            return None
        return found

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        found = self._with_token(aws, self.reading, token)
        return str(jmespath.search(self.id, found)) if found else None

    def _with_token(self, aws: Aws, reading: Call, token: str) -> Mapping[str, Any] | None:
        name = "Filter" if reading.operation == "describe_nat_gateways" else "Filters"
        filters = [{"Name": f"tag:{TOKEN_TAG}", "Values": [token]}]
        answer = getattr(aws.client("ec2"), reading.operation)(**{name: filters})
        items = jmespath.search(reading.at.removesuffix("[0]"), answer) or []
        alive = [item for item in items if not self.living or item.get("State") in self.living]
        # Emulators ignore filters that they do not know, and then answer everything.
        return next((item for item in alive if mapping(item.get("Tags")).get(TOKEN_TAG) == token), None)
