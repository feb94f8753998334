"""Layer 1: what all organizations share. One stack of each project per deployment stage.

Promise: nothing here belongs to one organization, and its cost grows slower than their number.
"""

from stackyard.platform.service_fabric.compute import Compute, ComputeSettings
from stackyard.platform.service_fabric.control_api import ApiFunction, ControlApi, ControlApiSettings, Route
from stackyard.platform.service_fabric.control_tables import ControlTables, ControlTablesSettings, TableShape
from stackyard.platform.service_fabric.control_web import ControlWeb, ControlWebSettings
from stackyard.platform.service_fabric.deployers import Deployers, DeployersSettings
from stackyard.platform.service_fabric.dns import Dns, DnsSettings
from stackyard.platform.service_fabric.image_registry import ImageRegistry, ImageRegistrySettings
from stackyard.platform.service_fabric.network import Network, NetworkSettings
from stackyard.platform.service_fabric.observability import Alarm, Observability, ObservabilitySettings

__all__ = [
    "Alarm",
    "ApiFunction",
    "Compute",
    "ComputeSettings",
    "ControlApi",
    "ControlApiSettings",
    "ControlTables",
    "ControlTablesSettings",
    "ControlWeb",
    "ControlWebSettings",
    "Deployers",
    "DeployersSettings",
    "Dns",
    "DnsSettings",
    "ImageRegistry",
    "ImageRegistrySettings",
    "Network",
    "NetworkSettings",
    "Observability",
    "ObservabilitySettings",
    "Route",
    "TableShape",
]
