package schema

// The queries for PostgreSQL 14 to 18. A column that only newer versions have is taken out of to_jsonb of the row, which is
// null where there is none. https://www.postgresql.org/docs/current/catalogs.html
const (
	sessionQuery = `SELECT coalesce(to_jsonb(current_schemas(false)), '[]') AS "Path", current_setting('TimeZone') AS "Zone"`

	// userSchemas are those that are not the system's.
	userSchemas = `(n.nspname !~ '^pg_' AND n.nspname <> 'information_schema')`

	typesQuery = `
SELECT n.nspname AS "Schema", t.typname AS "Name", t.typtype AS "Type", t.typnotnull AS "NotNull", t.typdefault AS "Default",
  CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) ELSE '' END AS "Base",
  (SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) AS "Labels",
  (SELECT jsonb_agg(jsonb_build_object('Name', c.conname, 'Definition', pg_get_constraintdef(c.oid), 'Validated', c.convalidated) ORDER BY c.oid)
     FROM pg_constraint c WHERE c.contypid = t.oid AND c.contype = 'c') AS "Constraints"
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE ` + userSchemas + ` AND (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND (SELECT c.relkind FROM pg_class c WHERE c.oid = t.typrelid) = 'c')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
ORDER BY t.oid`

	// A temporary table counts when it is the session's own.
	userRelations = `((n.nspname !~ '^pg_' OR n.oid = pg_my_temp_schema()) AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))`

	// The count of the last ANALYZE is stretched to the size of today, as the planner does it: a table that was empty then and
	// is large now must not pass for small. https://www.postgresql.org/docs/current/row-estimation-examples.html
	relationsQuery = `
WITH counted AS (
  SELECT oid, CASE WHEN pg_relation_size(oid) = 0 THEN 0 WHEN reltuples < 0 OR relpages = 0 THEN -1
    ELSE reltuples / relpages * (pg_relation_size(oid) / current_setting('block_size')::int) END AS rows
  FROM pg_class WHERE relkind IN ('r', 'm'))
SELECT n.nspname AS "Schema", c.relname AS "Name", c.relkind AS "Kind", c.relpersistence AS "Persistence", c.relreplident AS "Replica",
  CASE WHEN c.relkind = 'p' THEN (SELECT CASE WHEN bool_or(leaf.rows < 0) THEN -1 ELSE coalesce(sum(leaf.rows), 0) END
    FROM pg_partition_tree(c.oid) p JOIN counted leaf ON leaf.oid = p.relid) ELSE coalesce(k.rows, c.reltuples) END AS "Rows",
  CASE WHEN c.relkind IN ('r', 'm') THEN coalesce(pg_total_relation_size(c.oid), 0)
    WHEN c.relkind = 'p' THEN (SELECT coalesce(sum(pg_total_relation_size(p.relid)), 0) FROM pg_partition_tree(c.oid) p) ELSE 0 END AS "Bytes",
  c.relrowsecurity AS "RowSecurity", c.relforcerowsecurity AS "ForceSecurity", c.relispartition AS "Partition",
  (SELECT jsonb_agg(jsonb_build_object('Schema', pn.nspname, 'Name', p.relname) ORDER BY i.inhseqno)
     FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE i.inhrelid = c.oid) AS "Parents",
  pg_get_expr(c.relpartbound, c.oid) AS "Bound", CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS "PartitionBy",
  CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS "Definition",
  (SELECT ic.relname FROM pg_index x JOIN pg_class ic ON ic.oid = x.indexrelid WHERE x.indrelid = c.oid AND x.indisreplident) AS "ReplicaIndex",
  (SELECT jsonb_agg(g.tgname ORDER BY g.oid) FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled = 'D') AS "TriggersOff"
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN counted k ON k.oid = c.oid
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND ` + userRelations + `
ORDER BY c.oid`

	columnsQuery = `
SELECT jsonb_build_object('Schema', n.nspname, 'Name', c.relname) AS "Table", a.attname AS "Name", format_type(a.atttypid, a.atttypmod) AS "Type",
  (SELECT jsonb_build_object('Schema', tn.nspname, 'Name', t.typname) FROM pg_type o
     JOIN pg_type t ON t.oid = CASE WHEN o.typelem <> 0 AND o.typlen = -1 THEN o.typelem ELSE o.oid END
     JOIN pg_namespace tn ON tn.oid = t.typnamespace WHERE o.oid = a.atttypid AND tn.nspname <> 'pg_catalog') AS "UserType",
  CASE WHEN a.attcollation <> (SELECT t.typcollation FROM pg_type t WHERE t.oid = a.atttypid) THEN
    (SELECT quote_ident(l.collname) FROM pg_collation l WHERE l.oid = a.attcollation) END AS "Collation",
  a.attnotnull AS "NotNull", a.attidentity <> '' AS "Identity", a.attidentity = 'a' AS "Always", a.attgenerated AS "Generated", pg_get_expr(f.adbin, f.adrelid) AS "Default",
  owned.place AS "Owns", coalesce(owned.automatic, false) AS "Automatic",
  (SELECT s.null_frac FROM pg_stats s WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname AND NOT s.inherited) AS "Nulls"
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
LEFT JOIN LATERAL (SELECT jsonb_build_object('Schema', sn.nspname, 'Name', q.relname) AS place, d.deptype = 'a' AS automatic
  FROM pg_depend d JOIN pg_class q ON q.oid = d.objid AND q.relkind = 'S' JOIN pg_namespace sn ON sn.oid = q.relnamespace
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
    AND d.deptype IN ('a', 'i') LIMIT 1) owned ON true
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'm') AND ` + userRelations + `
ORDER BY a.attrelid, a.attnum`

	// A foreign key to a partitioned table has one row more for each partition, and PostgreSQL 18 one for each NOT NULL: those
	// with names and states of their own count.
	constraintsQuery = `
SELECT jsonb_build_object('Schema', n.nspname, 'Name', c.relname) AS "Table", o.conname AS "Name", pg_get_constraintdef(o.oid) AS "Definition",
  (SELECT jsonb_agg(a.attname ORDER BY k.place) FROM unnest(o.conkey) WITH ORDINALITY k(number, place)
     JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.number) AS "Columns",
  (SELECT jsonb_build_object('Schema', rn.nspname, 'Name', r.relname) FROM pg_class r JOIN pg_namespace rn ON rn.oid = r.relnamespace WHERE r.oid = o.confrelid) AS "References",
  (SELECT jsonb_agg(a.attname ORDER BY k.place) FROM unnest(o.confkey) WITH ORDINALITY k(number, place)
     JOIN pg_attribute a ON a.attrelid = o.confrelid AND a.attnum = k.number) AS "ReferencedColumns",
  o.convalidated AS "Validated", o.coninhcount > 0 OR o.conparentid <> 0 AS "Inherited", coalesce((to_jsonb(o)->>'conenforced')::boolean, true) AS "Enforced"
FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_constraint p ON p.oid = o.conparentid
WHERE (o.contype IN ('p', 'u', 'f', 'c', 'x') OR o.contype = 'n' AND NOT o.convalidated) AND p.conrelid IS DISTINCT FROM o.conrelid AND ` + userRelations + `
ORDER BY o.conrelid, o.oid`

	indexesQuery = `
SELECT jsonb_build_object('Schema', n.nspname, 'Name', c.relname) AS "Table", jsonb_build_object('Schema', xn.nspname, 'Name', ic.relname) AS "Name",
  pg_get_indexdef(x.indexrelid) AS "Definition", x.indisvalid AS "Valid",
  (SELECT o.conname FROM pg_constraint o WHERE o.conindid = x.indexrelid AND o.conrelid = x.indrelid AND o.contype IN ('p', 'u', 'x')) AS "Constraint",
  (SELECT jsonb_build_object('Schema', pn.nspname, 'Name', p.relname) FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
     JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE i.inhrelid = x.indexrelid) AS "Parent"
FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class ic ON ic.oid = x.indexrelid JOIN pg_namespace xn ON xn.oid = ic.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'm') AND ` + userRelations + `
ORDER BY x.indrelid, x.indexrelid`

	readsQuery = `
SELECT jsonb_build_object('Schema', vn.nspname, 'Name', v.relname) AS "View", jsonb_build_object('Schema', n.nspname, 'Name', c.relname) AS "Table",
  jsonb_agg(DISTINCT a.attname) FILTER (WHERE a.attname IS NOT NULL) AS "Columns"
FROM pg_rewrite w JOIN pg_class v ON v.oid = w.ev_class AND v.relkind IN ('v', 'm') JOIN pg_namespace vn ON vn.oid = v.relnamespace
JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid
JOIN pg_class c ON c.oid = d.refobjid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0
WHERE w.rulename = '_RETURN' AND ` + userRelations + `
GROUP BY vn.nspname, v.relname, n.nspname, c.relname
ORDER BY 1, 2`

	functionsQuery = `
SELECT n.nspname AS "Schema", p.proname AS "Name", p.prokind AS "Kind", CASE WHEN p.prokind IN ('f', 'p') THEN pg_get_functiondef(p.oid) ELSE '' END AS "Source",
  (SELECT coalesce(string_agg(format_type(k.kind, NULL), ', ' ORDER BY k.place), '') FROM unnest(p.proargtypes) WITH ORDINALITY k(kind, place)) AS "Arguments"
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE ` + userSchemas + ` AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
ORDER BY p.oid`

	partsQuery = `
SELECT jsonb_build_object('Schema', n.nspname, 'Name', c.relname) AS "Table", found.name AS "Name", found.kind AS "Kind", found.calls AS "Calls", found.definition AS "Definition"
FROM (
  SELECT g.tgrelid AS relation, g.tgname AS name, 'trigger' AS kind, pg_get_triggerdef(g.oid) AS definition,
    (SELECT jsonb_build_object('Schema', pn.nspname, 'Name', p.proname) FROM pg_proc p JOIN pg_namespace pn ON pn.oid = p.pronamespace WHERE p.oid = g.tgfoid) AS calls
  FROM pg_trigger g WHERE NOT g.tgisinternal AND g.tgparentid = 0
  UNION ALL SELECT l.polrelid, l.polname, 'policy', concat_ws(' ', l.polcmd, pg_get_expr(l.polqual, l.polrelid), pg_get_expr(l.polwithcheck, l.polrelid)), NULL FROM pg_policy l
  UNION ALL SELECT w.ev_class, w.rulename, 'rule', pg_get_ruledef(w.oid), NULL FROM pg_rewrite w WHERE w.rulename <> '_RETURN'
) found JOIN pg_class c ON c.oid = found.relation JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE ` + userRelations + `
ORDER BY 1, 2`

	namedQuery = `
SELECT 'schema' AS "Kind", '' AS "Schema", n.nspname AS "Name" FROM pg_namespace n WHERE ` + userSchemas + ` AND n.nspname <> 'public'
UNION ALL SELECT 'extension', '', e.extname FROM pg_extension e WHERE e.extname <> 'plpgsql'
UNION ALL SELECT 'statistics', n.nspname, x.stxname FROM pg_statistic_ext x JOIN pg_namespace n ON n.oid = x.stxnamespace WHERE ` + userSchemas + `
UNION ALL SELECT 'publication', '', p.pubname FROM pg_publication p
UNION ALL SELECT 'event trigger', '', v.evtname FROM pg_event_trigger v
ORDER BY 1, 2, 3`
)
