"""Lifecycle rules of a bucket, as a resource of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws.s3.settings import Setting


class BucketLifecycleConfiguration(Setting):
    """`aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration`."""

    sets = ("rules", "rules[*].transitions", "rules[*].noncurrentVersionTransitions")
    computed = ("rules[*].filter", "rules[*].id", "rules[*].filter.prefix", "transitionDefaultMinimumObjectSize")
    put, get = "put_bucket_lifecycle_configuration", "get_bucket_lifecycle_configuration"
    remove, member = "delete_bucket_lifecycle", "LifecycleConfiguration"
    unsupported = ("timeouts",)

    def value(self, inputs: Properties) -> Any:
        return {"rules": inputs.get("rules") or []}

    def request(self, aws: Any, given: Properties) -> dict[str, Any]:
        """S3 wants a filter or a prefix in every rule, even one that lets everything through."""
        found = super().request(aws, given)
        for rule, wanted in zip(found["Rules"], given["rules"], strict=True):
            if "Filter" not in rule and "Prefix" not in rule:
                rule["Filter"] = {}
            if "prefix" in wanted.get("filter", {}):
                rule["Filter"]["Prefix"] = wanted["filter"]["prefix"]
        return found

    def outputs(self, found: Mapping[str, Any]) -> Properties | None:
        size = found.get("TransitionDefaultMinimumObjectSize")
        return {**self.properties(found), **({"transitionDefaultMinimumObjectSize": size} if size else {})}

    def _put(self, aws: Any, id: str, inputs: Properties) -> None:
        carried = self.request(aws, self.value(inputs))
        size = inputs.get("transitionDefaultMinimumObjectSize")
        more = {"TransitionDefaultMinimumObjectSize": size} if size else {}
        aws.s3.put_bucket_lifecycle_configuration(**self._at(id), LifecycleConfiguration=carried, **more)


BucketLifecycleConfigurationV2 = BucketLifecycleConfiguration
