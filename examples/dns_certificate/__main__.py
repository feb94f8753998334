"""A zone, its records, and a certificate that is proven by a record of the zone."""

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
domain = config.get("domain") or "shop.example"
address = config.get("address") or "192.0.2.10"

zone = aws.route53.Zone("main", name=domain, comment="The shop", force_destroy=True)
apex = aws.route53.Record("apex", zone_id=zone.zone_id, name=domain, type="A", ttl=300, records=[address])
www = aws.route53.Record(
    "www", zone_id=zone.zone_id, name=f"www.{domain}", type="CNAME", ttl=300, records=[f"{domain}."]
)
mail = aws.route53.Record(
    "mail", zone_id=zone.zone_id, name=domain, type="MX", ttl=3600, records=["10 mail.example.", "20 mail2.example."]
)

certificate = aws.acm.Certificate(
    "main", domain_name=domain, subject_alternative_names=[f"*.{domain}"], validation_method="DNS"
)
proof = certificate.domain_validation_options[0]
aws.route53.Record(
    "proof",
    zone_id=zone.zone_id,
    name=proof.resource_record_name,
    type=proof.resource_record_type,
    ttl=60,
    records=[proof.resource_record_value],
    allow_overwrite=True,
)

pulumi.export("zone_id", zone.zone_id)
pulumi.export("name_servers", zone.name_servers)
pulumi.export("certificate_arn", certificate.arn)
pulumi.export("address", apex.fqdn)
