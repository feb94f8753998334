// Create, update and get items of the table that the core stack made, over HTTP.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { serve } from "./lambdas";

const config = new pulumi.Config();
const organization = config.require("core_organization");
const project = config.require("core_project");
const stack = config.require("core_stack");
const core = new pulumi.StackReference(`${organization}/${project}/${stack}`);
const table = {
    name: core.requireOutput("table_name") as pulumi.Output<string>,
    arn: core.requireOutput("table_arn") as pulumi.Output<string>,
};

const api = new aws.apigatewayv2.Api("api-items", { protocolType: "HTTP" });
new aws.apigatewayv2.Stage("api-items", { apiId: api.id, name: "$default", autoDeploy: true });

const made = [
    serve(api, table, "create", "POST /items", "PutItem"),
    serve(api, table, "update", "PUT /items/{id}", "UpdateItem"),
    serve(api, table, "get", "GET /items/{id}", "GetItem"),
];

export const url = api.apiEndpoint;
export const functions = pulumi.all(made.map((each) => each.name));
