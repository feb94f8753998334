"""The door of the server: `python __main__.py <order as JSON>`; the order is `orders.Order`.

The folder is loaded as the package `cloudserver`, so that nothing beside it can be imported by accident.
"""

import importlib
import importlib.util
import pathlib
import sys

HERE = pathlib.Path(__file__).parent


def main() -> int:
    """Load the package and run the order."""
    spec = importlib.util.spec_from_file_location(
        "cloudserver", HERE / "__init__.py", submodule_search_locations=[str(HERE)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{HERE} is not a package")
    package = importlib.util.module_from_spec(spec)
    sys.modules["cloudserver"] = package
    spec.loader.exec_module(package)
    status: int = importlib.import_module("cloudserver.running").main(sys.argv[1])
    return status


if __name__ == "__main__":
    sys.exit(main())
