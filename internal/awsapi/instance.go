package awsapi

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Instances tells of RDS instances, as *rds.Client does.
type Instances interface {
	DescribeDBInstances(ctx context.Context, input *rds.DescribeDBInstancesInput, options ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error)
}

// Instance is an RDS instance.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
type Instance struct {
	Identifier string
	// Resource is AWS's own name, which another instance of the same identifier does not have.
	Resource string
	// Address is the host name of the endpoint, empty while the instance is being made.
	Address string
	Port    int
	// Engine is "postgres" or another.
	Engine string
	// Status is such as "available" or "backing-up".
	// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
	Status string
	// Cluster is the Aurora cluster that the instance is a member of, empty for most.
	Cluster string
	// Database is the name of the first database, empty when none was made with the instance.
	Database           string
	MultiAZ, Encrypted bool
	// StorageBytes is what is allocated.
	StorageBytes int64
}

// DescribeInstance asks for one instance; one that does not exist is an error that names the region.
func DescribeInstance(ctx context.Context, instances Instances, region, identifier string) (Instance, error) {
	output, err := instances.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &identifier})
	if Code(err) == "DBInstanceNotFound" {
		return Instance{}, problem.New("check database.rds, aws.region and the account of aws.role in the config",
			"there is no RDS instance %s in %s", identifier, region)
	}
	if err != nil {
		return Instance{}, Explain(err, fmt.Sprintf("the RDS instance %s in %s cannot be seen", identifier, region))
	}
	if len(output.DBInstances) != 1 || !strings.EqualFold(aws.ToString(output.DBInstances[0].DBInstanceIdentifier), identifier) {
		return Instance{}, problem.Unknown("", "AWS describes something else than the RDS instance %q in %s: %d instances", identifier, region, len(output.DBInstances))
	}
	found := output.DBInstances[0]
	instance := Instance{
		Identifier: aws.ToString(found.DBInstanceIdentifier), Resource: aws.ToString(found.DbiResourceId), Status: aws.ToString(found.DBInstanceStatus),
		Engine:  aws.ToString(found.Engine),
		Cluster: aws.ToString(found.DBClusterIdentifier), Database: aws.ToString(found.DBName),
		MultiAZ: aws.ToBool(found.MultiAZ), Encrypted: aws.ToBool(found.StorageEncrypted),
		StorageBytes: int64(aws.ToInt32(found.AllocatedStorage)) << 30,
	}
	if found.Endpoint != nil {
		instance.Address, instance.Port = aws.ToString(found.Endpoint.Address), int(aws.ToInt32(found.Endpoint.Port))
	}
	return instance, nil
}
