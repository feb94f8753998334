"""getPolicyDocument makes the text that Terraform's data source makes."""

from __future__ import annotations

import json

import pytest

from stackyard.errors import ProviderError
from stackyard.providers.aws.iam import documents


def test_the_text_of_a_statement() -> None:
    statement = {
        "sid": "One",
        "actions": ["s3:GetObject", "s3:PutObject"],
        "resources": ["arn:aws:s3:::b/&{aws:username}/*"],
        "principals": [{"type": "AWS", "identifiers": ["b", "a"]}],
        "conditions": [{"test": "StringLike", "variable": "s3:prefix", "values": ["", "home/"]}],
    }
    expected = """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "One",
      "Effect": "Allow",
      "Action": [
        "s3:PutObject",
        "s3:GetObject"
      ],
      "Resource": "arn:aws:s3:::b/${aws:username}/*",
      "Principal": {
        "AWS": [
          "b",
          "a"
        ]
      },
      "Condition": {
        "StringLike": {
          "s3:prefix": [
            "",
            "home/"
          ]
        }
      }
    }
  ]
}"""
    assert documents.encode(documents.build({"statements": [statement]}), indent=2) == expected


def test_everybody_is_a_star() -> None:
    built = documents.build({"statements": [{"actions": ["a:b"], "principals": [{"type": "*", "identifiers": ["*"]}]}]})
    assert built["Statement"] == [{"Effect": "Allow", "Action": "a:b", "Principal": "*"}]


def test_overrides_replace_by_sid_and_sources_come_first() -> None:
    source = json.dumps({"Version": "2008-10-17", "Statement": [{"Sid": "a", "Effect": "Allow", "Action": ["x:y"]}]})
    override = json.dumps({"Statement": {"Sid": "a", "Effect": "Deny", "Action": "x:*"}})
    own = {"sid": "b", "actions": ["z:z"]}
    given = {"sourcePolicyDocuments": [source], "overridePolicyDocuments": [override], "statements": [own]}
    built = documents.build(given)
    assert built == {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "a", "Effect": "Deny", "Action": "x:*"},
            {"Sid": "b", "Effect": "Allow", "Action": "z:z"},
        ],
    }


def test_a_repeated_sid_is_refused() -> None:
    with pytest.raises(ProviderError, match="duplicate Sid"):
        documents.build({"statements": [{"sid": "a"}, {"sid": "a"}]})


def test_special_characters_are_escaped_as_go_does() -> None:
    assert documents.encode({"a": "<&>"}) == '{"a":"\\u003c\\u0026\\u003e"}'
