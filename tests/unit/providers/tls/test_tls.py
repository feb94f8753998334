"""The `tls` package: what it makes is read back with OpenSSL and compared."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from stackyard import errors
from stackyard.model.resources import Resource
from stackyard.model.values import reveal
from stackyard.providers import base, tls
from stackyard.providers.tls import provider as tls_provider

KEY = "tls:index/privateKey:PrivateKey"
REQUEST = "tls:index/certRequest:CertRequest"
SELF_SIGNED = "tls:index/selfSignedCert:SelfSignedCert"
LOCALLY_SIGNED = "tls:index/locallySignedCert:LocallySignedCert"


async def create(type_: str, **inputs: Any) -> tuple[str, dict[str, Any]]:
    provider = tls.TlsProvider()
    checked = await provider.check(base.CheckRequest("urn", type_, "n", inputs))
    assert checked.failures == ()
    made = await provider.create(base.CreateRequest("urn", type_, checked.inputs))
    return made.id, reveal(made.outputs)


async def make_key(algorithm: str = "ED25519", **rest: Any) -> str:
    outputs = (await create(KEY, algorithm=algorithm, **rest))[1]
    return str(outputs["privateKeyPem"])


async def make_authority(key: str, **rest: Any) -> str:
    inputs = {"allowedUses": ["cert_signing"], "validityPeriodHours": 24, "isCaCertificate": True, **rest}
    outputs = (await create(SELF_SIGNED, privateKeyPem=key, subject={"commonName": "Test CA"}, **inputs))[1]
    return str(outputs["certPem"])


@pytest.mark.parametrize(
    ("inputs", "heading"),
    [
        ({"algorithm": "RSA", "rsaBits": 1024}, "RSA PRIVATE KEY"),
        ({"algorithm": "ECDSA", "ecdsaCurve": "P256"}, "EC PRIVATE KEY"),
        ({"algorithm": "ECDSA", "ecdsaCurve": "P384"}, "EC PRIVATE KEY"),
        ({"algorithm": "ED25519"}, "PRIVATE KEY"),
    ],
)
async def test_every_form_of_a_key_is_the_same_key(inputs: dict[str, Any], heading: str) -> None:
    id_, outputs = await create(KEY, **inputs)
    assert outputs["privateKeyPem"].startswith(f"-----BEGIN {heading}-----\n")
    public = {
        serialization.load_pem_private_key(outputs[name].encode(), None)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
        for name in ("privateKeyPem", "privateKeyPemPkcs8")
    }
    assert public == {outputs["publicKeyPem"]}
    opened = serialization.load_ssh_private_key(outputs["privateKeyOpenssh"].encode(), None).public_key()
    line = opened.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    assert outputs["publicKeyOpenssh"] == line.decode() + "\n"
    assert outputs["publicKeyFingerprintSha256"].startswith("SHA256:")
    assert len(outputs["publicKeyFingerprintMd5"]) == 47
    assert len(id_) == 40


async def test_the_default_curve_has_no_ssh_form() -> None:
    outputs = (await create(KEY, algorithm="ECDSA"))[1]
    assert outputs["ecdsaCurve"] == "P224"
    assert outputs["privateKeyOpenssh"] == outputs["publicKeyOpenssh"] == outputs["publicKeyFingerprintMd5"] == ""


async def test_a_public_key_is_read_from_either_form() -> None:
    outputs = (await create(KEY, algorithm="ED25519"))[1]
    provider = tls.TlsProvider()
    for name in ("privateKeyPem", "privateKeyOpenssh"):
        found = await provider.invoke("tls:index/getPublicKey:getPublicKey", {name: outputs[name]})
        assert found.failures == ()
        assert found.outputs["publicKeyOpenssh"] == outputs["publicKeyOpenssh"]
        assert found.outputs["algorithm"] == "ED25519"


async def test_a_broken_key_is_refused_without_being_quoted() -> None:
    found = await tls.TlsProvider().invoke("tls:index/getPublicKey:getPublicKey", {"privateKeyPem": "canary"})
    assert "privateKeyPem" in found.failures[0].reason
    assert "canary" not in found.failures[0].reason


async def test_a_self_signed_certificate_says_what_was_asked() -> None:
    key = await make_key("ECDSA", ecdsaCurve="P384")
    id_, outputs = await create(
        SELF_SIGNED,
        privateKeyPem=key,
        subject={"commonName": "example.test", "organization": "Examples", "streetAddresses": ["1 A St", "Floor 2"]},
        dnsNames=["example.test", "*.example.test"],
        ipAddresses=["127.0.0.1", "::1"],
        uris=["spiffe://example/one"],
        allowedUses=["digital_signature", "server_auth"],
        validityPeriodHours=36,
        setSubjectKeyId=True,
        setAuthorityKeyId=True,
    )
    certificate = x509.load_pem_x509_certificate(outputs["certPem"].encode())
    certificate.verify_directly_issued_by(certificate)
    assert str(certificate.serial_number) == id_
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == datetime.timedelta(hours=36)
    assert outputs["validityEndTime"] == certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["example.test", "*.example.test"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    own = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == own
    assert certificate.signature_hash_algorithm is not None
    assert certificate.signature_hash_algorithm.name == "sha384"
    assert outputs["keyAlgorithm"] == "ECDSA"
    assert outputs["maxPathLength"] == -1


async def test_a_request_is_signed_by_an_authority() -> None:
    authority_key, key = await make_key(), await make_key("ECDSA", ecdsaCurve="P256")
    authority = await make_authority(authority_key, maxPathLength=0)
    request = (await create(REQUEST, privateKeyPem=key, subject={"commonName": "leaf"}, dnsNames=["leaf.test"]))[1]
    outputs = (
        await create(
            LOCALLY_SIGNED,
            caCertPem=authority,
            caPrivateKeyPem=authority_key,
            certRequestPem=request["certRequestPem"],
            allowedUses=["server_auth"],
            validityPeriodHours=1,
        )
    )[1]
    issuer, leaf = (x509.load_pem_x509_certificate(pem.encode()) for pem in (authority, outputs["certPem"]))
    leaf.verify_directly_issued_by(issuer)
    assert outputs["caKeyAlgorithm"] == "ED25519"
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["leaf.test"]
    basic = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (basic.ca, basic.path_length) == (True, 0)
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == identifier


async def test_an_authority_signs_only_with_its_own_key() -> None:
    authority = await make_authority(await make_key())
    with pytest.raises(errors.ProviderError, match="not the key of caCertPem"):
        await create(
            LOCALLY_SIGNED,
            caCertPem=authority,
            caPrivateKeyPem=await make_key(),
            certRequestPem="x",
            allowedUses=[],
            validityPeriodHours=1,
        )


async def test_an_authority_needs_a_subject() -> None:
    with pytest.raises(errors.ProviderError, match="at least one name"):
        await create(
            SELF_SIGNED,
            privateKeyPem=await make_key(),
            isCaCertificate=True,
            allowedUses=["cert_signing"],
            validityPeriodHours=1,
        )


async def test_exactly_one_private_key_is_asked_for() -> None:
    inputs = {"allowedUses": [], "validityPeriodHours": 1}
    checked = await tls.TlsProvider().check(base.CheckRequest("urn", SELF_SIGNED, "n", inputs))
    assert "exactly one of" in checked.failures[0].reason


async def test_a_write_only_key_is_not_recorded() -> None:
    outputs = (await create(REQUEST, privateKeyPemWo=await make_key(), privateKeyPemWoVersion=1))[1]
    assert "privateKeyPemWo" not in outputs
    assert outputs["certRequestPem"].startswith("-----BEGIN CERTIFICATE REQUEST-----")


def _ending(hours: float) -> dict[str, Any]:
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=hours)
    return {"validityEndTime": end.strftime("%Y-%m-%dT%H:%M:%SZ")}


def test_a_certificate_is_renewed_when_its_time_is_up() -> None:
    assert tls_provider.expired(_ending(2), {"earlyRenewalHours": 1}) == ""
    assert tls_provider.expired(_ending(2), {"earlyRenewalHours": 3}) == "readyForRenewal"
    assert tls_provider.expired(_ending(-1), {}) == "readyForRenewal"
    assert tls_provider.expired({}, {}) == ""


async def test_a_certificate_that_is_ready_for_renewal_is_replaced() -> None:
    inputs = {"privateKeyPem": "k", "allowedUses": [], "validityPeriodHours": 1, "earlyRenewalHours": 2}
    old = Resource("urn", SELF_SIGNED, True, id="1", inputs=inputs, outputs={**inputs, **_ending(1)})
    difference = await tls.TlsProvider().diff(base.DiffRequest("urn", SELF_SIGNED, old, inputs))
    assert difference.replaces == ("readyForRenewal",)
    made = await tls.TlsProvider().read(base.ReadRequest("urn", SELF_SIGNED, "1", inputs, old.outputs))
    assert made is not None
    assert made.outputs["readyForRenewal"] is True


async def test_a_certificate_is_described() -> None:
    pem = await make_authority(await make_key())
    found = await tls.TlsProvider().invoke("tls:index/getCertificate:getCertificate", {"content": pem + pem})
    assert len(found.outputs["certificates"]) == 2
    first = found.outputs["certificates"][0]
    assert (first["subject"], first["isCa"], first["version"]) == ("CN=Test CA", True, 3)
    assert (first["publicKeyAlgorithm"], first["signatureAlgorithm"]) == ("ED25519", "Ed25519")
    refused = await tls.TlsProvider().invoke("tls:index/getCertificate:getCertificate", {"url": "https://x"})
    assert "not fetched" in refused.failures[0].reason
