"""The settings of API Gateway that an account has one of in each region."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.apigateway import patches
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind

_ID = "api-gateway-account"


class Account(Kind):
    """`aws:apigateway/account:Account`. Deleting it takes the role away."""

    naming = None
    computed = ("cloudwatchRoleArn",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._set(aws, inputs.get("cloudwatchRoleArn"))
        return _ID

    def _set(self, aws: Aws, role: str | None) -> None:
        """A role that was made a moment ago is not known everywhere at once."""
        operation = patches.replace("/cloudwatchRoleArn", role)
        aws.persist(
            lambda: aws.apigateway.update_account(patchOperations=[operation]),
            "The role ARN does not have required permissions",
            "not well formed",
        )

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.apigateway.get_account()
        limits = found.get("throttleSettings") or {}
        return {
            "id": _ID,
            "apiKeyVersion": found.get("apiKeyVersion", ""),
            "cloudwatchRoleArn": found.get("cloudwatchRoleArn") or "",
            "features": found.get("features") or [],
            "throttleSettings": [{name: limits[name] for name in ("burstLimit", "rateLimit") if name in limits}],
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._set(aws, change.new.get("cloudwatchRoleArn"))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        self._set(aws, None)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        """It is always there; it counts as made when it has the wanted role."""
        role = aws.apigateway.get_account().get("cloudwatchRoleArn") or ""
        return _ID if role and role == inputs.get("cloudwatchRoleArn") else None
