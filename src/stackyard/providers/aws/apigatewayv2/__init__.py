"""Amazon API Gateway v2: HTTP and WebSocket APIs. It does not know the REST APIs of `apigateway`."""

TYPES = {
    "Api": "apis",
    "ApiMapping": "domains",
    "Authorizer": "authorizers",
    "Deployment": "stages",
    "DomainName": "domains",
    "Integration": "integrations",
    "IntegrationResponse": "conversations",
    "Model": "conversations",
    "Route": "routes",
    "RouteResponse": "conversations",
    "Stage": "stages",
    "VpcLink": "domains",
}
FUNCTIONS = {"getApi": "lookups", "getApis": "lookups"}
