"""Opens the backend that a URL names."""

from __future__ import annotations

from typing import Final, cast

from stackyard import errors
from stackyard.kit import registry
from stackyard.state.base import Backend

GROUP: Final = "stackyard.backends"


def open_backend(url: str) -> Backend:
    """The backend of `file:///abs`, `file://~`, `file://.`, a bare path, or another installed scheme.

    Raises `errors.StateError` for a scheme that nobody here knows. Nothing is read or made yet.
    """
    scheme = url.partition(":")[0] if "://" in url or url.startswith("file:") else "file"
    try:
        implementation = registry.load(GROUP, scheme)
    except KeyError:
        raise errors.StateError(
            f"state on {scheme}:// is not supported",
            hint=f"supported are: {', '.join(f'{name}://' for name in registry.names(GROUP))}",
        ) from None
    return cast(Backend, implementation(url))
