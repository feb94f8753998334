"""The `random` package: values drawn once and then remembered in state.

Promise: randomness comes from the operating system; passwords and bytes are secret; nothing exists outside state.
Must not: reproduce the Terraform provider's sequence for a `seed`: a seed is stable here, but other values come of it.
"""

from stackyard.providers.random.provider import RandomProvider

__all__ = ["RandomProvider"]
