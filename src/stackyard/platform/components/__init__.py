"""What components of several layers are made of: settings, tags, and the small resources that recur.

Promise: no word of one layer. It must not import a layer's package.
"""

from stackyard.platform.components.component import Component
from stackyard.platform.components.encryption_key import EncryptionKey, EncryptionKeySettings
from stackyard.platform.components.function import FunctionSettings, ServiceFunction
from stackyard.platform.components.permission_boundary import PermissionBoundary, PermissionBoundarySettings
from stackyard.platform.components.private_bucket import PrivateBucket, PrivateBucketSettings
from stackyard.platform.components.settings import Settings, read_settings
from stackyard.platform.components.tags import Tags

__all__ = [
    "Component",
    "EncryptionKey",
    "EncryptionKeySettings",
    "FunctionSettings",
    "PermissionBoundary",
    "PermissionBoundarySettings",
    "PrivateBucket",
    "PrivateBucketSettings",
    "ServiceFunction",
    "Settings",
    "Tags",
    "read_settings",
]
