"""Rules of network ACLs in the words of EC2."""

from __future__ import annotations

import pytest

from stackyard.providers.aws import catalog
from stackyard.providers.aws.ec2 import acls

RULE = {"ruleNo": 100, "action": "ALLOW", "protocol": "tcp", "fromPort": 80, "toPort": 81, "cidrBlock": "10.0.0.0/8"}


def test_a_rule_with_ports() -> None:
    assert acls.entry(RULE, egress=False) == {
        "CidrBlock": "10.0.0.0/8",
        "Egress": False,
        "PortRange": {"From": 80, "To": 81},
        "Protocol": "6",
        "RuleAction": "allow",
        "RuleNumber": 100,
    }


def test_a_rule_without_ports_has_none() -> None:
    assert "PortRange" not in acls.entry({**RULE, "protocol": "-1"}, egress=True)
    icmp = acls.entry({**RULE, "protocol": "icmp", "icmpType": -1, "icmpCode": -1}, egress=True)
    assert icmp["IcmpTypeCode"] == {"Type": -1, "Code": -1}


@pytest.mark.parametrize(("text", "number"), [("all", "-1"), ("TCP", "6"), ("17", "17"), ("icmpv6", "58")])
def test_protocols_have_numbers(text: str, number: str) -> None:
    assert acls.protocol(text) == number


def test_rules_are_the_same_in_any_order_and_spelling() -> None:
    kind = catalog.kind("aws:ec2/networkAcl:NetworkAcl")
    other = {**RULE, "ruleNo": 200}
    told = [{**other, "icmpType": 0, "ipv6CidrBlock": ""}, {**RULE, "protocol": "6", "action": "allow"}]
    assert kind.same("ingress", [RULE, other], told)
    assert not kind.same("ingress", [RULE], told)


def test_a_public_key_is_the_same_with_another_comment() -> None:
    kind = catalog.kind("aws:ec2/keyPair:KeyPair")
    assert kind.same("publicKey", "ssh-rsa AAAA me@here", "ssh-rsa AAAA my-key")
    assert not kind.same("publicKey", "ssh-rsa AAAA me", "ssh-rsa BBBB me")
