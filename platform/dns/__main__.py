"""The platform's names, and where they lead: the API and the page, which share an address."""

import pulumi

from stackyard.platform.components import Tags, read_settings
from stackyard.platform.service_fabric import Dns, DnsSettings

api = pulumi.StackReference(f"{pulumi.get_organization()}/control_api/{pulumi.get_stack()}")
dns = Dns("dns", read_settings(DnsSettings, api_id=api.require_output("api_id")), Tags.current("fabric"))

pulumi.export("zone_id", dns.zone.zone_id)
pulumi.export("name_servers", dns.zone.name_servers)
pulumi.export("certificate_arn", dns.certificate_arn)
pulumi.export("urls", dns.urls)
