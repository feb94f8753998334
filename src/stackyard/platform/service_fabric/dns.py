"""The platform's names: its zone, the certificate for everything in it, and what each name leads to."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.platform.components.component import Component
from stackyard.platform.components.settings import Input, Settings
from stackyard.platform.components.tags import Tags


class DnsSettings(Settings):
    """`domain` is the stage's own; `names` are those below it that lead to the API `api_id` (its page's, too).

    `delegated`: the parent zone names this zone's servers, so that the certificate can be issued. A new domain comes up
    with false first, which makes the zone and tells its servers.
    """

    domain: str = pydantic.Field(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$")
    names: tuple[str, ...] = pydantic.Field(default=("api", "console"), min_length=1)
    api_id: Input
    delegated: bool = True
    proof_seconds: int = pydantic.Field(default=300, ge=60, le=86400)


class Dns(Component):
    """Makes a zone, one certificate for the domain and all names below it, and a domain name of the API for each name.

    Costs 0.50 USD a month for the zone, 0.40 USD per million questions; certificates and domain names are free.
    """

    def __init__(
        self, name: str, settings: DnsSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("service_fabric:Dns", name, tags, opts)
        self.settings = settings
        self.zone = aws.route53.Zone(
            name,
            name=settings.domain,
            comment=f"The platform, {tags.environment}",
            tags=self.tagged(settings.domain),
            opts=self.below(),
        )
        certificate = self._certificate()
        self.certificate_arn: pulumi.Output[str] = certificate.arn
        self.urls: dict[str, str] = {}
        if settings.delegated:
            self.certificate_arn = self._issued(certificate)
            self.urls = {each: self._named(each) for each in settings.names}
        self.register_outputs(
            {"zone_id": self.zone.zone_id, "certificate_arn": self.certificate_arn, "urls": self.urls}
        )

    def _certificate(self) -> aws.acm.Certificate:
        return aws.acm.Certificate(
            self.name,
            domain_name=self.settings.domain,
            subject_alternative_names=[f"*.{self.settings.domain}"],
            validation_method="DNS",
            tags=self.tagged(self.settings.domain),
            opts=self.below(),
        )

    def _issued(self, certificate: aws.acm.Certificate) -> pulumi.Output[str]:
        """The certificate once it is issued. The domain and its wildcard are proven by one and the same record."""
        proof = certificate.domain_validation_options[0]
        record = aws.route53.Record(
            f"{self.name}-proof",
            zone_id=self.zone.zone_id,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=self.settings.proof_seconds,
            allow_overwrite=True,
            opts=pulumi.ResourceOptions(parent=certificate),
        )
        issued = aws.acm.CertificateValidation(
            self.name,
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            opts=pulumi.ResourceOptions(parent=certificate),
        )
        return issued.certificate_arn

    def _named(self, name: str) -> str:
        """Let a name lead to the API; its address."""
        whole = f"{name}.{self.settings.domain}"
        domain = aws.apigatewayv2.DomainName(
            f"{self.name}-{name}",
            domain_name=whole,
            domain_name_configuration={
                "certificate_arn": self.certificate_arn,
                "endpoint_type": "REGIONAL",
                "security_policy": "TLS_1_2",
            },
            tags=self.tagged(whole),
            opts=self.below(),
        )
        inside = pulumi.ResourceOptions(parent=domain)
        aws.apigatewayv2.ApiMapping(
            f"{self.name}-{name}",
            api_id=self.settings.api_id,
            domain_name=domain.id,
            stage="$default",
            opts=inside,
        )
        for kind in ("A", "AAAA"):
            aws.route53.Record(
                f"{self.name}-{name}-{kind.lower()}",
                zone_id=self.zone.zone_id,
                name=whole,
                type=kind,
                aliases=[_target(domain)],
                opts=inside,
            )
        return f"https://{whole}"


def _target(domain: aws.apigatewayv2.DomainName) -> dict[str, Any]:
    shown = domain.domain_name_configuration
    return {
        "name": shown.target_domain_name,
        "zone_id": shown.hosted_zone_id,
        "evaluate_target_health": False,
    }
