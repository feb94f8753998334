"""`ls` counts what `up` says that it made."""

from __future__ import annotations

from stackyard.model.resources import Resource
from stackyard.operations import listing

ROOT = "urn:pulumi:dev::shop::"


def _one(type_: str, name: str, *, custom: bool = True, external: bool = False, delete: bool = False) -> Resource:
    return Resource(f"{ROOT}{type_}::{name}", type_, custom=custom, external=external, delete=delete)


def test_the_stack_and_components_count_and_what_nobody_declared_does_not() -> None:
    declared = [
        _one("pulumi:pulumi:Stack", "shop-dev", custom=False),
        _one("shop:Cart", "cart", custom=False),
        _one("aws:s3/bucket:Bucket", "images"),
        _one("pulumi:providers:aws", "elsewhere"),
    ]
    others = [
        _one("pulumi:providers:aws", "default_7_51_1"),
        _one("pulumi:pulumi:StackReference", "network", external=True),
        _one("aws:s3/bucket:Bucket", "images", delete=True),
    ]
    assert listing.counted([*declared, *others]) == len(declared)
