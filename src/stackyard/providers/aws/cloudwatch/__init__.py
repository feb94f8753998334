"""Amazon CloudWatch, CloudWatch Logs and EventBridge, which Pulumi keeps in one module."""

TYPES = {
    "CompositeAlarm": "composites",
    "Dashboard": "dashboards",
    "EventApiDestination": "destinations",
    "EventArchive": "archives",
    "EventBus": "events",
    "EventBusPolicy": "permissions",
    "EventConnection": "destinations",
    "EventPermission": "permissions",
    "EventRule": "events",
    "EventTarget": "targets",
    "LogGroup": "logs",
    "LogMetricFilter": "filters",
    "LogResourcePolicy": "filters",
    "LogStream": "logs",
    "LogSubscriptionFilter": "filters",
    "MetricAlarm": "alarms",
}
FUNCTIONS = {
    "getEventBus": "events",
    "getLogGroup": "logs",
}
