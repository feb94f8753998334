"""AWS Systems Manager: the parameter store."""

TYPES = {"Parameter": "parameters"}
FUNCTIONS = {"getParameter": "parameters", "getParametersByPath": "parameters"}
