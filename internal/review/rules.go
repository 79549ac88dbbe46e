package review

// Rules returns all rules, in the order of the documentation.
func Rules() []Rule {
	return []Rule{
		indexNotConcurrent(), dropIndexNotConcurrent(), reindexNotConcurrent(), concurrentlyInTransaction(), concurrentlyIfNotExists(), concurrentlyOnPartitionedTable(), refreshNotConcurrent(), redundantIndex(), foreignKeyWithoutIndex(),
		addColumnVolatileDefault(), addColumnNotNull(), addColumnSerial(), addColumnGenerated(), addColumnUnique(), addColumnReferences(), addColumnCheck(), jsonColumn(),
		addForeignKey(), addCheck(), validateInSameTransaction(), addUnique(), addPrimaryKey(), primaryKeyNullable(), addExclusion(), domainConstraint(), dropPrimaryKey(), dropReplicaIndex(), dropConstraint(),
		setNotNull(), changeType(), narrowType(), dropNotNull(), dropDefault(), addIdentity(), setExpression(), renameColumn(), renameTable(), renameSchema(), renameEnumValue(), setSchema(), enumAddValue(), enumValueInTransaction(),
		dropTable(), dropColumn(), droppedWithColumn(), dropSchema(), dropDatabase(), dropType(), dropView(), dropFunction(), queryRule(), cascade(), truncate(), deleteAll(), updateAll(),
		backfillNotBatched(), ddlAndBackfill(), rowsInSchemaMigration(), attachPartition(), detachPartition(),
		lockTimeout(), statementTimeout(), workUnderLock(), severalTablesLocked(), transactionControl(), lockTable(), vacuumFull(), cluster(), setLogged(), setTablespace(), setAccessMethod(), disableTrigger(),
		notAnalysedRule(), newerSyntax(),
		narrowKey(), serialColumn(), timestampWithoutZone(), varcharLength(), charColumn(), moneyColumn(), longName(), tableWithoutPrimaryKey(), rowSecurityWithoutPolicy(), wideningGrant(), narrowedAccess(), alteredSequence(), securityDefiner(),
		missingDown(), incompleteDown(), failingUp(), failingDown(), noTransactionSeveral(), noTransactionNeedless(), substitutedDollar(), unsetVariable(), searchPath(), duplicateVersion(), ignoredFile(), outOfOrder(), editedMigration(), deletedMigration(),
		invalidAcknowledgement(), unusedAcknowledgement(), expiredAcknowledgement(),
	}
}
