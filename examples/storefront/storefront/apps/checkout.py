"""The checkout: baskets become orders, which others hear of by a queue."""

from typing import Any

import pulumi_aws as aws
from platform_services.images import ImageRepository

from apps.registry import APPLICATIONS, Stage

OWNER = "team-checkout"


@APPLICATIONS.application("checkout")
def set_up(stage: Stage) -> dict[str, Any]:
    """A repository for the checkout's images, and the queue of orders."""
    tags = stage.tags("checkout", OWNER)
    images = ImageRepository("checkout", path=stage.path("checkout"), kept=stage.images_kept, tags=tags)
    orders = aws.sqs.Queue("checkout-orders", sqs_managed_sse_enabled=True, tags=tags)
    return {**images.outputs, "orders": orders.url}
