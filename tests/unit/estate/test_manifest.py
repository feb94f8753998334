"""The manifest: what is read, what is refused, and that the published schema agrees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stackyard.estate import manifest, schema

WHOLE = """
organization: acme
account: "123456789012"
backend: {url: "file://./state"}
engines: {pulumi: [legacy/*]}
layers:
  - {name: fabric, paths: [network, "fabric/*"], tags: [shared]}
  - {name: apps, paths: [apps]}
discovery: {paths: ["**"], ignore: [attic], sources: [packages/shared/src]}
fleets:
  - {project: site, registry: tenants, stack: "{entry}.Production", config: {"site:entry": "{entry}"}}
stacks:
  "*/Production": {cloud: aws, tags: [prod]}
  api/QA: {depends_on: [network/QA, "other/dns/{stack}"]}
tags: {pci: [apps/pay]}
"""


def test_a_whole_manifest() -> None:
    read, found = manifest.parse(WHOLE, "stackyard.yaml")
    assert found == ()
    assert (read.organization, read.account, read.backend_url) == ("acme", "123456789012", "file://./state")
    assert [(layer.name, layer.order, str(layer.position)) for layer in read.layers] == [
        ("fabric", 0, "stackyard.yaml:7:5"),
        ("apps", 1, "stackyard.yaml:8:5"),
    ]
    assert (read.layer("fabric/dns"), read.layer("apps/pay/db"), read.layer("else")) == ("fabric", "apps", "")
    assert (read.engine("legacy/old"), read.engine("network")) == ("pulumi", "embedded")
    assert (read.project_tags("network"), read.project_tags("apps/pay")) == (("shared",), ("pci",))
    assert (read.ignores("attic/deep"), read.ignores("apps")) == (True, False)
    assert [rule.pattern for rule in read.rules if rule.names("api/QA")] == ["api/QA"]
    assert str(read.rules[1].depends_on[1][1]) == "stackyard.yaml:14:37"
    assert read.fleets[0].stack == "{entry}.Production"
    assert read.sources == ("packages/shared/src",)


def test_an_empty_manifest_is_an_estate() -> None:
    assert manifest.parse("", "m") == (manifest.Manifest(), ())
    assert manifest.parse("{}", "m") == (manifest.Manifest(), ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("organisation: a", "m:1:1: error: unknown key 'organisation' (did you mean \"organization\"?)"),
        ("organization: a/b", "m:1:15: error: organization cannot be 'a/b'"),
        ("organization: 7", "m:1:15: error: organization must be text, not '7' (put it in quotes: \"…\")"),
        ("account: 123456789012", "m:1:10: error: account must be text"),
        ('account: "123"', "m:1:10: error: account cannot be '123'"),
        ("backend: file://x", "m:1:10: error: backend must be a mapping, not 'file://x'"),
        ("backend: {}", "m:1:10: error: backend lacks 'url'"),
        ("layers: {a: b}", "m:1:9: error: layers must be a list, not a mapping"),
        ("layers:\n- {name: a}", "m:2:3: error: layers[0] lacks 'paths'"),
        ("layers:\n- {name: a, paths: x}", "m:2:20: error: layers[0].paths must be a list"),
        (
            "layers:\n- {name: a, paths: [x]}\n- {name: a, paths: [y]}",
            "m:3:10: error: layer 'a' is there twice: also on line 2",
        ),
        ("fleets:\n- {project: p}", "m:2:3: error: fleets[0] lacks 'registry'"),
        ("fleets:\n- {project: p, registry: r, stack: QA}", "m:2:36: error: fleets[0].stack cannot be 'QA'"),
        ("stacks: {a/b: {cloud: awss}}", "m:1:23: error: stacks.a/b.cloud cannot be 'awss' (did you mean \"aws\"?)"),
        ("stacks: {a/b: {tag: [x]}}", "m:1:16: error: unknown key 'tag' in stacks.a/b (did you mean \"tags\"?)"),
        ("stacks: {a/b: {depends_on: [[]]}}", "m:1:29: error: stacks.a/b.depends_on[0] must be text, not a list"),
        ("tags: {pci: apps}", "m:1:13: error: tags.pci must be a list"),
        ("tags: {pci: ['']}", "m:1:14: error: tags.pci[0] cannot be ''"),
        ("- a", "m:1:1: error: the document must be a mapping, not a list"),
        ("a: [", "m:2:1: error: malformed YAML"),
    ],
)
def test_faults(text: str, expected: str) -> None:
    _, found = manifest.parse(text, "m")
    assert len(found) == 1
    assert str(found[0]).startswith(expected)


def test_several_faults_are_told_at_once_and_the_rest_is_read() -> None:
    read, found = manifest.parse(
        "organization: acme\nlayer: []\nbackend: 3\ntags: {x: 1, y: [z]}\norganization: b", "m"
    )
    assert sorted(d.position.line for d in found if d.position) == [2, 3, 4, 5]
    assert (read.organization, dict(read.tags)) == ("acme", {"y": ("z",)})


def test_a_file_that_is_too_large_or_a_link_is_refused(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    large.write_text("#" * (1 << 20) + "\n")
    (tmp_path / "link.yaml").symlink_to(large)
    (tmp_path / "latin.yaml").write_bytes(b"organization: caf\xe9")
    messages = [
        str(manifest.read(tmp_path / name, name)[1][0]) for name in ("large.yaml", "link.yaml", "latin.yaml", "none")
    ]
    assert messages[0].startswith("large.yaml: error: is larger than 1024 KiB")
    assert messages[1].startswith("link.yaml: error: symbolic links are not followed")
    assert messages[2].startswith("latin.yaml: error: is not UTF-8 text (byte 17)")
    assert messages[3].startswith("none: error: cannot be read")


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    yield node
    for key in ("properties", "$defs"):
        for below in node.get(key, {}).values():
            yield from _schemas(below)
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from _schemas(node[key])


def test_the_published_schema_uses_only_what_the_reader_understands() -> None:
    for node in _schemas(manifest.published_schema()):
        assert set(node) <= schema.KEYWORDS
        assert node.get("type") != "object" or "additionalProperties" in node


def test_every_key_of_the_schema_is_in_the_whole_manifest() -> None:
    """So that a key which the schema allows and nobody reads is noticed above."""
    for key in manifest.published_schema()["properties"]:
        assert f"\n{key}:" in WHOLE
