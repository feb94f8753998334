"""Properties meet botocore's shapes by name, and come back."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from stackyard.providers.aws import shapes, tagging
from stackyard.providers.aws.schemas import Schema
from stackyard.providers.aws.settings import TagSettings


def shape(service: str, operation: str) -> Any:
    return botocore.session.Session().get_service_model(service).operation_model(operation).input_shape


def schema(outputs: dict[str, Any], objects: dict[str, Any] | None = None) -> Schema:
    return Schema({}, frozenset(), outputs, frozenset(), objects or {})


def test_case_and_a_plural_s_are_ignored() -> None:
    given = {"clusterName": "c", "capacityProvider": ["x"], "nothing": 1, "settings": []}
    assert shapes.request(shape("ecs", "CreateCluster"), given, {}) == {"clusterName": "c", "capacityProviders": ["x"]}


def test_names_are_paths() -> None:
    given = {"attributes": [{"name": "id", "type": "S"}]}
    names = {
        "attributes": "AttributeDefinitions",
        "attributes.name": "AttributeName",
        "attributes.type": "AttributeType",
    }
    expected = {"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}
    assert shapes.request(shape("dynamodb", "CreateTable"), given, names) == expected


def test_values_take_the_member_s_type_and_maps_become_pairs() -> None:
    given = {"dimensions": {"Stage": "dev"}, "period": "60", "threshold": 1, "actionsEnabled": "true"}
    found = shapes.request(shape("cloudwatch", "PutMetricAlarm"), given, {})
    assert found == {
        "Dimensions": [{"Name": "Stage", "Value": "dev"}],
        "Period": 60,
        "Threshold": 1.0,
        "ActionsEnabled": True,
    }
    assert isinstance(found["Threshold"], float)


def test_an_answer_becomes_properties_of_the_declared_types() -> None:
    outputs = {"ids": ["list", "string"], "block": ["object", "Block"], "port": "string", "tags": ["map", "string"]}
    objects = {"Block": {"outputs": {"size": "integer"}}}
    answer = {"Ids": {"Quantity": 1, "Items": ["a"]}, "Block": [{"Size": 5.0}], "Port": 80, "Other": 1}
    answer["Tags"] = [{"Key": "a", "Value": "b"}]
    found = shapes.properties(schema(outputs, objects), outputs, answer, {})
    assert found == {"ids": ["a"], "block": {"size": 5}, "port": "80", "tags": {"a": "b"}}


@pytest.mark.parametrize(
    ("service", "operation", "expected"),
    [
        ("kms", "TagResource", [{"TagKey": "a", "TagValue": "b"}]),
        ("ecs", "TagResource", [{"key": "a", "value": "b"}]),
        ("logs", "TagResource", {"a": "b"}),
        ("cloudfront", "TagResource", {"Items": [{"Key": "a", "Value": "b"}]}),
    ],
)
def test_tags_take_the_form_of_the_service(service: str, operation: str, expected: Any) -> None:
    members = shape(service, operation).members
    member = members.get("Tags") or members["tags"]
    assert tagging.encode({"a": "b"}, member) == expected
    assert tagging.mapping(expected) == {"a": "b"}


def test_tags_of_others_do_not_show() -> None:
    settings = TagSettings({"team": "core"}, frozenset({"x"}), ("y:",))
    tags = {"team": "core", "x": "1", "y:z": "2", "aws:cf": "3", tagging.TOKEN_TAG: "4", "mine": "5"}
    visible = tagging.visible(tags, settings)
    assert visible == {"mine": "5", "team": "core"}
    assert tagging.own(visible, {}, settings) == {"mine": "5"}
    assert tagging.own(visible, {"team": "core"}, settings) == {"mine": "5", "team": "core"}
