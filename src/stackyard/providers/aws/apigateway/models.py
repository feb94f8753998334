"""Models, which describe bodies, and validators, which hold requests to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.apigateway.parts import API, Part, Patched
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, given

_MODEL = given(restApiId="$restApi", modelName="$name")
_VALIDATOR = given(restApiId="$restApi", requestValidatorId="$id")


class Model(Part):
    """`aws:apigateway/model:Model`. Calls name it; its id only records it. An import is by `<API>/<name>`."""

    naming = None
    listing = "get_models"
    names = given(restApi="restApiId")
    replaces = ("contentType", "name", "restApi")
    documents = ("schema",)
    pointers = given(description="/description", schema="/schema")
    making = Call("create_model", API)
    reading = Call("get_model", _MODEL)
    patching = Call("update_model", _MODEL)
    removing = Call("delete_model", _MODEL)

    def fill(self, aws: Aws, inputs: Properties) -> Properties:
        return {"schema": "{}"}

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        api, _, name = id.rpartition("/")
        if not api and not known.get("name"):
            raise ProviderError(f"{self.token}: {id} does not say its API", hint="import it by <API id>/<name>")
        place = {"restApi": api or known["restApi"], "name": name if api else known["name"]}
        found = Patched.read(self, aws, id, {**known, **place})
        return None if found is None else {**found, **place}

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {**outputs, "id": found["id"]}


class RequestValidator(Part):
    """`aws:apigateway/requestValidator:RequestValidator`."""

    naming = Naming(limit=128)
    listing = "get_request_validators"
    names = given(restApi="restApiId")
    defaults = fixed(validateRequestBody=False, validateRequestParameters=False)
    replaces = ("restApi",)
    pointers = given(
        name="/name",
        validateRequestBody="/validateRequestBody",
        validateRequestParameters="/validateRequestParameters",
    )
    making = Call("create_request_validator", API)
    reading = Call("get_request_validator", _VALIDATOR)
    patching = Call("update_request_validator", _VALIDATOR)
    removing = Call("delete_request_validator", _VALIDATOR)
