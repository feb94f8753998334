"""Settings of a bucket that are resources of their own. The id is the bucket, `<bucket>,<owner>` with an owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from stackyard.model.values import Properties
from stackyard.providers.aws import documents, shapes
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.s3 import places


class Setting(Kind):
    """One setting: the calls that put, get and remove it, and the member of the put call that carries it.

    `at` is the member of the answer that holds it, empty when the answer itself does.
    """

    naming = None
    overwrites = True
    replaces: ClassVar[tuple[str, ...]] = ("bucket", "expectedBucketOwner")
    put: ClassVar[str] = ""
    get: ClassVar[str] = ""
    remove: ClassVar[str] = ""
    member: ClassVar[str] = ""
    at: ClassVar[str] = ""
    names: ClassVar[Mapping[str, str]] = {}

    def _at(self, id: str) -> dict[str, str]:
        bucket, _, owner = id.partition(",")
        return {"Bucket": bucket, **({"ExpectedBucketOwner": owner} if owner else {})}

    def value(self, inputs: Properties) -> Any:
        """What the put call carries."""
        raise NotImplementedError

    def outputs(self, found: Mapping[str, Any]) -> Properties | None:
        """The properties of an answer; None when it says that there is no setting."""
        raise NotImplementedError

    def request(self, aws: Aws, given: Properties) -> dict[str, Any]:
        """`given` in the shape that the put call carries."""
        shape = shapes.model(aws.s3, self.put).input_shape.members[self.member]
        return shapes.request(shape, given, self.names)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        id = str(self.identify(aws, inputs))
        self._put(aws, id, inputs)
        return id

    def _put(self, aws: Aws, id: str, inputs: Properties) -> None:
        value = self.value(inputs)
        carried = self.request(aws, value) if isinstance(value, dict) else value
        arguments = {**self._at(id), self.member: carried}
        aws.persist(lambda: getattr(aws.s3, self.put)(**arguments), "OperationAborted", "NoSuchBucket", timeout=20)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        where = self._at(id)
        answer = getattr(aws.s3, self.get)(**where)
        found = answer.get(self.at) if self.at else answer
        outputs = self.outputs(found) if found else None
        if outputs is None:
            return None
        owner = {"expectedBucketOwner": where["ExpectedBucketOwner"]} if "ExpectedBucketOwner" in where else {}
        return {"bucket": where["Bucket"], **owner, **outputs}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._put(aws, id, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        getattr(aws.s3, self.remove)(**self._at(id))

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        owner = inputs.get("expectedBucketOwner")
        return f"{inputs['bucket']},{owner}" if owner else str(inputs["bucket"])

    def properties(self, found: Mapping[str, Any]) -> Properties:
        """An answer as properties of this type."""
        return shapes.properties(self.schema, self.schema.outputs, found, self.names)


class BucketPolicy(Setting):
    """`aws:s3/bucketPolicy:BucketPolicy`."""

    documents = ("policy",)
    replaces = ("bucket",)
    put, get, remove, member, at = (
        "put_bucket_policy",
        "get_bucket_policy",
        "delete_bucket_policy",
        "Policy",
        "Policy",
    )

    def value(self, inputs: Properties) -> Any:
        return inputs["policy"]

    def outputs(self, found: Any) -> Properties | None:
        return {"policy": found}


class BucketVersioning(Setting):
    """`aws:s3/bucketVersioning:BucketVersioning`. Deleting it suspends the versions; it cannot be undone."""

    put, get, member = "put_bucket_versioning", "get_bucket_versioning", "VersioningConfiguration"
    write_only = ("mfa",)
    computed = ("versioningConfiguration.mfaDelete",)
    unsupported = ("mfa",)

    def value(self, inputs: Properties) -> Any:
        return inputs["versioningConfiguration"]

    def _put(self, aws: Aws, id: str, inputs: Properties) -> None:
        """`Disabled` is what a new bucket has; S3 does not take it."""
        if inputs["versioningConfiguration"]["status"] != "Disabled":
            super()._put(aws, id, inputs)

    def outputs(self, found: Mapping[str, Any]) -> Properties | None:
        block = {"status": found.get("Status", "Disabled")}
        if found.get("MFADelete") == "Enabled":
            block["mfaDelete"] = found["MFADelete"]
        return {"versioningConfiguration": block}

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = super().read(aws, id, known)
        disabled = known.get("versioningConfiguration", {}).get("status") == "Disabled"
        if found and found["versioningConfiguration"]["status"] == "Disabled" and not disabled:
            return None
        return found

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("versioningConfiguration", {}).get("status") == "Enabled":
            aws.s3.put_bucket_versioning(**self._at(id), VersioningConfiguration={"Status": "Suspended"})


class BucketOwnershipControls(Setting):
    """`aws:s3/bucketOwnershipControls:BucketOwnershipControls`."""

    replaces = ("bucket",)
    put, get, remove = (
        "put_bucket_ownership_controls",
        "get_bucket_ownership_controls",
        "delete_bucket_ownership_controls",
    )
    member = at = "OwnershipControls"

    def value(self, inputs: Properties) -> Any:
        return {"rules": [inputs["rule"]]}

    def outputs(self, found: Mapping[str, Any]) -> Properties | None:
        return self.properties({"Rule": found["Rules"][0]}) if found.get("Rules") else None


class BucketPublicAccessBlock(Setting):
    """`aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock`."""

    replaces = ("bucket",)
    defaults = fixed(
        blockPublicAcls=False, blockPublicPolicy=False, ignorePublicAcls=False, restrictPublicBuckets=False
    )
    put, get, remove = "put_public_access_block", "get_public_access_block", "delete_public_access_block"
    member = at = "PublicAccessBlockConfiguration"

    def value(self, inputs: Properties) -> Any:
        return {name: inputs[name] for name in self.defaults}

    def outputs(self, found: Mapping[str, Any]) -> Properties | None:
        return self.properties(found)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("skipDestroy") is not True:
            super().delete(aws, id, known)


class BucketServerSideEncryptionConfiguration(Setting):
    """`aws:s3/bucketServerSideEncryptionConfiguration:…`. Without one, S3 encrypts with its own keys (AES256)."""

    sets = ("rules", "rules[*].blockedEncryptionTypes")
    computed = ("rules[*].blockedEncryptionTypes", "rules[*].bucketKeyEnabled")
    put, get, remove = "put_bucket_encryption", "get_bucket_encryption", "delete_bucket_encryption"
    member = at = "ServerSideEncryptionConfiguration"

    def value(self, inputs: Properties) -> Any:
        return {"rules": inputs["rules"]}

    def outputs(self, found: Mapping[str, Any]) -> Properties | None:
        return self.properties(found)


class BucketWebsiteConfiguration(Setting):
    """`aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration`. Two spellings of rules."""

    documents = ("routingRuleDetails",)
    computed = ("routingRules", "routingRuleDetails")
    put, get, remove = "put_bucket_website", "get_bucket_website", "delete_bucket_website"
    member = "WebsiteConfiguration"

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return places.website(aws, inputs["bucket"])

    def value(self, inputs: Properties) -> Any:
        names = ("indexDocument", "errorDocument", "redirectAllRequestsTo", "routingRules")
        return {name: inputs[name] for name in names if inputs.get(name)}

    def _put(self, aws: Aws, id: str, inputs: Properties) -> None:
        carried = self.request(aws, self.value(inputs))
        if inputs.get("routingRuleDetails"):
            carried["RoutingRules"] = documents.parse(inputs["routingRuleDetails"])
        aws.s3.put_bucket_website(**self._at(id), WebsiteConfiguration=carried)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = super().read(aws, id, known)
        return found and {**found, **places.website(aws, found["bucket"])}

    def outputs(self, found: Mapping[str, Any]) -> Properties | None:
        rules = found.get("RoutingRules")
        outputs = self.properties(found)
        return {**outputs, **({"routingRuleDetails": documents.text(rules)} if rules else {})}


class BucketCorsConfiguration(Setting):
    """`aws:s3/bucketCorsConfiguration:BucketCorsConfiguration`."""

    sets = (
        "corsRules",
        "corsRules[*].allowedHeaders",
        "corsRules[*].allowedMethods",
        "corsRules[*].allowedOrigins",
        "corsRules[*].exposeHeaders",
    )
    put, get, remove, member = "put_bucket_cors", "get_bucket_cors", "delete_bucket_cors", "CORSConfiguration"

    def value(self, inputs: Properties) -> Any:
        return {"corsRules": inputs["corsRules"]}

    def outputs(self, found: Mapping[str, Any]) -> Properties | None:
        return self.properties(found)


class BucketLogging(Setting):
    """`aws:s3/bucketLogging:BucketLogging`."""

    sets = ("targetGrants",)
    put, get, member, at = "put_bucket_logging", "get_bucket_logging", "BucketLoggingStatus", "LoggingEnabled"

    def value(self, inputs: Properties) -> Any:
        names = ("targetBucket", "targetPrefix", "targetGrants", "targetObjectKeyFormat")
        return {"loggingEnabled": {"targetPrefix": "", **{n: inputs[n] for n in names if n in inputs}}}

    def request(self, aws: Aws, given: Properties) -> dict[str, Any]:
        """S3 wants the prefix even when it is empty."""
        found = super().request(aws, given)
        found["LoggingEnabled"].setdefault("TargetPrefix", "")
        return found

    def outputs(self, found: Mapping[str, Any]) -> Properties | None:
        return self.properties(found)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.s3.put_bucket_logging(**self._at(id), BucketLoggingStatus={})


class BucketAcl(Setting):
    """`aws:s3/bucketAcl:BucketAcl`: a canned ACL or a policy. Deleting it leaves the bucket as it is."""

    replaces = ("bucket", "expectedBucketOwner")
    computed = ("accessControlPolicy",)
    affects = fixed(acl=("accessControlPolicy",))
    sets = ("accessControlPolicy.grants",)
    put, get, member = "put_bucket_acl", "get_bucket_acl", "AccessControlPolicy"

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        """Terraform puts the canned ACL at the end of the id."""
        start = super().identify(aws, inputs)
        return f"{start},{inputs['acl']}" if inputs.get("acl") else start

    def _at(self, id: str) -> dict[str, str]:
        bucket, *rest = id.split(",")
        owner = next((part for part in rest if part.isdigit()), "")
        return {"Bucket": bucket, **({"ExpectedBucketOwner": owner} if owner else {})}

    def _put(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs.get("acl"):
            aws.s3.put_bucket_acl(**self._at(id), ACL=inputs["acl"])
        else:
            shape = shapes.model(aws.s3, self.put).input_shape.members[self.member]
            policy = shapes.value_for(shape, inputs["accessControlPolicy"], self.names, "accessControlPolicy")
            aws.s3.put_bucket_acl(**self._at(id), AccessControlPolicy=policy)

    def outputs(self, found: Mapping[str, Any]) -> Properties | None:
        policy = {"Grants": found.get("Grants", []), "Owner": found.get("Owner", {})}
        return self.properties({"AccessControlPolicy": policy})

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = super().read(aws, id, known)
        named = next((part for part in id.split(",")[1:] if not part.isdigit()), None)
        canned = known.get("acl", None if known else named)
        return found and {**found, **({"acl": canned} if canned else {})}

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        """Nothing can be removed: a bucket always has an ACL."""


class BucketAccelerateConfiguration(Setting):
    """`aws:s3/bucketAccelerateConfiguration:BucketAccelerateConfiguration`. Deleting it suspends it."""

    put, get = "put_bucket_accelerate_configuration", "get_bucket_accelerate_configuration"
    member, at = "AccelerateConfiguration", "Status"

    def value(self, inputs: Properties) -> Any:
        return {"status": inputs["status"]}

    def outputs(self, found: Any) -> Properties | None:
        return {"status": found}

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.s3.put_bucket_accelerate_configuration(**self._at(id), AccelerateConfiguration={"Status": "Suspended"})


class BucketRequestPaymentConfiguration(Setting):
    """`aws:s3/bucketRequestPaymentConfiguration:…`. Deleting it lets the owner pay again."""

    put, get = "put_bucket_request_payment", "get_bucket_request_payment"
    member, at = "RequestPaymentConfiguration", "Payer"

    def value(self, inputs: Properties) -> Any:
        return {"payer": inputs["payer"]}

    def outputs(self, found: Any) -> Properties | None:
        return {"payer": found}

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.s3.put_bucket_request_payment(**self._at(id), RequestPaymentConfiguration={"Payer": "BucketOwner"})


class BucketObjectLockConfiguration(Setting):
    """`aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration`. The lock itself cannot be taken off."""

    put, get = "put_object_lock_configuration", "get_object_lock_configuration"
    member = at = "ObjectLockConfiguration"
    defaults = fixed(objectLockEnabled="Enabled")
    replaces = ("bucket", "expectedBucketOwner", "objectLockEnabled")
    write_only = ("token",)

    def value(self, inputs: Properties) -> Any:
        return {name: inputs[name] for name in ("objectLockEnabled", "rule") if inputs.get(name)}

    def _put(self, aws: Aws, id: str, inputs: Properties) -> None:
        token = {"Token": inputs["token"]} if inputs.get("token") else {}
        wanted = self.request(aws, self.value(inputs))
        aws.s3.put_object_lock_configuration(**self._at(id), ObjectLockConfiguration=wanted, **token)

    def outputs(self, found: Mapping[str, Any]) -> Properties | None:
        return self.properties(found)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.s3.put_object_lock_configuration(**self._at(id), ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})


BucketAccelerateConfigurationV2 = BucketAccelerateConfiguration
BucketObjectLockConfigurationV2 = BucketObjectLockConfiguration
BucketRequestPaymentConfigurationV2 = BucketRequestPaymentConfiguration
BucketAclV2 = BucketAcl
BucketCorsConfigurationV2 = BucketCorsConfiguration
BucketLoggingV2 = BucketLogging
BucketServerSideEncryptionConfigurationV2 = BucketServerSideEncryptionConfiguration
BucketVersioningV2 = BucketVersioning
BucketWebsiteConfigurationV2 = BucketWebsiteConfiguration
