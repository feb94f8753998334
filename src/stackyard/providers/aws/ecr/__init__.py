"""Amazon ECR: image repositories and their policies."""

TYPES = {"LifecyclePolicy": "repositories", "Repository": "repositories", "RepositoryPolicy": "repositories"}
FUNCTIONS: dict[str, str] = {}
