package awsapi

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

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
	// Class, SubnetGroup, ParameterGroup and SecurityGroups are what another instance is made like this one with.
	Class, SubnetGroup, ParameterGroup string
	SecurityGroups                     []string
	// Public tells that the address leads to the instance from outside of its network too.
	Public bool
	// MasterUser is the user that was made with the instance. PasswordPending tells that another password of it was asked
	// for, and does not hold yet.
	MasterUser      string
	PasswordPending bool
	Tags            map[string]string
}

// DescribeInstance asks for one instance; one that does not exist is an error that names the region, with the code
// DBInstanceNotFound.
func DescribeInstance(ctx context.Context, instances Instances, region, identifier string) (Instance, error) {
	output, err := instances.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &identifier})
	if Code(err) == "DBInstanceNotFound" {
		return Instance{}, &problem.Problem{Hint: "check database.rds, aws.region and the account of aws.role in the config",
			What: fmt.Sprintf("there is no RDS instance %s in %s", identifier, region), Err: err}
	}
	if err != nil {
		return Instance{}, Explain(err, fmt.Sprintf("the RDS instance %s in %s cannot be seen", identifier, region))
	}
	if len(output.DBInstances) != 1 || !strings.EqualFold(aws.ToString(output.DBInstances[0].DBInstanceIdentifier), identifier) {
		return Instance{}, problem.Unknown("", "AWS describes something else than the RDS instance %q in %s: %d instances", identifier, region, len(output.DBInstances))
	}
	return instanceOf(output.DBInstances[0]), nil
}

// ListInstances asks for all instances of the account in the region that the caller may see.
func ListInstances(ctx context.Context, instances Instances, region string) ([]Instance, error) {
	pages := rds.NewDescribeDBInstancesPaginator(instances, &rds.DescribeDBInstancesInput{},
		func(o *rds.DescribeDBInstancesPaginatorOptions) { o.StopOnDuplicateToken = true })
	var result []Instance
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, Explain(err, "the RDS instances in "+region+" cannot be listed")
		}
		for _, found := range page.DBInstances {
			result = append(result, instanceOf(found))
		}
	}
	return result, nil
}

func instanceOf(found types.DBInstance) Instance {
	instance := Instance{
		Identifier: aws.ToString(found.DBInstanceIdentifier), Resource: aws.ToString(found.DbiResourceId), Status: aws.ToString(found.DBInstanceStatus),
		Engine:  aws.ToString(found.Engine),
		Cluster: aws.ToString(found.DBClusterIdentifier), Database: aws.ToString(found.DBName),
		MultiAZ: aws.ToBool(found.MultiAZ), Encrypted: aws.ToBool(found.StorageEncrypted),
		StorageBytes: int64(aws.ToInt32(found.AllocatedStorage)) << 30,
		Class:        aws.ToString(found.DBInstanceClass), Public: aws.ToBool(found.PubliclyAccessible), MasterUser: aws.ToString(found.MasterUsername),
		Tags: map[string]string{},
	}
	if found.Endpoint != nil {
		instance.Address, instance.Port = aws.ToString(found.Endpoint.Address), int(aws.ToInt32(found.Endpoint.Port))
	}
	if found.DBSubnetGroup != nil {
		instance.SubnetGroup = aws.ToString(found.DBSubnetGroup.DBSubnetGroupName)
	}
	// An instance for PostgreSQL has one.
	for _, group := range found.DBParameterGroups {
		instance.ParameterGroup = aws.ToString(group.DBParameterGroupName)
	}
	for _, group := range found.VpcSecurityGroups {
		instance.SecurityGroups = append(instance.SecurityGroups, aws.ToString(group.VpcSecurityGroupId))
	}
	if pending := found.PendingModifiedValues; pending != nil {
		instance.PasswordPending = pending.MasterUserPassword != nil
	}
	for _, tag := range found.TagList {
		instance.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return instance
}
