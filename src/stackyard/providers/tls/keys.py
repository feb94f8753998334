"""Makes and reads private keys. Imported only when one is needed: `cryptography` is heavy."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from stackyard.model.values import Properties, Secret
from stackyard.providers.recorded import Making

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
_CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "P224": ec.SECP224R1(),
    "P256": ec.SECP256R1(),
    "P384": ec.SECP384R1(),
    "P521": ec.SECP521R1(),
}
_PEM: Final = serialization.Encoding.PEM
_BARE: Final = serialization.NoEncryption()


def generate(inputs: Properties) -> PrivateKey:
    """A new key of `algorithm` with `rsaBits` or `ecdsaCurve`."""
    if inputs["algorithm"] == "RSA":
        return rsa.generate_private_key(public_exponent=65537, key_size=inputs["rsaBits"])
    if inputs["algorithm"] == "ECDSA":
        return ec.generate_private_key(_CURVES[inputs["ecdsaCurve"]])
    return ed25519.Ed25519PrivateKey.generate()


def algorithm_of(key: PrivateKey | PublicKey) -> str:
    """`RSA`, `ECDSA` or `ED25519`. Raises ValueError for any other."""
    if isinstance(key, (rsa.RSAPrivateKey, rsa.RSAPublicKey)):
        return "RSA"
    if isinstance(key, (ec.EllipticCurvePrivateKey, ec.EllipticCurvePublicKey)):
        return "ECDSA"
    if isinstance(key, (ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey)):
        return "ED25519"
    raise ValueError("the key is neither RSA nor ECDSA nor ED25519")


def load(pem: str, what: str = "privateKeyPem") -> PrivateKey:
    """Read a private key from any PEM form. Raises ValueError naming `what`, never quoting the key."""
    data = pem.encode()
    read = serialization.load_ssh_private_key if "OPENSSH PRIVATE KEY" in pem else serialization.load_pem_private_key
    try:
        key: Any = read(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(f"{what} does not hold a private key in PEM without a passphrase") from None
    algorithm_of(key)
    loaded: PrivateKey = key
    return loaded


def speaks_ssh(key: PrivateKey | PublicKey) -> bool:
    """Whether OpenSSH has a format for it: it has none for the curve P-224."""
    curve = getattr(key, "curve", None)
    return not isinstance(curve, ec.SECP224R1)


def private_texts(key: PrivateKey) -> Properties:
    """The private key as PEM (PKCS#1, SEC 1 or PKCS#8 by algorithm), PKCS#8 PEM and OpenSSH PEM."""
    formats = serialization.PrivateFormat
    first = formats.PKCS8 if isinstance(key, ed25519.Ed25519PrivateKey) else formats.TraditionalOpenSSL
    openssh = key.private_bytes(_PEM, formats.OpenSSH, _BARE).decode() if speaks_ssh(key) else ""
    return {
        "privateKeyPem": key.private_bytes(_PEM, first, _BARE).decode(),
        "privateKeyPemPkcs8": key.private_bytes(_PEM, formats.PKCS8, _BARE).decode(),
        "privateKeyOpenssh": openssh,
    }


def public_texts(key: PublicKey) -> Properties:
    """The public key as PEM, as a line of authorized_keys, and its two fingerprints (empty without an SSH form)."""
    pem = key.public_bytes(_PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    names = ("publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256")
    texts: Properties = {"publicKeyPem": pem, **dict.fromkeys(names, "")}
    if speaks_ssh(key):
        line = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
        blob = base64.b64decode(line.split()[1])
        md5 = hashlib.md5(blob, usedforsecurity=False).hexdigest()
        sha256 = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
        values = (f"{line}\n", ":".join(md5[i : i + 2] for i in range(0, 32, 2)), f"SHA256:{sha256}")
        texts.update(zip(names, values, strict=True))
    return texts


def digest(text: str) -> str:
    """The id of a recorded thing: the SHA-1 of its text without surrounding space, in hexadecimal."""
    return hashlib.sha1(text.strip().encode(), usedforsecurity=False).hexdigest()


def make_private_key(inputs: Properties) -> Making:
    """PrivateKey: a new key in all its forms."""
    key = generate(inputs)
    public = public_texts(key.public_key())
    return digest(public["publicKeyPem"]), {**private_texts(key), **public}


def get_public_key(arguments: Properties) -> Properties:
    """getPublicKey: what can be said of the public half of a private key."""
    given = [name for name in ("privateKeyPem", "privateKeyOpenssh") if arguments.get(name)]
    if len(given) != 1:
        raise ValueError("exactly one of privateKeyPem and privateKeyOpenssh must be set")
    key = load(arguments[given[0]], given[0])
    public = public_texts(key.public_key())
    secret = {given[0]: Secret(arguments[given[0]])}
    return {**secret, "algorithm": algorithm_of(key), **public, "id": digest(public["publicKeyPem"])}
