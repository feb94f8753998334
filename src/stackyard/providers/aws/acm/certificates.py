"""Certificates, requested or imported. The id is the ARN."""

from __future__ import annotations

from typing import Any

from stackyard.errors import ProviderError
from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, FoundBy, Kind
from stackyard.providers.aws.tagging import Tagging, mapping, pairs

PREFERENCE = "certificateTransparencyLoggingPreference"


class Certificate(Kind):
    """`aws:acm/certificate:Certificate`."""

    replaces = (
        "domainName",
        "subjectAlternativeNames",
        "validationMethod",
        "validationOptions",
        "keyAlgorithm",
        "certificateAuthorityArn",
    )
    sets = ("subjectAlternativeNames", "validationOptions")
    computed = ("domainName", "keyAlgorithm", "options", "subjectAlternativeNames", "validationMethod")
    volatile = ("notBefore", "notAfter", "status")
    write_only = ("privateKey",)
    unsupported = ("earlyRenewalDuration", "privateKeyWo", "privateKeyWoVersion")
    found_by = FoundBy.TAG
    tagging = Tagging(
        "acm",
        by="id",
        add="add_tags_to_certificate",
        remove="remove_tags_from_certificate",
        read="list_tags_for_certificate",
    )

    def check(self, inputs: Properties) -> list[CheckFailure]:
        if inputs.get("privateKey") is None and inputs.get("domainName") is None:
            return [CheckFailure("domainName", "must be given, or privateKey and certificateBody to import one")]
        method = inputs.get("validationMethod")
        if method not in (None, UNKNOWN, "DNS", "EMAIL"):
            return [CheckFailure("validationMethod", "must be DNS or EMAIL")]
        return []

    def same(self, key: str, left: Value, right: Value) -> bool:
        """Names are compared as DNS does."""
        if isinstance(left, str) and isinstance(right, str) and key == "domainName":
            return left.lower().rstrip(".") == right.lower().rstrip(".")
        return False

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        tags = {"Tags": pairs(inputs["tagsAll"])} if inputs.get("tagsAll") else {}
        if inputs.get("privateKey"):
            return str(aws.acm.import_certificate(**_imported(inputs), **tags)["CertificateArn"])
        optional = {
            "ValidationMethod": inputs.get("validationMethod"),
            "SubjectAlternativeNames": inputs.get("subjectAlternativeNames"),
            "KeyAlgorithm": inputs.get("keyAlgorithm"),
            "CertificateAuthorityArn": inputs.get("certificateAuthorityArn"),
            "Options": _options(inputs),
            "DomainValidationOptions": [
                {"DomainName": each["domainName"], "ValidationDomain": each["validationDomain"]}
                for each in inputs.get("validationOptions") or ()
            ],
        }
        given = {name: value for name, value in optional.items() if value}
        made = aws.acm.request_certificate(
            DomainName=inputs["domainName"], IdempotencyToken=token[:32], **given, **tags
        )
        return str(made["CertificateArn"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        """The records that prove a domain appear a moment after the request."""
        if inputs.get("validationMethod") == "DNS":
            aws.wait(f"the validation records of {id}", lambda: _proofs(_described(aws, id)), timeout=300)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = _described(aws, id)
        domain = found["DomainName"]
        names = found.get("SubjectAlternativeNames") or []
        said = known.get("subjectAlternativeNames") or ()
        options = found.get("DomainValidationOptions") or []
        dates = {"notBefore": found.get("NotBefore"), "notAfter": found.get("NotAfter")}
        outputs: Properties = {
            "arn": id,
            "certificateAuthorityArn": found.get("CertificateAuthorityArn", ""),
            "domainName": domain,
            "domainValidationOptions": _proofs(found) or [],
            "keyAlgorithm": found.get("KeyAlgorithm", "RSA_2048").replace("-", "_"),
            "options": {
                PREFERENCE: found.get("Options", {}).get("CertificateTransparencyLoggingPreference", "ENABLED")
            },
            "pendingRenewal": False,
            "renewalEligibility": found.get("RenewalEligibility", ""),
            "status": found["Status"],
            # ACM lists the domain among its alternatives; a program that leaves it out means the same.
            "subjectAlternativeNames": sorted(name for name in names if name != domain or name in said),
            "type": found.get("Type", ""),
            "validationEmails": sorted({mail for each in options for mail in each.get("ValidationEmails") or ()}),
            "validationMethod": next(
                (each["ValidationMethod"] for each in options if "ValidationMethod" in each), "NONE"
            ),
        }
        return outputs | {name: when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else "" for name, when in dates.items()}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.any("privateKey", "certificateBody", "certificateChain"):
            aws.acm.import_certificate(CertificateArn=id, **_imported(change.new))
        if change.any("options") and (options := _options(change.new)):
            aws.acm.update_certificate_options(CertificateArn=id, Options=options)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.persist(lambda: aws.acm.delete_certificate(CertificateArn=id), "ResourceInUseException")

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        for each in aws.pages("acm", "list_certificates", "CertificateSummaryList"):
            tags = mapping(aws.acm.list_tags_for_certificate(CertificateArn=each["CertificateArn"])["Tags"])
            if tags.get("stackyard:token") == token:
                return str(each["CertificateArn"])
        return None


class CertificateValidation(Kind):
    """`aws:acm/certificateValidation:CertificateValidation`: nothing of its own; it waits until one is issued."""

    naming = None
    replaces = ("certificateArn", "validationRecordFqdns")
    sets = ("validationRecordFqdns",)
    timeout = 4500

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        return str(inputs["certificateArn"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        def issued() -> bool:
            status = _described(aws, id)["Status"]
            if status in ("FAILED", "REVOKED", "EXPIRED", "VALIDATION_TIMED_OUT"):
                raise ProviderError(f"certificate {id} is {status}, so it will never be issued")
            return bool(status == "ISSUED")

        aws.wait(f"certificate {id} to be issued", issued)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        return {"certificateArn": id} if _described(aws, id)["Status"] == "ISSUED" else None

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """Both inputs replace it."""

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        """There is nothing to delete."""

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["certificateArn"])


def _described(aws: Aws, id: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.acm.describe_certificate(CertificateArn=id)["Certificate"]
    return found


def _proofs(found: dict[str, Any]) -> list[Properties] | None:
    """The records that prove each domain; None while one is still missing."""
    options = found.get("DomainValidationOptions") or []
    if not all(each.get("ResourceRecord") for each in options):
        return None
    return [
        {
            "domainName": each["DomainName"],
            "resourceRecordName": each["ResourceRecord"]["Name"],
            "resourceRecordType": each["ResourceRecord"]["Type"],
            "resourceRecordValue": each["ResourceRecord"]["Value"],
        }
        for each in sorted(options, key=lambda each: str(each["DomainName"]).lstrip("*."))
    ]


def _options(inputs: Properties) -> dict[str, Any]:
    options = inputs.get("options") or {}
    said = {"CertificateTransparencyLoggingPreference": options.get(PREFERENCE), "Export": options.get("export")}
    return {name: value for name, value in said.items() if value}


def _imported(inputs: Properties) -> dict[str, bytes]:
    texts = {"Certificate": "certificateBody", "PrivateKey": "privateKey", "CertificateChain": "certificateChain"}
    return {member: inputs[name].encode() for member, name in texts.items() if inputs.get(name)}
