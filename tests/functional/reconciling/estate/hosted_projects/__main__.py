"""One hosted project: nothing but its name."""

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
organization, project = config.require("organization"), config.require("project")
site = pulumi.StackReference(f"{pulumi.get_organization()}/site_instances/{organization}.Production")
table = aws.ssm.Parameter("table", name=f"/projects/{project}", type="String", value=site.require_output("runs_table"))
pulumi.export("name", project)
