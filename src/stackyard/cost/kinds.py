"""Which AWS types cost nothing by themselves, and which cost by use alone. Types with a standing charge: `rules`.

Names are `service.Class`, as in the SDK; `service.*` is every type of a service. What is in none of the tables is
unpriced, and every report names it.
"""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(r"aws:(?P<service>[\w-]+)/\w+:(?P<name>\w+)")
_FREE: Final = """
acm.CertificateValidation
apigateway.Account apigateway.ApiKey apigateway.Authorizer apigateway.BasePathMapping apigateway.ClientCertificate
apigateway.Deployment apigateway.DomainName apigateway.Integration apigateway.IntegrationResponse apigateway.Method
apigateway.MethodResponse apigateway.MethodSettings apigateway.Model apigateway.RequestValidator apigateway.Resource
apigateway.Response apigateway.RestApiPolicy apigateway.UsagePlan apigateway.UsagePlanKey apigateway.VpcLink
apigatewayv2.ApiMapping apigatewayv2.Authorizer apigatewayv2.Deployment apigatewayv2.DomainName
apigatewayv2.Integration apigatewayv2.IntegrationResponse apigatewayv2.Model apigatewayv2.Route
apigatewayv2.RouteResponse apigatewayv2.Stage apigatewayv2.VpcLink
appautoscaling.* autoscaling.* resourcegroups.* organizations.* iam.* budgets.Budget
appsync.ApiKey appsync.DataSource appsync.Function appsync.Resolver
athena.DataCatalog athena.NamedQuery athena.Workgroup
backup.Plan backup.Selection
cloudfront.CachePolicy cloudfront.OriginAccessControl cloudfront.OriginAccessIdentity cloudfront.OriginRequestPolicy
cloudfront.ResponseHeadersPolicy
cloudwatch.EventApiDestination cloudwatch.EventBus cloudwatch.EventBusPolicy cloudwatch.EventConnection
cloudwatch.EventPermission cloudwatch.EventRule cloudwatch.EventTarget cloudwatch.LogResourcePolicy
cloudwatch.LogStream cloudwatch.LogSubscriptionFilter cloudwatch.LogGroupPolicy
cognito.ResourceServer cognito.User cognito.UserGroup cognito.UserInGroup cognito.UserPoolClient
cognito.UserPoolDomain
ec2.DefaultRouteTable ec2.DefaultSecurityGroup ec2.DefaultSubnet ec2.DefaultVpc ec2.EgressOnlyInternetGateway
ec2.EipAssociation ec2.InternetGateway ec2.KeyPair ec2.LaunchConfiguration ec2.LaunchTemplate ec2.ManagedPrefixList
ec2.NetworkAcl ec2.NetworkAclAssociation ec2.NetworkAclRule ec2.NetworkInterface ec2.PlacementGroup ec2.Route
ec2.RouteTable ec2.RouteTableAssociation ec2.SecurityGroup ec2.SecurityGroupRule ec2.Subnet ec2.VolumeAttachment
ec2.Vpc ec2.VpcDhcpOptions ec2.VpcDhcpOptionsAssociation ec2.VpcIpv4CidrBlockAssociation ec2.VpcPeeringConnection
ec2.VpcPeeringConnectionAccepter ec2.VpcEndpointRouteTableAssociation ec2.VpcEndpointPolicy
ecr.LifecyclePolicy ecr.RepositoryPolicy
ecs.CapacityProvider ecs.Cluster ecs.ClusterCapacityProviders
efs.AccessPoint efs.BackupPolicy efs.FileSystemPolicy efs.MountTarget
elasticache.ParameterGroup elasticache.SubnetGroup
glue.Connection glue.Trigger
kms.Alias kms.Ciphertext kms.KeyPolicy kms.Grant
lambda.Alias lambda.EventSourceMapping lambda.FunctionEventInvokeConfig lambda.FunctionUrl lambda.LayerVersion
lambda.Permission
lb.Listener lb.ListenerRule lb.TargetGroup lb.TargetGroupAttachment lb.ListenerCertificate
alb.Listener alb.ListenerRule alb.TargetGroup alb.TargetGroupAttachment
rds.ClusterParameterGroup rds.ParameterGroup rds.SubnetGroup rds.OptionGroup
route53.Record
s3.AccountPublicAccessBlock s3.BucketAccelerateConfiguration s3.BucketAccelerateConfigurationV2 s3.BucketAcl
s3.BucketAclV2 s3.BucketCorsConfiguration s3.BucketCorsConfigurationV2 s3.BucketLifecycleConfiguration
s3.BucketLifecycleConfigurationV2 s3.BucketLogging s3.BucketLoggingV2 s3.BucketNotification
s3.BucketObjectLockConfiguration s3.BucketObjectLockConfigurationV2 s3.BucketOwnershipControls s3.BucketPolicy
s3.BucketPublicAccessBlock s3.BucketReplicationConfig s3.BucketRequestPaymentConfiguration
s3.BucketRequestPaymentConfigurationV2 s3.BucketServerSideEncryptionConfiguration
s3.BucketServerSideEncryptionConfigurationV2 s3.BucketVersioning s3.BucketVersioningV2
s3.BucketWebsiteConfiguration s3.BucketWebsiteConfigurationV2
scheduler.ScheduleGroup
secretsmanager.SecretPolicy secretsmanager.SecretRotation secretsmanager.SecretVersion
servicediscovery.HttpNamespace servicediscovery.Service
ses.ConfigurationSet ses.DomainDkim ses.DomainIdentity ses.EmailIdentity sesv2.ConfigurationSet sesv2.EmailIdentity
sns.TopicPolicy sns.TopicSubscription
sqs.QueuePolicy sqs.RedriveAllowPolicy sqs.RedrivePolicy
vpc.SecurityGroupEgressRule vpc.SecurityGroupIngressRule
"""
_METERED: Final = {
    "requests": "apigateway.RestApi apigatewayv2.Api appsync.GraphQLApi sns.Topic sqs.Queue scheduler.Schedule "
    "cloudfront.Function sfn.StateMachine cognito.UserPool",
    "requests and memory while it runs": "lambda.Function lambda.Invocation",
    "storage and requests": "s3.Bucket s3.BucketV2",
    "its bucket's storage": "s3.BucketObject s3.BucketObjectv2 s3.BucketObjectCopy",
    "storage": "ecr.Repository backup.Vault cloudwatch.EventArchive rds.Cluster dynamodb.TableItem "
    "glue.CatalogDatabase glue.CatalogTable",
    "log data taken in and kept": "cloudwatch.LogGroup ec2.FlowLog",
    "the metric it fills": "cloudwatch.LogMetricFilter",
    "data and requests": "cloudfront.Distribution cloudtrail.Trail",
    "data taken in": "kinesis.FirehoseDeliveryStream",
    "data that queries read": "athena.Database",
    "tasks while they run": "ecs.TaskDefinition",
    "jobs while they run": "glue.Crawler glue.Job",
}


def short(type_: str) -> str:
    """`ec2.NatGateway` for `aws:ec2/natGateway:NatGateway`; empty for what is no type of the aws package."""
    match = _TOKEN.fullmatch(type_)
    return f"{match['service']}.{match['name']}" if match else ""


FREE: Final = frozenset(_FREE.split())
METERED: Final = {name: about for about, names in _METERED.items() for name in names.split()}
LOCAL: Final = frozenset({"command", "docker-build", "pulumi", "random", "stackyard", "time", "tls"})
"""Packages whose resources are made on the machine that deploys, or are nothing but a grouping."""


def is_free(name: str) -> bool:
    """Whether the type of that short name costs nothing."""
    return name in FREE or f"{name.partition('.')[0]}.*" in FREE
