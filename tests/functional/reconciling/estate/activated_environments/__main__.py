"""One environment: a log group, its commit as a parameter, and its schedules."""

import json
from pathlib import Path

import pulumi
import pulumi_aws as aws
import yaml

config = pulumi.Config()
organization, project = config.require("organization"), config.require("project")
record = yaml.safe_load(Path(config.require("activation")).read_text())
stage = f"{organization}.{project}.Production"
hosted = pulumi.StackReference(f"{pulumi.get_organization()}/hosted_projects/{stage}")
site = pulumi.StackReference(f"{pulumi.get_organization()}/site_instances/{organization}.Production")
name = f"{record['project']}_{record['environment']}"
if record["meltano_environment"] == "broken":
    raise ValueError("this environment cannot be brought up")

logs = aws.cloudwatch.LogGroup(
    "logs", name=f"/site/production/{organization}/{record['project']}/{record['environment']}"
)
commit = aws.ssm.Parameter("commit", name=f"/environments/{name}", type="String", value=record["commit"])
if "schedules" in record["services"]:
    group = aws.scheduler.ScheduleGroup("schedules", name=name)
    for schedule in record["schedules"]:
        aws.scheduler.Schedule(
            schedule["name"],
            name=schedule["name"],
            group_name=group.name,
            schedule_expression="rate(1 day)",
            state="ENABLED" if record["phase"] == "active" and not record["paused"] else "DISABLED",
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": "arn:aws:sqs:us-east-1:000000000000:nobody",
                "role_arn": site.require_output("scheduler_role_arn"),
                "input": json.dumps({"jobs": schedule["jobs"]}),
            },
        )
pulumi.export("project", hosted.require_output("name"))
