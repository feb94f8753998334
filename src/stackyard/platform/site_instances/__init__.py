"""Layer 2: everything of one organization, and nothing of another.

Promise: what a site instance makes is reachable by its own roles only, and costs almost nothing while unused.
"""

from stackyard.platform.site_instances.roles import SiteRoles, SiteRolesSettings
from stackyard.platform.site_instances.site import SiteInstance, SiteInstanceSettings
from stackyard.platform.site_instances.tenants import Contacts, Group, Tenant, read_tenant

__all__ = [
    "Contacts",
    "Group",
    "SiteInstance",
    "SiteInstanceSettings",
    "SiteRoles",
    "SiteRolesSettings",
    "Tenant",
    "read_tenant",
]
