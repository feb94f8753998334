"""Types and functions as programs may shorten them, spelt out.

Pulumi asks the provider's schema which spelling it has. Nearly all providers are bridged and follow one rule (pulumi/
pulumi-terraform-bridge, pkg/tfbridge): the module names the member, in lower case. Those that do not are named here.
"""

from __future__ import annotations

from typing import Final

PLAIN: Final = frozenset(
    {
        "aws-apigateway",
        "aws-native",
        "awsx",
        "azure-native",
        "command",
        "docker-build",
        "eks",
        "google-native",
        "kubernetes",
        "pulumi",
        "pulumiservice",
        "std",
        "terraform",
    }
)


def of_type(text: str) -> str:
    """The full token of a resource type: `aws:s3:Bucket` is `aws:s3/bucket:Bucket`. Raises ValueError."""
    return _spelt(text)


def of_function(text: str) -> str:
    """The full token of a function: `aws:getRegion` is `aws:index/getRegion:getRegion`. Raises ValueError."""
    return _spelt(text)


def _spelt(text: str) -> str:
    parts = text.split(":")
    if len(parts) not in (2, 3) or not all(parts):
        raise ValueError(f"{text!r} is no type: write package:module:Name")
    package, member = parts[0], parts[-1]
    module = parts[1] if len(parts) == 3 else "index"
    if package not in PLAIN and "/" not in module:
        module = f"{module}/{member[0].lower()}{member[1:]}"
    return f"{package}:{module}:{member}"
