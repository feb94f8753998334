"""The catalog has a repository of its own, with who may pull and who may push."""

import json
from collections.abc import Callable
from typing import Any

from apps import catalog


def test_images_are_scanned_and_old_ones_go(made: Callable[..., dict[str, list[dict[str, Any]]]]) -> None:
    found = made(catalog.set_up)
    [repository] = found["aws:ecr/repository:Repository"]
    assert repository["name"] == "storefront-qa/catalog"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    assert repository["tags"]["Owner"] == catalog.OWNER
    [policy] = found["aws:ecr/lifecyclePolicy:LifecyclePolicy"]
    assert json.loads(policy["policy"])["rules"][0]["selection"]["countNumber"] == 5


def test_who_pulls_cannot_push(made: Callable[..., dict[str, list[dict[str, Any]]]]) -> None:
    rights = {each["resource"]: each["policy"] for each in made(catalog.set_up)["aws:iam/rolePolicy:RolePolicy"]}
    assert sorted(rights) == ["catalog-pull", "catalog-push"]
    assert "PutImage" not in rights["catalog-pull"]
    assert "GetDownloadUrlForLayer" not in rights["catalog-push"]
