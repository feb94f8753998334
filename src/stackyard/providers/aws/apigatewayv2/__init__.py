"""Amazon API Gateway v2: HTTP and WebSocket APIs. It does not know the REST APIs of `apigateway`."""

TYPES = {
    "Api": "apis",
    "Authorizer": "authorizers",
    "Deployment": "stages",
    "Integration": "integrations",
    "Route": "routes",
    "Stage": "stages",
}
FUNCTIONS: dict[str, str] = {}
