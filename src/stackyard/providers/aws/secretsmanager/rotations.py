"""How a secret is renewed: by a function, on a schedule. The id is the secret's ARN."""

from __future__ import annotations

from collections.abc import Iterable

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties
from stackyard.providers.aws import schemas
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.secretsmanager.secrets import describe

_RULES = {
    "automaticallyAfterDays": "AutomaticallyAfterDays",
    "duration": "Duration",
    "scheduleExpression": "ScheduleExpression",
}


class SecretRotation(Kind):
    """`aws:secretsmanager/secretRotation:SecretRotation`."""

    naming = None
    defaults = fixed(rotateImmediately=True)
    replaces = ("secretId",)
    computed = ("rotationEnabled",)
    write_only = ("rotateImmediately",)
    unsupported = ("externalSecretRotationMetadatas", "externalSecretRotationRoleArn")

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        if inputs.get("rotationRules") is None:
            yield CheckFailure("rotationRules", "is required")
        if inputs.get("rotationEnabled") is False:
            yield CheckFailure("rotationEnabled", "is an output: leave the rotation out to end it")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        """The function must be callable by Secrets Manager, which AWS may learn a little later."""
        rules = inputs["rotationRules"]
        given = {member: rules[name] for name, member in _RULES.items() if rules.get(name)}
        function = {"RotationLambdaARN": inputs["rotationLambdaArn"]} if inputs.get("rotationLambdaArn") else {}
        made = aws.persist(
            lambda: aws.secretsmanager.rotate_secret(
                SecretId=inputs["secretId"],
                RotationRules=given,
                RotateImmediately=inputs["rotateImmediately"],
                **function,
            ),
            "Secrets Manager cannot invoke the specified Lambda function",
        )
        return str(made["ARN"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = describe(aws, id)
        if found is None or not found.get("RotationEnabled"):
            return None
        rules = found.get("RotationRules") or {}
        types = self.schema.members(self.schema.outputs["rotationRules"])
        shown = {
            name: schemas.coerce(rules[member], types[name]) for name, member in _RULES.items() if rules.get(member)
        }
        return {
            "rotationEnabled": True,
            "rotationLambdaArn": found.get("RotationLambdaARN", ""),
            "rotationRules": shown,
            "secretId": known.get("secretId") or found["ARN"],
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.any("rotationLambdaArn", "rotationRules"):
            self.create(aws, change.new, "")

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.secretsmanager.cancel_rotate_secret(SecretId=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        found = describe(aws, inputs["secretId"])
        return str(found["ARN"]) if found else None
