"""Monitors of the whole product. Simulated: nothing is made in Datadog."""

import sys
from pathlib import Path

import pulumi

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "packages"))

from platform_services.saas import Monitor

config = pulumi.Config()
product, notify = config.require("product"), config.require("notify")
shop = pulumi.StackReference(f"{pulumi.get_organization()}/storefront/Production")
orders = shop.require_output("checkout")["orders"]

Monitor(
    "orders-wait",
    {
        "type": "query alert",
        "query": pulumi.Output.concat("max(last_5m):max:aws.sqs.approximate_age{queue:", orders, "} > 300"),
        "message": f"Orders of {product} wait for more than five minutes. {notify}",
        "tags": [f"product:{product}"],
    },
)
pulumi.export("monitors", 1)
