"""AWS Step Functions: state machines."""

TYPES = {"StateMachine": "state_machines"}
FUNCTIONS: dict[str, str] = {}
