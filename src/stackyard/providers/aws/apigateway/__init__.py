"""Amazon API Gateway's REST APIs. It does not know the HTTP and WebSocket APIs of `apigatewayv2`."""

TYPES = {
    "Account": "accounts",
    "ApiKey": "keys",
    "Authorizer": "authorizers",
    "BasePathMapping": "domains",
    "ClientCertificate": "links",
    "Deployment": "stages",
    "DomainName": "domains",
    "Integration": "methods",
    "IntegrationResponse": "responses",
    "Method": "methods",
    "MethodResponse": "responses",
    "MethodSettings": "settings",
    "Model": "models",
    "RequestValidator": "models",
    "Resource": "resources",
    "Response": "responses",
    "RestApi": "apis",
    "RestApiPolicy": "apis",
    "Stage": "stages",
    "UsagePlan": "keys",
    "UsagePlanKey": "keys",
    "VpcLink": "links",
}
FUNCTIONS = {"getRestApi": "apis"}
