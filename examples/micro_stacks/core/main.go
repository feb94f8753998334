// The table, which rarely changes, and what others need to know of it.
package main

import (
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		owner := config.New(ctx, "").Get("owner")
		if owner == "" {
			owner = "core"
		}
		table, err := dynamodb.NewTable(ctx, "items", &dynamodb.TableArgs{
			Attributes: dynamodb.TableAttributeArray{
				&dynamodb.TableAttributeArgs{Name: pulumi.String("id"), Type: pulumi.String("S")},
			},
			HashKey:     pulumi.String("id"),
			BillingMode: pulumi.String("PAY_PER_REQUEST"),
			Tags:        pulumi.StringMap{"Owner": pulumi.String(owner)},
		})
		if err != nil {
			return err
		}
		ctx.Export("table_name", table.Name)
		ctx.Export("table_arn", table.Arn)
		return nil
	})
}
