"""What may read an origin: identities, and the access controls that follow them."""

from __future__ import annotations

from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws.cloudfront.configs import Tagged, listed
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import FoundBy, fixed
from stackyard.providers.aws.naming import Naming


class OriginAccessControl(Tagged):
    """`aws:cloudfront/originAccessControl:OriginAccessControl`; names are unique in an account."""

    naming = Naming(limit=64)
    thing, call, config = "OriginAccessControl", "origin_access_control", "OriginAccessControlConfig"
    defaults = fixed(description="Managed by Pulumi")
    volatile = ("etag",)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = super().read(aws, id, known)
        arn = aws.arn("cloudfront", f"origin-access-control/{id}", regional=False)
        return None if found is None else {**found, "arn": arn}

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        items = listed(aws, "list_origin_access_controls")
        return next((str(one["Id"]) for one in items if one["Name"] == inputs["name"]), None)


class OriginAccessIdentity(Tagged):
    """`aws:cloudfront/originAccessIdentity:OriginAccessIdentity`. Its caller reference is the creation's token."""

    found_by = FoundBy.TOKEN
    thing, call = "CloudFrontOriginAccessIdentity", "cloud_front_origin_access_identity"
    config = "CloudFrontOriginAccessIdentityConfig"
    volatile = ("etag",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        config = {"CallerReference": token[:32] or "stackyard", "Comment": inputs.get("comment") or ""}
        made = aws.cloudfront.create_cloud_front_origin_access_identity(**{self.config: config})
        return str(made[self.thing]["Id"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found, etag = self.answered(aws, id)
        user = f"arn:{aws.partition}:iam::cloudfront:user/CloudFront Origin Access Identity {id}"
        return {
            "arn": aws.arn("cloudfront", f"origin-access-identity/{id}", regional=False),
            "callerReference": found[self.config]["CallerReference"],
            "cloudfrontAccessIdentityPath": f"origin-access-identity/cloudfront/{id}",
            "comment": found[self.config].get("Comment", ""),
            "etag": etag,
            "iamArn": user,
            "s3CanonicalUserId": found.get("S3CanonicalUserId", ""),
        }

    def update(self, aws: Aws, id: str, change: Any) -> None:
        found, etag = self.answered(aws, id)
        config = {**found[self.config], "Comment": change.new.get("comment") or ""}
        aws.cloudfront.update_cloud_front_origin_access_identity(Id=id, IfMatch=etag, **{self.config: config})

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        for item in listed(aws, "list_cloud_front_origin_access_identities"):
            found, _ = self.answered(aws, item["Id"])
            if found[self.config]["CallerReference"] == token[:32]:
                return str(item["Id"])
        return None
