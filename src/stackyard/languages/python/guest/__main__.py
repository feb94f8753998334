"""Started as `python <this file> <descriptor of the control socket>`: serve forks until the socket closes."""

from __future__ import annotations

import importlib.util
import os
import sys

NAME = "_stackyard_guest"
HERE = os.path.dirname(os.path.abspath(__file__))


def load() -> None:
    """Make this folder the package `NAME`, and take it off the path."""
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != HERE]
    spec = importlib.util.spec_from_file_location(
        NAME, os.path.join(HERE, "__init__.py"), submodule_search_locations=[HERE]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)


if __name__ == "__main__":
    load()
    zygote = importlib.import_module(f"{NAME}.zygote")
    job = zygote.serve(int(sys.argv[1]))
    # Only a forked child comes this far: the zygote itself never returns.
    importlib.import_module(f"{NAME}.program").run(job)
