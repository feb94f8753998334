"""Integrations: what an API's routes lead to."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.apigatewayv2.parts import Part
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Unsure, fixed
from stackyard.providers.aws.tables import Call, given

_WHERE = given(ApiId="$apiId", IntegrationId="$id")


class Integration(Part):
    """`aws:apigatewayv2/integration:Integration`."""

    names = given(timeoutMilliseconds="TimeoutInMillis")
    id = "IntegrationId"
    listing = "get_integrations"
    always = ("integrationType",)
    defaults = fixed(connectionType="INTERNET", payloadFormatVersion="1.0")
    replaces = ("apiId", "integrationSubtype", "integrationType")
    computed = ("integrationMethod", "passthroughBehavior", "timeoutMilliseconds")
    making = Call("create_integration")
    reading = Call("get_integration", _WHERE)
    changing = (Call("update_integration", _WHERE),)
    removing = Call("delete_integration", _WHERE)

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        """It has neither name nor tag: the equal one that no route leads to yet, since only its maker knew its id."""
        api = str(inputs["apiId"])
        used = {route.get("Target") for route in self.siblings(aws, api, "get_routes")}
        found = [
            part["IntegrationId"]
            for part in self.siblings(aws, api)
            if f"integrations/{part['IntegrationId']}" not in used and not self.differs(inputs, part, "apiId", "region")
        ]
        if len(found) > 1:
            raise Unsure(f"API {api} has {len(found)} equal integrations that no route leads to: {', '.join(found)}")
        return found[0] if found else None
