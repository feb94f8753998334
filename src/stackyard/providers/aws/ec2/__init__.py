"""Amazon EC2: networks, routes, security, addresses and instances."""

TYPES = {
    "Eip": "networks",
    "Instance": "instances",
    "InternetGateway": "networks",
    "NatGateway": "networks",
    "Route": "routes",
    "RouteTable": "routes",
    "RouteTableAssociation": "routes",
    "SecurityGroup": "firewalls",
    "SecurityGroupRule": "firewalls",
    "Subnet": "networks",
    "Vpc": "networks",
    "VpcEndpoint": "endpoints",
}
FUNCTIONS = {
    "getAmi": "lookups",
    "getRouteTables": "lookups",
    "getSecurityGroup": "lookups",
    "getSubnet": "lookups",
    "getSubnets": "lookups",
    "getVpc": "lookups",
}
