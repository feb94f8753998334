"""AWS Cloud Map: namespaces, services and their instances."""

TYPES = {
    "HttpNamespace": "namespaces",
    "Instance": "services",
    "PrivateDnsNamespace": "namespaces",
    "PublicDnsNamespace": "namespaces",
    "Service": "services",
}
FUNCTIONS = {
    "getDnsNamespace": "namespaces",
}
