"""Resources: the parts of a REST API's paths."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.apigateway.parts import Part
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.tables import Call, given

_WHERE = given(restApiId="$restApi", resourceId="$id")


class Resource(Part):
    """`aws:apigateway/resource:Resource`."""

    listing = "get_resources"
    names = given(restApi="restApiId")
    replaces = ("restApi",)
    volatile = ("path",)
    pointers = given(pathPart="/pathPart", parentId="/parentId")
    making = Call("create_resource", given(restApiId="$restApi", parentId="$parentId"))
    reading = Call("get_resource", _WHERE)
    patching = Call("update_resource", _WHERE)
    removing = Call("delete_resource", _WHERE)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        wanted = (inputs["parentId"], inputs["pathPart"])
        found = self.siblings(aws, str(inputs["restApi"]))
        return next((str(r["id"]) for r in found if (r.get("parentId"), r.get("pathPart")) == wanted), None)
