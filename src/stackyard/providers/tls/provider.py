"""The resource types and functions of the `tls` package, after hashicorp/tls 4.x.

The module that makes things is loaded on first use, because `cryptography` takes a while.
"""

from __future__ import annotations

import datetime
import functools
import importlib
from collections.abc import Callable
from typing import Any, Final

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Properties
from stackyard.providers import recorded
from stackyard.providers.recorded import Making, Recorder
from stackyard.providers.schemas import Field, Kind

_TEXT: Final = Field(Kind.STRING, replaces=True)
_TEXTS: Final = Field(Kind.LIST, replaces=True, items=Field(Kind.STRING))
_FLAG: Final = Field(Kind.BOOLEAN, replaces=True, default=False)
USES: Final = (
    "any_extended",
    "cert_signing",
    "client_auth",
    "code_signing",
    "content_commitment",
    "crl_signing",
    "data_encipherment",
    "decipher_only",
    "digital_signature",
    "email_protection",
    "encipher_only",
    "ipsec_end_system",
    "ipsec_tunnel",
    "ipsec_user",
    "key_agreement",
    "key_encipherment",
    "microsoft_commercial_code_signing",
    "microsoft_kernel_code_signing",
    "microsoft_server_gated_crypto",
    "netscape_server_gated_crypto",
    "ocsp_signing",
    "server_auth",
    "timestamping",
)
_SUBJECT_FIELDS: Final = {
    **dict.fromkeys(
        (
            "commonName",
            "country",
            "emailAddress",
            "locality",
            "organization",
            "organizationalUnit",
            "postalCode",
            "province",
            "serialNumber",
        ),
        Field(Kind.STRING),
    ),
    "streetAddresses": Field(Kind.LIST, items=Field(Kind.STRING)),
}
_NAMES: Final = {
    "dnsNames": _TEXTS,
    "ipAddresses": _TEXTS,
    "subject": Field(Kind.OBJECT, replaces=True, fields=lambda: _SUBJECT_FIELDS),
    "uris": _TEXTS,
}
_KEY: Final = {
    "privateKeyPem": _TEXT,
    "privateKeyPemWo": Field(Kind.STRING),
    "privateKeyPemWoVersion": Field(Kind.INTEGER, replaces=True),
}
_VALIDITY: Final = {
    "allowedUses": Field(Kind.LIST, required=True, replaces=True, items=Field(Kind.STRING, choices=USES)),
    "earlyRenewalHours": Field(Kind.INTEGER, default=0, minimum=0),
    "isCaCertificate": _FLAG,
    "maxPathLength": Field(Kind.INTEGER, replaces=True, default=-1, minimum=-1),
    "setSubjectKeyId": _FLAG,
    "validityPeriodHours": Field(Kind.INTEGER, required=True, replaces=True, minimum=0),
}
_ISSUED: Final = ("certPem", "readyForRenewal", "validityEndTime", "validityStartTime")


def _made_by(module: str, function: str) -> Callable[[Properties], Any]:
    """A door: `function` of tls.`module`, imported at the first call."""

    @functools.wraps(_made_by)
    def call(inputs: Properties) -> Any:
        return getattr(importlib.import_module(f"stackyard.providers.tls.{module}"), function)(inputs)

    return call


def _one_key(*names: str) -> Callable[[Properties], tuple[CheckFailure, ...]]:
    def faults(inputs: Properties) -> tuple[CheckFailure, ...]:
        given = [name for name in names if inputs.get(name) is not None]
        return () if len(given) == 1 else (CheckFailure(names[0], f"exactly one of {' and '.join(names)} must be set"),)

    return faults


def expired(outputs: Properties, inputs: Properties) -> str:
    """`readyForRenewal` when the certificate's time is up, less the hours of early renewal; else nothing."""
    end = outputs.get("validityEndTime")
    if not isinstance(end, str):
        return ""
    early = inputs.get("earlyRenewalHours", 0)
    if early is UNKNOWN:
        return ""
    renewal = datetime.datetime.fromisoformat(end) - datetime.timedelta(hours=early)
    return "readyForRenewal" if renewal <= datetime.datetime.now(datetime.UTC) else ""


def _recorder(module: str, function: str, **rest: Any) -> Recorder:
    make: Callable[[Properties], Making] = _made_by(module, function)
    return Recorder(make=make, **rest)


_RECORDERS: Final = {
    "tls:index/privateKey:PrivateKey": _recorder(
        "keys",
        "make_private_key",
        schema={
            "algorithm": Field(Kind.STRING, required=True, replaces=True, choices=("RSA", "ECDSA", "ED25519")),
            "ecdsaCurve": Field(Kind.STRING, replaces=True, default="P224", choices=("P224", "P256", "P384", "P521")),
            "rsaBits": Field(Kind.INTEGER, replaces=True, default=2048, minimum=1024),
        },
        computed=(
            "privateKeyOpenssh",
            "privateKeyPem",
            "privateKeyPemPkcs8",
            "publicKeyFingerprintMd5",
            "publicKeyFingerprintSha256",
            "publicKeyOpenssh",
            "publicKeyPem",
        ),
        secrets=("privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"),
    ),
    "tls:index/certRequest:CertRequest": _recorder(
        "certificates",
        "make_request",
        schema={**_NAMES, **_KEY},
        computed=("certRequestPem", "keyAlgorithm"),
        secrets=("privateKeyPem",),
        faults=_one_key("privateKeyPem", "privateKeyPemWo"),
        withheld=("privateKeyPemWo",),
    ),
    "tls:index/selfSignedCert:SelfSignedCert": _recorder(
        "certificates",
        "make_self_signed",
        schema={**_NAMES, **_KEY, **_VALIDITY, "setAuthorityKeyId": _FLAG},
        computed=(*_ISSUED, "keyAlgorithm"),
        secrets=("privateKeyPem",),
        faults=_one_key("privateKeyPem", "privateKeyPemWo"),
        expired=expired,
        withheld=("privateKeyPemWo",),
    ),
    "tls:index/locallySignedCert:LocallySignedCert": _recorder(
        "certificates",
        "make_locally_signed",
        schema={
            **_VALIDITY,
            "caCertPem": Field(Kind.STRING, required=True, replaces=True),
            "caPrivateKeyPem": _TEXT,
            "caPrivateKeyPemWo": Field(Kind.STRING),
            "caPrivateKeyPemWoVersion": Field(Kind.INTEGER, replaces=True),
            "certRequestPem": Field(Kind.STRING, required=True, replaces=True),
        },
        computed=(*_ISSUED, "caKeyAlgorithm"),
        secrets=("caPrivateKeyPem",),
        faults=_one_key("caPrivateKeyPem", "caPrivateKeyPemWo"),
        expired=expired,
        withheld=("caPrivateKeyPemWo",),
    ),
}
_FUNCTIONS: Final = {
    "tls:index/getPublicKey:getPublicKey": _made_by("keys", "get_public_key"),
    "tls:index/getCertificate:getCertificate": _made_by("certificates", "get_certificate"),
}


class TlsProvider(recorded.RecordedProvider):
    """Keys and certificates that stay the same until an input changes or their time is up."""

    def __init__(self) -> None:
        super().__init__("tls", _RECORDERS, _FUNCTIONS)
