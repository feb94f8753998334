"""AWS AppSync: GraphQL APIs."""

TYPES = {
    "ApiKey": "apis",
    "DataSource": "sources",
    "Function": "resolvers",
    "GraphQLApi": "apis",
    "Resolver": "resolvers",
}
FUNCTIONS: dict[str, str] = {}
