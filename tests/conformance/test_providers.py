"""Every provider keeps the contract (the suite is stackyard.testing.provider_suite)."""

from __future__ import annotations

import functools
import os
from typing import ClassVar

from stackyard.providers import base, command, random, simulated, tls
from stackyard.testing import providers
from stackyard.testing.provider_suite import Case, ProviderSuite

_RSA_FREE_KEY = {"algorithm": "ED25519"}


def _pem() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    key = ed25519.Ed25519PrivateKey.generate()
    formats = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*formats).decode()


class TestRandomId(ProviderSuite):
    case: ClassVar[Case] = Case(
        provider=random.RandomProvider,
        type="random:index/randomId:RandomId",
        inputs={"byteLength": 8, "prefix": "p-"},
        changed={"byteLength": 8, "prefix": "p-", "keepers": {"version": "2"}},
        replaces=True,
        wrong=(({}, "byteLength"), ({"byteLength": 0}, "byteLength"), ({"byteLength": 8, "length": 1}, "length")),
        unknown="prefix",
        computed=("b64Std", "b64Url", "dec", "hex"),
    )


class TestRandomPassword(ProviderSuite):
    case: ClassVar[Case] = Case(
        provider=random.RandomProvider,
        type="random:index/randomPassword:RandomPassword",
        inputs={"length": 20, "special": False},
        changed={"length": 24, "special": False},
        replaces=True,
        wrong=(({"length": "long"}, "length"), ({"length": 3, "minUpper": 4}, "length")),
        unknown="length",
        secrets=("result", "bcryptHash"),
        computed=("result", "bcryptHash"),
    )


class TestRandomPet(ProviderSuite):
    case: ClassVar[Case] = Case(
        provider=random.RandomProvider,
        type="random:index/randomPet:RandomPet",
        inputs={},
        changed={"length": 3},
        replaces=True,
        wrong=(({"length": [1]}, "length"),),
    )


class TestPrivateKey(ProviderSuite):
    case: ClassVar[Case] = Case(
        provider=tls.TlsProvider,
        type="tls:index/privateKey:PrivateKey",
        inputs=_RSA_FREE_KEY,
        changed={"algorithm": "ECDSA", "ecdsaCurve": "P256"},
        replaces=True,
        wrong=(({}, "algorithm"), ({"algorithm": "DSA"}, "algorithm")),
        secrets=("privateKeyPem", "privateKeyOpenssh", "privateKeyPemPkcs8"),
        computed=("privateKeyPem", "publicKeyPem", "publicKeyOpenssh"),
    )


class TestSelfSignedCert(ProviderSuite):
    _inputs: ClassVar[dict[str, object]] = {
        "privateKeyPem": _pem(),
        "subject": {"commonName": "example.test"},
        "allowedUses": ["server_auth"],
        "validityPeriodHours": 12,
    }
    case: ClassVar[Case] = Case(
        provider=tls.TlsProvider,
        type="tls:index/selfSignedCert:SelfSignedCert",
        inputs=_inputs,
        changed={**_inputs, "dnsNames": ["example.test"]},
        replaces=True,
        updated={**_inputs, "earlyRenewalHours": 1},
        wrong=(({**_inputs, "allowedUses": ["sign_anything"]}, "allowedUses[0]"),),
        unknown="privateKeyPem",
        secrets=("privateKeyPem",),
        computed=("certPem", "validityEndTime", "keyAlgorithm"),
    )


class TestCommand(ProviderSuite):
    case: ClassVar[Case] = Case(
        provider=command.CommandProvider,
        type="command:local:Command",
        inputs={"create": "echo made", "delete": "echo gone"},
        changed={"create": "echo made", "delete": "echo gone", "triggers": ["2"]},
        replaces=True,
        updated={"create": "echo again", "delete": "echo gone"},
        wrong=(({"create": ["echo"]}, "create"), ({"cerate": "echo"}, "cerate")),
        unknown="create",
        computed=("stdout", "stderr"),
        crash=base.Presence.UNSURE,
        environ={"PATH": os.environ["PATH"]},
    )


class TestSimulatedWithSdk(ProviderSuite):
    """`random` stands for any package whose SDK is installed here."""

    case: ClassVar[Case] = Case(
        provider=functools.partial(simulated.SimulatedProvider, "random"),
        type="random:index/randomInteger:RandomInteger",
        inputs={"min": 1, "max": 6},
        changed={"min": 1, "max": 20},
        replaces=False,
        updated={"min": 1, "max": 20},
        wrong=(({"min": 1}, "max"), ({"min": 1, "max": 2, "sides": 6}, "sides"), ({"min": [], "max": 2}, "min")),
        unknown="max",
        computed=("result",),
        closed=False,
    )


class TestSimulatedWithoutSdk(ProviderSuite):
    case: ClassVar[Case] = Case(
        provider=functools.partial(simulated.SimulatedProvider, "nosuchpackage"),
        type="nosuchpackage:index:Thing",
        inputs={"size": 3},
        changed={"size": 4},
        replaces=False,
        updated={"size": 4},
        unknown="size",
        closed=False,
    )


class TestInMemory(ProviderSuite):
    case: ClassVar[Case] = Case(
        provider=functools.partial(
            providers.MemoryProvider,
            rules={"test:index:Thing": providers.Rules(replaces=("kind",), required=("kind",), autoname=True)},
        ),
        type="test:index:Thing",
        inputs={"kind": "a", "size": 1},
        changed={"kind": "b", "size": 1},
        replaces=True,
        updated={"kind": "a", "size": 2},
        wrong=(({"size": 1}, "kind"),),
        unknown="size",
        closed=False,
    )


class TestInMemoryUncertain(ProviderSuite):
    case: ClassVar[Case] = Case(
        provider=functools.partial(
            providers.MemoryProvider,
            rules={
                "test:index:Thing": providers.Rules(
                    computed={"arn": lambda item: f"arn:{item.id}"}, uncertain=True, first=True
                )
            },
        ),
        type="test:index:Thing",
        inputs={"size": 1},
        changed={"size": 2},
        replaces=False,
        updated={"size": 2},
        unknown="size",
        computed=("arn",),
        crash=base.Presence.UNSURE,
        closed=False,
    )
