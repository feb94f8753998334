"""Where an image is kept, and how it would run: a repository and a Fargate task definition."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
cpu = config.get_int("cpu") or 256

repository = aws.ecr.Repository(
    "app",
    force_delete=True,
    image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
)
aws.ecr.LifecyclePolicy(
    "app",
    repository=repository.name,
    policy=json.dumps(
        {
            "rules": [
                {
                    "rulePriority": 1,
                    "description": "Untagged images go after a week",
                    "selection": {
                        "tagStatus": "untagged",
                        "countType": "sinceImagePushed",
                        "countUnit": "days",
                        "countNumber": 7,
                    },
                    "action": {"type": "expire"},
                }
            ]
        }
    ),
)

cluster = aws.ecs.Cluster("main", settings=[{"name": "containerInsights", "value": "enabled"}])
logs = aws.cloudwatch.LogGroup("app", retention_in_days=14)
trust = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
execution = aws.iam.Role("execution", assume_role_policy=trust)
aws.iam.RolePolicyAttachment(
    "execution",
    role=execution.name,
    policy_arn="arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
)
task = aws.iam.Role("task", assume_role_policy=trust)

definition = aws.ecs.TaskDefinition(
    "app",
    family="app",
    cpu=str(cpu),
    memory=str(cpu * 2),
    network_mode="awsvpc",
    requires_compatibilities=["FARGATE"],
    execution_role_arn=execution.arn,
    task_role_arn=task.arn,
    container_definitions=pulumi.Output.all(repository.repository_url, logs.name).apply(
        lambda made: json.dumps(
            [
                {
                    "name": "app",
                    "image": f"{made[0]}:latest",
                    "essential": True,
                    "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
                    "environment": [{"name": "PORT", "value": "8080"}],
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {
                            "awslogs-group": made[1],
                            "awslogs-region": "us-east-1",
                            "awslogs-stream-prefix": "app",
                        },
                    },
                }
            ]
        )
    ),
)

pulumi.export("repository_url", repository.repository_url)
pulumi.export("repository", repository.name)
pulumi.export("cluster", cluster.name)
pulumi.export("task_definition", definition.arn)
