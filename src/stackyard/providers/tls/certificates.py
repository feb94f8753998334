"""Makes certificate requests and certificates (RFC 5280), and reads certificates."""

from __future__ import annotations

import datetime
import ipaddress
import secrets
from collections.abc import Iterable
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stackyard.model.values import Properties
from stackyard.providers.recorded import Making
from stackyard.providers.tls import keys

_NAME_OIDS: Final = {
    "country": NameOID.COUNTRY_NAME,
    "province": NameOID.STATE_OR_PROVINCE_NAME,
    "locality": NameOID.LOCALITY_NAME,
    "streetAddresses": NameOID.STREET_ADDRESS,
    "organization": NameOID.ORGANIZATION_NAME,
    "organizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "postalCode": NameOID.POSTAL_CODE,
    "commonName": NameOID.COMMON_NAME,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "emailAddress": NameOID.EMAIL_ADDRESS,
}
_KEY_USES: Final = {
    "digital_signature": "digital_signature",
    "content_commitment": "content_commitment",
    "key_encipherment": "key_encipherment",
    "data_encipherment": "data_encipherment",
    "key_agreement": "key_agreement",
    "cert_signing": "key_cert_sign",
    "crl_signing": "crl_sign",
    "encipher_only": "encipher_only",
    "decipher_only": "decipher_only",
}
_EXTENDED_USES: Final = {
    "any_extended": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "server_auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client_auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code_signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email_protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "ipsec_end_system": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.5"),
    "ipsec_tunnel": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.6"),
    "ipsec_user": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.7"),
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp_signing": ExtendedKeyUsageOID.OCSP_SIGNING,
    "microsoft_server_gated_crypto": x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.3"),
    "netscape_server_gated_crypto": x509.ObjectIdentifier("2.16.840.1.113730.4.1"),
    "microsoft_commercial_code_signing": x509.ObjectIdentifier("1.3.6.1.4.1.311.2.1.22"),
    "microsoft_kernel_code_signing": x509.ObjectIdentifier("1.3.6.1.4.1.311.61.1.1"),
}


