"""The storefront in qa: every application in `apps/` sets itself up."""

import sys
from pathlib import Path

import pulumi

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "packages"))

from apps import registered
from apps.registry import Stage

config = pulumi.Config()
stage = Stage(config.require("product"), config.require("stage"), config.require_int("images_kept"))
for name, outputs in registered.APPLICATIONS.set_up(stage).items():
    pulumi.export(name, outputs)
