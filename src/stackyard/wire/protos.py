"""Pulumi's generated messages, without the SDK around them.

`import pulumi` takes 150 ms and 40 MB; the generated modules stand on protobuf alone, so they are loaded from the
SDK's folder as a package of their own. Loading the SDK as well is harmless: protobuf keeps one copy of a message.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from typing import Any, Final

from stackyard import errors

_PACKAGE: Final = "stackyard_pulumi_protos"


def _load(name: str) -> Any:
    if _PACKAGE not in sys.modules:
        sdk = importlib.util.find_spec("pulumi")
        if sdk is None or not sdk.origin:
            raise errors.UsageError(
                "Pulumi's Python SDK is not installed beside stackyard", hint="pip install 'stackyard[embedded]'"
            )
        spec = importlib.machinery.ModuleSpec(_PACKAGE, None, is_package=True)
        spec.submodule_search_locations = [str(Path(sdk.origin).parent / "runtime" / "proto")]
        sys.modules[_PACKAGE] = importlib.util.module_from_spec(spec)
    return importlib.import_module(f"{_PACKAGE}.{name}")


resource: Any = _load("resource_pb2")
provider: Any = _load("provider_pb2")
engine: Any = _load("engine_pb2")
status: Any = _load("status_pb2")