def _signing_hash(key: keys.PrivateKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    """The hash Go's crypto/x509 signs with: by curve for ECDSA, none for ED25519."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    curve = getattr(key, "curve", None)
    if isinstance(curve, ec.SECP384R1):
        return hashes.SHA384()
    return hashes.SHA512() if isinstance(curve, ec.SECP521R1) else hashes.SHA256()


def _subject(inputs: Properties) -> x509.Name:
    given = inputs.get("subject") or {}
    attributes = []
    for name, oid in _NAME_OIDS.items():
        value = given.get(name)
        texts = value if isinstance(value, list) else [value]
        attributes += [x509.NameAttribute(oid, text) for text in texts if text]
    return x509.Name(attributes)


def _alternative_names(inputs: Properties) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in inputs.get("dnsNames") or ()]
    names += [x509.IPAddress(ipaddress.ip_address(text)) for text in inputs.get("ipAddresses") or ()]
    names += [x509.UniformResourceIdentifier(text) for text in inputs.get("uris") or ()]
    return names


def _key_usage(uses: Iterable[str]) -> x509.KeyUsage | None:
    chosen = {_KEY_USES[use] for use in uses if use in _KEY_USES}
    if not chosen:
        return None
    flags = {name: name in chosen for name in _KEY_USES.values()}
    # RFC 5280, 4.2.1.3: these two mean nothing without keyAgreement, and the encoder refuses them.
    if not flags["key_agreement"]:
        flags["encipher_only"] = flags["decipher_only"] = False
    return x509.KeyUsage(**flags)


def _serial() -> int:
    """Positive and at most 20 octets (RFC 5280, 4.1.2.2)."""
    return secrets.randbelow((1 << 128) - 1) + 1


class _Draft:
    """A certificate being filled in."""

    def __init__(self, inputs: Properties, subject: x509.Name, public_key: Any) -> None:
        self.inputs = inputs
        self.serial = _serial()
        self.start = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        self.end = self.start + datetime.timedelta(hours=inputs["validityPeriodHours"])
        self.public_key = public_key
        self.key_id = x509.SubjectKeyIdentifier.from_public_key(public_key)
        self.builder = (
            x509.CertificateBuilder(subject_name=subject, public_key=public_key, serial_number=self.serial)
            .not_valid_before(self.start)
            .not_valid_after(self.end)
        )
        self._extend(subject)

    def _extend(self, subject: x509.Name) -> None:
        inputs = self.inputs
        is_ca, length = bool(inputs["isCaCertificate"]), inputs["maxPathLength"]
        if is_ca and not list(subject):
            raise ValueError("the subject of a certificate authority needs at least one name")
        basic = x509.BasicConstraints(ca=is_ca, path_length=length if is_ca and length >= 0 else None)
        self.add(basic, critical=True)
        usage = _key_usage(inputs["allowedUses"])
        if usage:
            self.add(usage, critical=True)
        extended = [_EXTENDED_USES[use] for use in inputs["allowedUses"] if use in _EXTENDED_USES]
        if extended:
            self.add(x509.ExtendedKeyUsage(extended), critical=False)
        if is_ca or inputs["setSubjectKeyId"]:
            self.add(self.key_id, critical=False)

    def add(self, extension: x509.ExtensionType, *, critical: bool) -> None:
        self.builder = self.builder.add_extension(extension, critical=critical)

    def names(self, names: list[x509.GeneralName], subject: x509.Name) -> None:
        """Alternative names, critical when the subject is empty (RFC 5280, 4.2.1.6)."""
        if names:
            self.add(x509.SubjectAlternativeName(names), critical=not list(subject))

    def signed(self, issuer: x509.Name, key: keys.PrivateKey) -> Making:
        certificate = self.builder.issuer_name(issuer).sign(key, _signing_hash(key))
        return str(self.serial), {
            "certPem": certificate.public_bytes(serialization.Encoding.PEM).decode(),
            "readyForRenewal": False,
            "validityStartTime": _rfc3339(self.start),
            "validityEndTime": _rfc3339(self.end),
        }


def _rfc3339(time: datetime.datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _own_key(inputs: Properties, name: str = "privateKeyPem") -> keys.PrivateKey:
    return keys.load(inputs.get(name) or inputs[f"{name}Wo"], name)


def make_request(inputs: Properties) -> Making:
    """CertRequest: a PKCS#10 request (RFC 2986)."""
    key = _own_key(inputs)
    builder = x509.CertificateSigningRequestBuilder(subject_name=_subject(inputs))
    names = _alternative_names(inputs)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    request = builder.sign(key, _signing_hash(key))
    pem = request.public_bytes(serialization.Encoding.PEM).decode()
    return keys.digest(pem), {"certRequestPem": pem, "keyAlgorithm": keys.algorithm_of(key)}


def make_self_signed(inputs: Properties) -> Making:
    """SelfSignedCert: the subject is its own issuer."""
    key, subject = _own_key(inputs), _subject(inputs)
    draft = _Draft(inputs, subject, key.public_key())
    draft.names(_alternative_names(inputs), subject)
    if inputs["setAuthorityKeyId"]:
        draft.add(x509.AuthorityKeyIdentifier(draft.key_id.digest, None, None), critical=False)
    id_, outputs = draft.signed(subject, key)
    return id_, {**outputs, "keyAlgorithm": keys.algorithm_of(key)}


def make_locally_signed(inputs: Properties) -> Making:
    """LocallySignedCert: a request, signed by a certificate authority whose key is at hand."""
    authority = _load_certificate(inputs["caCertPem"], "caCertPem")
    key = _own_key(inputs, "caPrivateKeyPem")
    if _public_bytes(key.public_key()) != _public_bytes(authority.public_key()):
        raise ValueError("caPrivateKeyPem is not the key of caCertPem")
    try:
        request = x509.load_pem_x509_csr(inputs["certRequestPem"].encode())
    except ValueError:
        raise ValueError("certRequestPem does not hold a certificate request in PEM") from None
    if not request.is_signature_valid:
        raise ValueError("the signature of certRequestPem is not valid")
    draft = _Draft(inputs, request.subject, request.public_key())
    draft.names(_requested_names(request), request.subject)
    identifier = _authority_key_id(authority)
    if identifier:
        draft.add(x509.AuthorityKeyIdentifier(identifier, None, None), critical=False)
    id_, outputs = draft.signed(authority.subject, key)
    return id_, {**outputs, "caKeyAlgorithm": keys.algorithm_of(key)}


def _requested_names(request: x509.CertificateSigningRequest) -> list[x509.GeneralName]:
    try:
        return list(request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def _authority_key_id(authority: x509.Certificate) -> bytes:
    try:
        return authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return b""


def _public_bytes(key: Any) -> bytes:
    data: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return data


def _load_certificate(pem: str, what: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise ValueError(f"{what} does not hold a certificate in PEM") from None


def get_certificate(arguments: Properties) -> Properties:
    """getCertificate of `content`. A `url` is not fetched: nothing here opens connections."""
    if arguments.get("url") or not arguments.get("content"):
        raise ValueError("only `content` can be read here; certificates are not fetched from a `url`")
    try:
        found = x509.load_pem_x509_certificates(arguments["content"].encode())
    except ValueError:
        raise ValueError("content does not hold certificates in PEM") from None
    described = [_described(certificate) for certificate in found]
    return {"content": arguments["content"], "certificates": described, "id": keys.digest(arguments["content"])}


def _described(certificate: x509.Certificate) -> Properties:
    try:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        is_ca, length = basic.ca, basic.path_length
    except x509.ExtensionNotFound:
        is_ca, length = False, None
    return {
        "certPem": certificate.public_bytes(serialization.Encoding.PEM).decode(),
        "isCa": is_ca,
        "issuer": certificate.issuer.rfc4514_string(),
        "maxPathLength": -1 if length is None else length,
        "notAfter": _rfc3339(certificate.not_valid_after_utc),
        "notBefore": _rfc3339(certificate.not_valid_before_utc),
        "publicKeyAlgorithm": _algorithm(certificate),
        "serialNumber": str(certificate.serial_number),
        "sha1Fingerprint": certificate.fingerprint(hashes.SHA1()).hex(),
        "signatureAlgorithm": _signature_name(certificate),
        "subject": certificate.subject.rfc4514_string(),
        "version": certificate.version.value + 1,
    }


def _algorithm(certificate: x509.Certificate) -> str:
    key: Any = certificate.public_key()
    return keys.algorithm_of(key)


def _signature_name(certificate: x509.Certificate) -> str:
    """As Go writes it: SHA256-RSA, ECDSA-SHA256, Ed25519."""
    chosen = certificate.signature_hash_algorithm
    if chosen is None:
        return "Ed25519"
    name = chosen.name.upper()
    # sha256WithRSAEncryption and its like share one arc; the others of interest are ECDSA.
    is_rsa = certificate.signature_algorithm_oid.dotted_string.startswith("1.2.840.113549.1.1.")
    return f"{name}-RSA" if is_rsa else f"ECDSA-{name}"
