"""Distributions. A change sends the whole configuration; one is disabled everywhere before it is deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard.model.values import Properties, Value
from stackyard.providers.aws import schemas, shapes, tagging
from stackyard.providers.aws.cloudfront import configs
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, FoundBy, Kind, fixed
from stackyard.providers.aws.tagging import TOKEN_TAG, Tagging

# The hosted zone of every CloudFront distribution (docs: Route 53, alias targets).
_ZONE: Final = "Z2FDTNDATAQYW2"
_BEHAVIORS: Final = ("defaultCacheBehavior", "orderedCacheBehaviors")
_NAMES: Final = {
    "loggingConfig": "Logging",
    "orderedCacheBehaviors": "CacheBehaviors",
    "originGroups.originId": "Id",
    "origins.customHeaders.name": "HeaderName",
    "origins.customHeaders.value": "HeaderValue",
    "origins.originId": "Id",
    "restrictions.geoRestriction.locations": "Items",
    **{f"{behavior}.lambdaFunctionAssociations.lambdaArn": "LambdaFunctionARN" for behavior in _BEHAVIORS},
}
_FILLED: Final = (
    "cachePolicyId",
    "compress",
    "defaultTtl",
    "forwardedValues.headers",
    "forwardedValues.queryStringCacheKeys",
    "grpcConfig",
    "maxTtl",
    "minTtl",
    "smoothStreaming",
)


class Distribution(Kind):
    """`aws:cloudfront/distribution:Distribution`."""

    naming = None
    found_by = FoundBy.TAG
    defaults = fixed(
        httpVersion="http2",
        isIpv6Enabled=False,
        priceClass="PriceClass_All",
        retainOnDelete=False,
        staging=False,
        waitForDeployment=True,
    )
    replaces = ("staging",)
    sets = (
        "aliases",
        "customErrorResponses",
        "originGroups",
        "origins",
        "origins[*].customHeaders",
        "origins[*].customOriginConfig.originSslProtocols",
        "restrictions.geoRestriction.locations",
        *(
            f"{behavior}.{name}"
            for behavior in ("defaultCacheBehavior", "orderedCacheBehaviors[*]")
            for name in ("allowedMethods", "cachedMethods", "forwardedValues.headers", "functionAssociations",
                         "forwardedValues.cookies.whitelistedNames", "lambdaFunctionAssociations")
        ),
    )  # fmt: skip
    computed = (
        "continuousDeploymentPolicyId",
        "loggingConfig.includeCookies",
        "origins[*].connectionAttempts",
        "origins[*].connectionTimeout",
        "origins[*].customOriginConfig.originKeepaliveTimeout",
        "origins[*].customOriginConfig.originReadTimeout",
        "origins[*].originShield",
        "origins[*].s3OriginConfig",
        "viewerCertificate.minimumProtocolVersion",
        *(f"{b}.{name}" for b in ("defaultCacheBehavior", "orderedCacheBehaviors[*]") for name in _FILLED),
    )
    volatile = ("etag", "inProgressValidationBatches", "lastModifiedTime", "status")
    unsupported = (
        "anycastIpListId", "cacheTagConfig", "connectionFunctionAssociation", "continuousDeploymentPolicyId",
        "viewerMtlsConfig",
    )  # fmt: skip
    tagging = Tagging("cloudfront", by="arn")
    timeout = 5400

    def handles(self, name: str) -> bool:
        """Whether the configuration has a member for an input."""
        return configs.member_of("distribution", "DistributionConfig", _NAMES.get(name) or name) is not None

    def _config(self, aws: Aws, inputs: Properties, reference: str) -> dict[str, Any]:
        """The whole configuration; the call requires some members even when they are empty."""
        shape = shapes.model(aws.cloudfront, "create_distribution").input_shape.members["DistributionConfig"]
        config = configs.filled(shape, _shaped(inputs), _NAMES)
        for origin in config["Origins"]["Items"]:
            origin.setdefault("OriginPath", "")
            if not origin.keys() & {"CustomOriginConfig", "S3OriginConfig", "VpcOriginConfig"}:
                origin["S3OriginConfig"] = {"OriginAccessIdentity": ""}
        return {"Comment": "", "DefaultRootObject": "", "CallerReference": reference, **config}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        tags = {"Items": tagging.pairs(inputs.get("tagsAll"))}
        config = self._config(aws, inputs, token[:32] or "stackyard")
        given = {"DistributionConfig": config, "Tags": tags}
        return str(aws.cloudfront.create_distribution_with_tags(DistributionConfigWithTags=given)["Distribution"]["Id"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs["waitForDeployment"]:
            self._deployed(aws, id)

    def _deployed(self, aws: Aws, id: str) -> None:
        aws.wait(
            f"distribution {id}",
            lambda: aws.cloudfront.get_distribution(Id=id)["Distribution"]["Status"] == "Deployed",
        )

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        answer = aws.cloudfront.get_distribution(Id=id)
        found = answer["Distribution"]
        config = found["DistributionConfig"]
        members = {name: type_ for name, type_ in self.schema.outputs.items() if name in self.schema.inputs}
        outputs = shapes.properties(self.schema, members, config, _NAMES)
        outputs.pop("tags", None)
        for name in ("trustedKeyGroups", "trustedSigners"):
            outputs.pop(name, None)
        changed = found.get("LastModifiedTime")
        return {
            **outputs,
            **_seen_behaviors(outputs, config),
            "arn": found["ARN"],
            "callerReference": config["CallerReference"],
            "domainName": found["DomainName"],
            "etag": answer["ETag"],
            "hostedZoneId": _ZONE,
            "inProgressValidationBatches": found.get("InProgressInvalidationBatches", 0),
            "lastModifiedTime": schemas.coerce(changed, "string") if changed else "",
            "loggingConfig": _logging(outputs.get("loggingConfig")),
            "loggingV1Enabled": bool((config.get("Logging") or {}).get("Bucket")),
            "origins": [_origin(origin) for origin in outputs.get("origins") or ()],
            "restrictions": _restrictions(config),
            "status": found["Status"],
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.keys - {"retainOnDelete", "tags", "tagsAll", "waitForDeployment"}:
            answer = aws.cloudfront.get_distribution_config(Id=id)
            config = self._config(aws, change.new, answer["DistributionConfig"]["CallerReference"])
            aws.cloudfront.update_distribution(Id=id, IfMatch=answer["ETag"], DistributionConfig=config)
        self.complete(aws, id, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        answer = aws.cloudfront.get_distribution_config(Id=id)
        config, etag = answer["DistributionConfig"], answer["ETag"]
        if config["Enabled"]:
            stopped = {**config, "Enabled": False}
            etag = aws.cloudfront.update_distribution(Id=id, IfMatch=etag, DistributionConfig=stopped)["ETag"]
        if known.get("retainOnDelete") is not True:
            self._deployed(aws, id)
            aws.cloudfront.delete_distribution(Id=id, IfMatch=etag)

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        for item in configs.listed(aws, "list_distributions"):
            if tagging.read(aws.cloudfront, Tagging("cloudfront"), item["ARN"]).get(TOKEN_TAG) == token:
                return str(item["Id"])
        return None


def _shaped(inputs: Properties) -> Properties:
    """The inputs in the shape of the call where more than names differ."""
    shaped = {**inputs}
    shaped["defaultCacheBehavior"] = _behavior(inputs["defaultCacheBehavior"])
    shaped["orderedCacheBehaviors"] = [_behavior(one) for one in inputs.get("orderedCacheBehaviors") or []]
    logging = inputs.get("loggingConfig") or {}
    if logging.get("bucket"):
        shaped["loggingConfig"] = {"enabled": True, "includeCookies": False, "prefix": "", **logging}
    geography = dict((inputs["restrictions"] or {}).get("geoRestriction") or {})
    places = geography.pop("locations", None) or []
    shaped["restrictions"] = {"geoRestriction": {**geography, "quantity": len(places), "items": places}}
    return shaped


def _behavior(behavior: Properties) -> Properties:
    """Cached methods are inside the allowed ones."""
    shaped = {k: v for k, v in behavior.items() if k not in ("allowedMethods", "cachedMethods")}
    allowed, cached = behavior.get("allowedMethods") or [], behavior.get("cachedMethods") or []
    inner = {"quantity": len(cached), "items": cached}
    return {**shaped, "allowedMethods": {"quantity": len(allowed), "items": allowed, "cachedMethods": inner}}


def _seen_behaviors(outputs: Properties, config: Mapping[str, Any]) -> Properties:
    ordered = (config.get("CacheBehaviors") or {}).get("Items") or []
    shown = outputs.get("orderedCacheBehaviors") or []
    return {
        "defaultCacheBehavior": _seen_behavior(outputs["defaultCacheBehavior"], config["DefaultCacheBehavior"]),
        "orderedCacheBehaviors": [_seen_behavior(*pair) for pair in zip(shown, ordered, strict=True)],
    }


def _seen_behavior(shown: Properties, answer: Mapping[str, Any]) -> Properties:
    methods = answer.get("AllowedMethods") or {}
    return {
        **shown,
        "allowedMethods": methods.get("Items") or [],
        "cachedMethods": (methods.get("CachedMethods") or {}).get("Items") or [],
        "forwardedValues": _forwarded(shown.get("forwardedValues"), answer),
    }


def _forwarded(shown: Value, answer: Mapping[str, Any]) -> Value:
    cookies = ((answer.get("ForwardedValues") or {}).get("Cookies") or {}).get("Forward")
    return shown if isinstance(shown, dict) and cookies else None


def _origin(origin: Properties) -> Properties:
    """An origin that is not a bucket with an identity has no s3OriginConfig to programs."""
    identity = (origin.get("s3OriginConfig") or {}).get("originAccessIdentity")
    return origin if identity else {**origin, "s3OriginConfig": None}


def _logging(found: Value) -> Value:
    return found if isinstance(found, dict) and found.get("bucket") else None


def _restrictions(config: Mapping[str, Any]) -> Properties:
    geography = (config.get("Restrictions") or {}).get("GeoRestriction") or {}
    places = geography.get("Items") or []
    return {"geoRestriction": {"restrictionType": geography.get("RestrictionType", "none"), "locations": places}}
