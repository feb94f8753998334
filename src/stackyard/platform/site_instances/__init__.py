"""Layer 2: everything of one organization, and nothing of another.

Promise: what a site instance makes is reachable by its own roles only, and costs almost nothing while unused.
"""

from stackyard.platform.site_instances.archive import Archive, ArchiveSettings
from stackyard.platform.site_instances.directory import SiteDirectory, SiteDirectorySettings
from stackyard.platform.site_instances.roles import SiteRoles, SiteRolesSettings
from stackyard.platform.site_instances.settling import Settling, SettlingSettings
from stackyard.platform.site_instances.site import SiteInstance, SiteInstanceSettings
from stackyard.platform.site_instances.tenants import read_tenant

__all__ = [
    "Archive",
    "ArchiveSettings",
    "Settling",
    "SettlingSettings",
    "SiteDirectory",
    "SiteDirectorySettings",
    "SiteInstance",
    "SiteInstanceSettings",
    "SiteRoles",
    "SiteRolesSettings",
    "read_tenant",
]
