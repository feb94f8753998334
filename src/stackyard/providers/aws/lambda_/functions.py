"""Lambda functions. A function's id is its name; its code comes from an archive, a bucket or an image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from stackyard import errors
from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Archive, Asset, Properties, Value
from stackyard.providers import assets
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging

_CODE: Final = ("code", "s3Bucket", "s3Key", "s3ObjectVersion", "imageUri", "sourceCodeHash", "architectures")
_APART: Final = (*_CODE, "publish", "reservedConcurrentExecutions", "tags", "tagsAll")


def zipped(code: Value) -> bytes:
    """The bytes of a deployment package."""
    return assets.read(code) if isinstance(code, Asset) else assets.pack(code)


class Function(Table):
    """`aws:lambda/function:Function`."""

    service = "lambda"
    naming = Naming(limit=64)
    names = given(
        name="FunctionName",
        arn="FunctionArn",
        sourceCodeSize="CodeSize",
        codeSha256="CodeSha256",
        kmsKeyArn="KMSKeyArn",
        sourceKmsKeyArn="",
        fileSystemConfig="FileSystemConfigs",
        **{"imageConfig.commands": "Command", "imageConfig.entryPoints": "EntryPoint"},
    )
    id = "FunctionName"
    defaults = fixed(memorySize=128, packageType="Zip", publish=False, timeout=3, reservedConcurrentExecutions=-1)
    replaces = ("name", "packageType", "tenancyConfig")
    sets = ("vpcConfig.subnetIds", "vpcConfig.securityGroupIds", "architectures")
    computed = (
        "architectures",
        "codeSha256",
        "ephemeralStorage",
        "loggingConfig",
        "snapStart",
        "sourceCodeHash",
        "tracingConfig",
    )
    volatile = (
        "codeSha256",
        "lastModified",
        "qualifiedArn",
        "qualifiedInvokeArn",
        "sourceCodeHash",
        "sourceCodeSize",
        "version",
    )
    unsupported = (
        "capacityProviderConfig",
        "codeSigningConfigArn",
        "durableConfig",
        "publishTo",
        "replaceSecurityGroupsOnDestroy",
        "replacementSecurityGroupIds",
        "skipDestroy",
        "sourceKmsKeyArn",
        "tenancyConfig",
        "useResourceTimeoutForPropagation",
    )
    tagging = Tagging("lambda", by="arn", read="list_tags")
    making = Call("create_function")
    reading = Call("get_function", given(FunctionName="$id"), at="Configuration")
    removing = Call("delete_function", given(FunctionName="$id"))

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        given_code = [name for name in ("code", "s3Bucket", "imageUri") if inputs.get(name) is not None]
        if len(given_code) != 1:
            yield CheckFailure("code", "give exactly one of code, s3Bucket and imageUri")
        if inputs.get("packageType") == "Zip":
            for name in ("handler", "runtime"):
                if not inputs.get(name) and inputs.get(name) is not UNKNOWN:
                    yield CheckFailure(name, "is required when the package is a zip file")

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        name = inputs.get("name")
        if not isinstance(name, str):
            return {}
        arn = aws.arn("lambda", f"function:{name}")
        return {"arn": arn, **invocation(aws, arn)}

    def sent(self, inputs: Properties) -> Properties:
        """Settings only: the code, tags and concurrency have calls of their own."""
        return {name: value for name, value in inputs.items() if name not in _APART}

    def _code(self, inputs: Properties) -> dict[str, Any]:
        if isinstance(inputs.get("code"), Archive | Asset):
            return {"ZipFile": zipped(inputs["code"])}
        members = {
            "s3Bucket": "S3Bucket",
            "s3Key": "S3Key",
            "s3ObjectVersion": "S3ObjectVersion",
            "imageUri": "ImageUri",
        }
        return {member: inputs[name] for name, member in members.items() if inputs.get(name)}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        arguments |= {"Code": self._code(inputs), "Publish": bool(inputs.get("publish"))}
        if inputs.get("architectures"):
            arguments["Architectures"] = inputs["architectures"]
        if inputs.get("tagsAll"):
            arguments["Tags"] = inputs["tagsAll"]
        # A role that was made a moment ago cannot be assumed everywhere at once.
        made = aws.wait(f"function {inputs['name']}", lambda: self._made(aws, arguments), timeout=120)
        return str(made["FunctionName"])

    def _made(self, aws: Aws, arguments: Mapping[str, Any]) -> Any:
        try:
            return getattr(aws, "lambda").create_function(**arguments)
        except getattr(aws, "lambda").exceptions.InvalidParameterValueException as fault:
            if "cannot be assumed" in str(fault):
                return None
            raise

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        self._settle(aws, id)
        if inputs.get("reservedConcurrentExecutions", -1) >= 0:
            self._reserve(aws, id, inputs["reservedConcurrentExecutions"])

    def _settle(self, aws: Aws, id: str) -> None:
        aws.wait(f"function {id}", lambda: self._is_settled(aws, id))

    def _is_settled(self, aws: Aws, id: str) -> bool:
        found = getattr(aws, "lambda").get_function_configuration(FunctionName=id)
        state, last = found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")
        if "Failed" in (state, last):
            reason = found.get("StateReason") or found.get("LastUpdateStatusReason") or "no reason was given"
            raise errors.ProviderError(f"{self.token}: function {id} failed: {reason}")
        return state in ("Active", "Inactive") and last == "Successful"

    def _reserve(self, aws: Aws, id: str, number: int) -> None:
        client = getattr(aws, "lambda")
        if number < 0:
            client.delete_function_concurrency(FunctionName=id)
        else:
            client.put_function_concurrency(FunctionName=id, ReservedConcurrentExecutions=number)

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        arn, version = found["FunctionArn"], found.get("Version", "$LATEST")
        environment = (found.get("Environment") or {}).get("Variables")
        reserved = getattr(aws, "lambda").get_function_concurrency(FunctionName=found["FunctionName"])
        qualified = f"{arn}:{version}"
        return {
            **outputs,
            **invocation(aws, arn),
            "environment": {"variables": environment} if environment else None,
            "layers": [layer["Arn"] for layer in found.get("Layers") or []],
            "qualifiedArn": qualified,
            "qualifiedInvokeArn": invocation(aws, qualified)["invokeArn"],
            "reservedConcurrentExecutions": reserved.get("ReservedConcurrentExecutions", -1),
            "sourceCodeHash": found.get("CodeSha256"),
            "codeSha256": found.get("CodeSha256"),
        }

    def same(self, key: str, left: Value, right: Value) -> bool:
        """An empty environment is none."""
        return key == "environment" and not _variables(left) and not _variables(right)

    def update(self, aws: Aws, id: str, change: Change) -> None:
        client = getattr(aws, "lambda")
        if change.any(*_CODE):
            arguments = {**self._code(change.new), "Publish": False}
            if change.new.get("architectures"):
                arguments["Architectures"] = change.new["architectures"]
            client.update_function_code(FunctionName=id, **arguments)
            self._settle(aws, id)
        if change.keys - {*_APART}:
            self._configure(aws, id, change)
            self._settle(aws, id)
        if change.any("reservedConcurrentExecutions"):
            self._reserve(aws, id, change.new.get("reservedConcurrentExecutions", -1))
        if change.new.get("publish") and change.keys - {"tags", "tagsAll", "reservedConcurrentExecutions"}:
            client.publish_version(FunctionName=id)

    def _configure(self, aws: Aws, id: str, change: Change) -> None:
        cleared: dict[str, Any] = {
            "environment": {"Environment": {"Variables": {}}},
            "layers": {"Layers": []},
            "description": {"Description": ""},
            "deadLetterConfig": {"DeadLetterConfig": {}},
            "vpcConfig": {"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}},
            "kmsKeyArn": {"KMSKeyArn": ""},
        }
        configuring = Call("update_function_configuration", given(FunctionName="$id"))
        wanted = {name: value for name, value in change.new.items() if name not in ("packageType", "name")}
        arguments = self.arguments(aws, configuring, {"id": id}, wanted)
        for name in change.keys & cleared.keys():
            if not change.new.get(name):
                arguments |= cleared[name]
        getattr(aws, "lambda").update_function_configuration(**arguments)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])


def _variables(environment: Value) -> Value:
    return environment.get("variables") if isinstance(environment, dict) else environment


def invocation(aws: Aws, arn: str) -> dict[str, str]:
    """The ARNs by which API Gateway invokes a function (docs: Lambda proxy integrations)."""
    base = f"arn:{aws.partition}:apigateway:{aws.region}:lambda:path"
    return {
        "invokeArn": f"{base}/2015-03-31/functions/{arn}/invocations",
        "responseStreamingInvokeArn": f"{base}/2021-11-15/functions/{arn}/response-streaming-invocations",
    }
