"""Image repositories, who may use them, and which images expire. A repository's id is its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging


class Repository(Table):
    """`aws:ecr/repository:Repository`."""

    service = "ecr"
    naming = Naming(limit=256, lower=True)
    names = given(
        name="repositoryName",
        arn="repositoryArn",
        repositoryUrl="repositoryUri",
        encryptionConfigurations="encryptionConfiguration",
    )
    id = "repositoryName"
    defaults = fixed(imageTagMutability="MUTABLE", forceDelete=False)
    replaces = ("name", "encryptionConfigurations")
    computed = ("encryptionConfigurations", "imageScanningConfiguration")
    unsupported = ("imageTagMutabilityExclusionFilters",)
    tagging = Tagging("ecr", by="arn")
    making = Call("create_repository", at="repository")
    reading = Call("describe_repositories", given(repositoryNames=["$id"]), at="repositories[0]")
    changing = (
        Call("put_image_tag_mutability", given(repositoryName="$id"), when=("imageTagMutability",)),
        Call("put_image_scanning_configuration", given(repositoryName="$id"), when=("imageScanningConfiguration",)),
    )
    removing = Call("delete_repository", given(repositoryName="$id", force="$forceDelete"))
    cleared = fixed(imageScanningConfiguration={"scanOnPush": False})

    def sent(self, inputs: Properties) -> Properties:
        """ECR takes one encryption configuration; Terraform's schema has a list of at most one."""
        found = dict(inputs)
        settings = found.pop("encryptionConfigurations", None)
        return {**found, "encryptionConfiguration": settings[0]} if settings else found

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        outputs.setdefault("imageScanningConfiguration", {"scanOnPush": False})
        return outputs

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])


class _Policy(Kind):
    """A document of a repository; its id is the repository's name."""

    naming = None
    replaces = ("repository",)
    documents = ("policy",)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["repository"])


class LifecyclePolicy(_Policy):
    """`aws:ecr/lifecyclePolicy:LifecyclePolicy`."""

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.ecr.put_lifecycle_policy(repositoryName=inputs["repository"], lifecyclePolicyText=inputs["policy"])
        return str(inputs["repository"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.ecr.get_lifecycle_policy(repositoryName=id)
        return {"repository": id, "policy": found["lifecyclePolicyText"], "registryId": found.get("registryId")}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self.create(aws, change.new, "")

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.ecr.delete_lifecycle_policy(repositoryName=id)


class RepositoryPolicy(_Policy):
    """`aws:ecr/repositoryPolicy:RepositoryPolicy`."""

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.ecr.set_repository_policy(repositoryName=inputs["repository"], policyText=inputs["policy"])
        return str(inputs["repository"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.ecr.get_repository_policy(repositoryName=id)
        return {"repository": id, "policy": found["policyText"], "registryId": found.get("registryId")}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self.create(aws, change.new, "")

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.ecr.delete_repository_policy(repositoryName=id)
