// One function behind one route, which may do one thing to the table.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface Table {
    name: pulumi.Output<string>;
    arn: pulumi.Output<string>;
}

const trust = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
});

export function serve(
    api: aws.apigatewayv2.Api,
    table: Table,
    name: string,
    route: string,
    action: string,
): aws.lambda.Function {
    const full = `api-${name}`;
    const role = new aws.iam.Role(full, { assumeRolePolicy: trust });
    const allowed = new aws.iam.RolePolicy(full, {
        role: role.name,
        policy: pulumi.jsonStringify({
            Version: "2012-10-17",
            Statement: [{ Effect: "Allow", Action: `dynamodb:${action}`, Resource: table.arn }],
        }),
    });
    const lambda = new aws.lambda.Function(
        full,
        {
            runtime: "python3.12",
            handler: `${name}.handler`,
            role: role.arn,
            code: new pulumi.asset.AssetArchive({
                [`${name}.py`]: new pulumi.asset.FileAsset(`functions/${name}.py`),
            }),
            environment: { variables: { TABLE: table.name } },
        },
        { dependsOn: [allowed] },
    );
    const integration = new aws.apigatewayv2.Integration(full, {
        apiId: api.id,
        integrationType: "AWS_PROXY",
        integrationUri: lambda.invokeArn,
        payloadFormatVersion: "2.0",
    });
    new aws.apigatewayv2.Route(full, {
        apiId: api.id,
        routeKey: route,
        target: pulumi.interpolate`integrations/${integration.id}`,
    });
    new aws.lambda.Permission(full, {
        action: "lambda:InvokeFunction",
        function: lambda.name,
        principal: "apigateway.amazonaws.com",
        sourceArn: pulumi.interpolate`${api.executionArn}/*/*`,
    });
    return lambda;
}
