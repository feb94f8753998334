"""Authorizers of REST APIs: a function, or a Cognito user pool."""

from __future__ import annotations

from collections.abc import Iterable

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties
from stackyard.providers.aws.apigateway import patches
from stackyard.providers.aws.apigateway.parts import API, Part
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, given

_WHERE = given(restApiId="$restApi", authorizerId="$id")


class Authorizer(Part):
    """`aws:apigateway/authorizer:Authorizer`; names are unique in an API."""

    naming = Naming(limit=128)
    listing = "get_authorizers"
    names = given(restApi="restApiId", providerArns="providerARNs")
    defaults = fixed(
        authorizerResultTtlInSeconds=300, identitySource="method.request.header.Authorization", type="TOKEN"
    )
    replaces = ("restApi",)
    sets = ("providerArns",)
    pointers = given(
        authorizerCredentials="/authorizerCredentials",
        authorizerResultTtlInSeconds="/authorizerResultTtlInSeconds",
        authorizerUri="/authorizerUri",
        identitySource="/identitySource",
        identityValidationExpression="/identityValidationExpression",
        name="/name",
        type="/type",
    )
    making = Call("create_authorizer", API)
    reading = Call("get_authorizer", _WHERE)
    patching = Call("update_authorizer", _WHERE)
    removing = Call("delete_authorizer", _WHERE)

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        type_ = inputs.get("type")
        if type_ in ("TOKEN", "REQUEST") and inputs.get("authorizerUri") is None:
            yield CheckFailure("authorizerUri", f"is required for type {type_}")
        if type_ == "COGNITO_USER_POOLS" and not inputs.get("providerArns"):
            yield CheckFailure("providerArns", f"is required for type {type_}")

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = super().read(aws, id, known)
        if found is not None:
            path = f"/restapis/{found['restApi']}/authorizers/{found['id']}"
            found["arn"] = aws.arn("apigateway", path, account=False)
        return found

    def update(self, aws: Aws, id: str, change: Change) -> None:
        operations = patches.operations(change, self.pointers)
        if change.any("providerArns"):
            before, after = (set(given_.get("providerArns") or ()) for given_ in (change.old, change.new))
            for verb, items in (("add", after - before), ("remove", before - after)):
                operations += [{"op": verb, "path": "/providerARNs", "value": arn} for arn in sorted(items)]
        self.patch(aws, id, change, operations)
