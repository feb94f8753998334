"""The catalog: what the shop sells."""

from typing import Any

from platform_services.images import ImageRepository

from apps.registry import APPLICATIONS, Stage

OWNER = "team-catalog"


@APPLICATIONS.application("catalog")
def set_up(stage: Stage) -> dict[str, Any]:
    """A repository for the catalog's images."""
    images = ImageRepository(
        "catalog", path=stage.path("catalog"), kept=stage.images_kept, tags=stage.tags("catalog", OWNER)
    )
    return dict(images.outputs)
