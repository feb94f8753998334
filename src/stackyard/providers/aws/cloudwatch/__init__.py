"""Amazon CloudWatch, CloudWatch Logs and EventBridge, which Pulumi keeps in one module."""

TYPES = {
    "Dashboard": "dashboards",
    "EventBus": "events",
    "EventRule": "events",
    "EventTarget": "targets",
    "LogGroup": "logs",
    "LogStream": "logs",
    "MetricAlarm": "alarms",
}
FUNCTIONS = {"getLogGroup": "logs"}
