"""Layer 4: hosted project × git ref × environment name, with its services switched on.

Promise: what an environment's run may reach is its own; all that computes is paid by use, unless a service says so.
"""

from stackyard.platform.activated_environments.environment import (
    ActivatedEnvironment,
    ActivatedEnvironmentSettings,
    PluginsMount,
    SiteReach,
)
from stackyard.platform.activated_environments.records import read_activation

__all__ = ["ActivatedEnvironment", "ActivatedEnvironmentSettings", "PluginsMount", "SiteReach", "read_activation"]
