"""Layer 3: one git repository with one `meltano.yml`, as its organization's account knows it.

Promise: nothing here computes; cost is linear in the number of projects and their secrets.
"""

from stackyard.platform.hosted_projects.project import HostedProject, HostedProjectSettings

__all__ = ["HostedProject", "HostedProjectSettings"]
