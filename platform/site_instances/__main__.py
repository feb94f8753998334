"""Everything of one organization, in an account of its own: one stack for each file of the tenants folder."""

import pulumi

from stackyard.platform.components import Tags
from stackyard.platform.site_instances import SiteInstance, SiteInstanceSettings, read_tenant

config = pulumi.Config()
organization = config.require("organization")
tenant = read_tenant(config.require("tenant"))

stage = pulumi.get_stack().split(".")[-1]
identity = pulumi.StackReference(f"{pulumi.get_organization()}/identity/{stage}")

site = SiteInstance(
    organization,
    SiteInstanceSettings(tenant=tenant, broker_arn=identity.require_output("broker_arn")),
    Tags.current("sites", organization=organization, cost_owner=tenant.cost_owner),
)

for name, value in site.outputs().items():
    pulumi.export(name, value)
