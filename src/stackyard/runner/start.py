"""The door: `python -I start.py run` or `python -I start.py install-plugins`.

The folder is loaded as the package `runner`, so that nothing beside it can be imported by accident.
"""

import importlib
import importlib.util
import pathlib
import sys

HERE = pathlib.Path(__file__).parent


def main() -> int:
    """Load the package and do what the command line says."""
    spec = importlib.util.spec_from_file_location(
        "runner", HERE / "__init__.py", submodule_search_locations=[str(HERE)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{HERE} is not a package")
    package = importlib.util.module_from_spec(spec)
    sys.modules["runner"] = package
    spec.loader.exec_module(package)
    status: int = importlib.import_module("runner.commands").main(sys.argv[1:])
    return status


if __name__ == "__main__":
    sys.exit(main())
