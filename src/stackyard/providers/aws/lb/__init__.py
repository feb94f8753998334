"""Elastic Load Balancing (version 2): load balancers, target groups, listeners and their rules."""

TYPES = {
    "Listener": "listeners",
    "ListenerRule": "listeners",
    "LoadBalancer": "load_balancers",
    "TargetGroup": "target_groups",
    "TargetGroupAttachment": "target_groups",
}
FUNCTIONS = {
    "getListener": "lookups",
    "getLoadBalancer": "lookups",
    "getTargetGroup": "lookups",
}
