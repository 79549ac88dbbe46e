package verb

import "slices"

// DatabaseUses returns the key paths that lead to a database.
func DatabaseUses() []string {
	return []string{
		"environments.*.aws", "environments.*.database.rds", "environments.*.database.postgres", "environments.*.database.sqlite",
		"environments.*.database.url", "environments.*.database.secret",
	}
}

// DeployUses returns the key paths that lead to the place where versions serve.
func DeployUses() []string {
	return []string{
		"app", "environments.*.url", "environments.*.deploy.process", "environments.*.deploy.compose.file", "environments.*.deploy.compose.service",
		"environments.*.deploy.compose.project", "environments.*.deploy.compose.strategy", "environments.*.deploy.compose.environment",
		"environments.*.deploy.compose.start-timeout", "environments.*.deploy.compose.stop-timeout", "environments.*.deploy.host.directory",
	}
}

// DatabaseNotYet returns the key paths about reaching a database that this version does not do yet.
func DatabaseNotYet() []string {
	return []string{"environments.*.database.aurora", "environments.*.database.via"}
}

// BackupsNotYet returns the key paths about what is kept of a database that this version does not do yet.
func BackupsNotYet() []string {
	return []string{
		"environments.*.backups.retention", "environments.*.backups.point-in-time", "environments.*.backups.encrypted",
		"environments.*.backups.deletion-protection", "environments.*.backups.keep-snapshots",
	}
}

// DeployNotYet returns the key paths about putting a version in front of users that this version does not do yet.
func DeployNotYet() []string {
	return []string{
		"environments.*.deploy.compose.proxy", "environments.*.deploy.ecs", "environments.*.deploy.build", "environments.*.deploy.host.ssm",
		"environments.*.deploy.host.ssh",
	}
}

// ChecksNotYet returns the key paths about looking at the running system that this version does not do yet.
func ChecksNotYet() []string {
	return []string{"checks.connections", "checks.browser", "checks.logs", "checks.keep-data"}
}

// PromotionNotYet returns what a promotion as a whole would need and this version does not do yet: whatever any of its verbs
// would refuse is refused before the first one touches anything.
func PromotionNotYet() []string {
	return slices.Concat(DatabaseNotYet(), BackupsNotYet(), DeployNotYet(), ChecksNotYet(), []string{"environments.*.notify"})
}
