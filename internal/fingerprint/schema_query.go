package fingerprint

import "strings"

// schemaQuery lists all objects that a user made, each as a kind, a name and a definition that says all of it but for the data.
// Everything is said by the server's own functions, with full names, because search_path is pg_catalog then, and nothing by the
// number of an object or a column, which a restored copy has others of. Lists are sorted where their order means nothing.
// Members of extensions are the extension's. Forms that only newer versions have are taken out of to_jsonb of the row; a catalog
// that is not there is not asked. Version is the server's major version.
// https://www.postgresql.org/docs/current/catalogs.html
func schemaQuery(version int) string {
	parts := []string{typeObjects, relationObjects(), codeObjects, otherObjects(), operatorObjects, publications(version), privileges(), comments}
	return common + strings.Join(parts, " UNION ALL ")
}

const common = `
WITH members AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
spaces AS (SELECT oid, nspname, nspacl, nspowner FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'),
relations AS (
  SELECT c.*, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name FROM pg_class c JOIN spaces n ON n.oid = c.relnamespace
  WHERE c.relpersistence <> 't' AND NOT EXISTS (SELECT FROM members m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
    AND c.relname !~ ('^(' || $1 || ')(_id_seq|_pkey)?$')),
types AS (
  SELECT t.*, format_type(t.oid, NULL) AS name FROM pg_type t JOIN spaces n ON n.oid = t.typnamespace
  WHERE NOT EXISTS (SELECT FROM members m WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid)),
functions AS (
  SELECT p.*, p.oid::regprocedure::text AS name FROM pg_proc p JOIN spaces n ON n.oid = p.pronamespace
  WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i')))
`

// typeObjects are types of all kinds. The text of a domain's default is the one of its maker's search_path, so that it is said anew.
const typeObjects = `
SELECT 'enum', name, (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid) FROM types t WHERE typtype = 'e'
UNION ALL SELECT 'domain', name, concat_ws(' ', format_type(typbasetype, typtypmod), CASE WHEN typcollation <> 0 THEN typcollation::regcollation::text END,
  CASE WHEN typnotnull THEN 'NOT NULL' END, 'DEFAULT ' || pg_get_expr(typdefaultbin, 0)) FROM types WHERE typtype = 'd'
UNION ALL SELECT 'range', t.name, concat_ws(' ', format_type(r.rngsubtype, NULL), r.rngcollation::regcollation, o.opcname, r.rngcanonical::regproc, r.rngsubdiff::regproc, format_type(r.rngmultitypid, NULL))
  FROM types t JOIN pg_range r ON r.rngtypid = t.oid JOIN pg_opclass o ON o.oid = r.rngsubopc
UNION ALL SELECT 'composite type', t.name, (SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), 'COLLATE ' || CASE WHEN a.attcollation <> y.typcollation THEN a.attcollation::regcollation::text END), ', ' ORDER BY a.attnum)
  FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)
  FROM types t JOIN pg_class c ON c.oid = t.typrelid WHERE t.typtype = 'c' AND c.relkind = 'c'
UNION ALL SELECT CASE WHEN typisdefined THEN 'base type' ELSE 'shell type' END, name, concat_ws(' ', typinput::regprocedure, typoutput::regprocedure, typreceive::regprocedure, typsend::regprocedure, typmodin::regprocedure, typmodout::regprocedure, typanalyze::regprocedure,
  to_jsonb(t)->>'typlen', typbyval, typcategory, typispreferred, typdelim, typalign, typstorage, 'COLLATABLE ' || nullif(typcollation, 0), 'ELEMENT ' || format_type(nullif(typelem, 0), NULL), 'DEFAULT ' || typdefault)
  FROM types t WHERE (typtype = 'b' OR NOT typisdefined) AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)`

// options lists what stands in an array of options, and hides what is no business of a report. https://www.postgresql.org/docs/current/postgres-fdw.html
func options(array string) string {
	return `CASE WHEN ` + array + ` IS NOT NULL THEN (SELECT string_agg(CASE WHEN o ~* '^[^=]*(password|secret|token|key|credential)[^=]*=' THEN split_part(o, '=', 1) || '=(hidden)' ELSE o END, ', ' ORDER BY o COLLATE "C") FROM unnest(` + array + `) o) END`
}

// relationObjects are tables, columns, constraints, indexes, views and sequences.
func relationObjects() string {
	return strings.NewReplacer("{table options}", options("c.reloptions"), "{toast options}", options("o.reloptions"), "{foreign options}", options("f.ftoptions"),
		"{column options}", options("a.attoptions"), "{foreign column options}", options("a.attfdwoptions")).Replace(`
SELECT CASE relkind WHEN 'f' THEN 'foreign table' ELSE 'table' END, name, concat_ws(' ', CASE WHEN relpersistence = 'u' THEN 'UNLOGGED' END,
  'PARTITION BY ' || CASE WHEN relkind = 'p' THEN pg_get_partkeydef(oid) END, pg_get_expr(relpartbound, oid), 'TYPED ' || format_type(nullif(reloftype, 0), NULL),
  'OF ' || (SELECT string_agg(i.inhparent::regclass::text || CASE WHEN i.inhdetachpending THEN ' DETACH PENDING' ELSE '' END, ', ' ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid),
  'WITH ' || {table options}, 'TOAST WITH ' || (SELECT {toast options} FROM pg_class o WHERE o.oid = c.reltoastrelid), 'TABLESPACE ' || (SELECT spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace),
  'USING ' || (SELECT amname FROM pg_am m WHERE m.oid = c.relam AND amname <> 'heap'), CASE WHEN relrowsecurity THEN 'ROW LEVEL SECURITY' END,
  CASE WHEN relforcerowsecurity THEN 'FORCED' END, CASE WHEN relreplident <> 'd' THEN 'REPLICA IDENTITY ' || relreplident::text END,
  (SELECT concat_ws(' ', 'SERVER', quote_ident(s.srvname), {foreign options}) FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid))
  FROM relations c WHERE relkind IN ('r', 'p', 'f')
UNION ALL SELECT 'column', k.name, k.definition FROM (SELECT c.name || '.' || quote_ident(a.attname) AS name, c.relkind, concat_ws(' ', CASE WHEN c.relkind NOT IN ('v', 'm') THEN format_type(a.atttypid, a.atttypmod) END,
  'COLLATE ' || CASE WHEN a.attcollation <> t.typcollation AND c.relkind NOT IN ('v', 'm') THEN a.attcollation::regcollation::text END, CASE WHEN a.attnotnull THEN 'NOT NULL' END,
  CASE a.attgenerated WHEN '' THEN 'DEFAULT ' ELSE 'GENERATED ' || a.attgenerated::text || ' ' END || pg_get_expr(f.adbin, f.adrelid),
  CASE WHEN a.attidentity <> '' THEN 'IDENTITY ' || a.attidentity::text END, CASE WHEN a.attstorage <> t.typstorage THEN 'STORAGE ' || a.attstorage::text END,
  CASE WHEN a.attcompression <> '' THEN 'COMPRESSION ' || a.attcompression::text END, CASE WHEN coalesce(a.attstattarget, -1) >= 0 THEN 'STATISTICS ' || a.attstattarget END,
  {column options}, {foreign column options}, CASE WHEN NOT a.attislocal THEN 'inherited' END) AS definition
  FROM relations c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')) k WHERE k.relkind NOT IN ('v', 'm') OR k.definition <> ''
UNION ALL SELECT 'column order', c.name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
  FROM relations c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE c.relkind IN ('r', 'p', 'f') GROUP BY c.name
UNION ALL SELECT 'constraint', coalesce(c.name, t.name) || ' ' || quote_ident(o.conname), concat_ws(' ', pg_get_constraintdef(o.oid), CASE WHEN NOT o.convalidated THEN 'not validated' END,
  CASE WHEN o.conrelid <> 0 AND NOT o.conislocal THEN 'inherited' END,
  'triggers ' || (SELECT string_agg(DISTINCT CASE g.tgenabled WHEN 'D' THEN 'disabled' ELSE 'enabled ' || g.tgenabled::text END, ', ') FROM pg_trigger g WHERE g.tgconstraint = o.oid AND g.tgisinternal AND g.tgenabled <> 'O'))
  FROM pg_constraint o LEFT JOIN relations c ON c.oid = o.conrelid LEFT JOIN types t ON t.oid = o.contypid
  WHERE (c.oid IS NOT NULL OR t.oid IS NOT NULL) AND o.contype <> 't'
UNION ALL SELECT 'index', x.name, concat_ws(' ', pg_get_indexdef(i.indexrelid), CASE WHEN NOT i.indisvalid THEN 'invalid' END, CASE WHEN i.indisclustered THEN 'clustered' END,
  CASE WHEN i.indisreplident THEN 'replica identity' END, 'TABLESPACE ' || (SELECT spcname FROM pg_tablespace s WHERE s.oid = x.reltablespace),
  'OF ' || (SELECT h.inhparent::regclass FROM pg_inherits h WHERE h.inhrelid = x.oid),
  'STATISTICS ' || (SELECT string_agg(a.attnum || ' ' || a.attstattarget, ', ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = x.oid AND coalesce(a.attstattarget, -1) >= 0))
  FROM pg_index i JOIN relations c ON c.oid = i.indrelid JOIN relations x ON x.oid = i.indexrelid
UNION ALL SELECT CASE relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, name, concat_ws(' ', pg_get_viewdef(oid), {table options}, CASE WHEN NOT relispopulated THEN 'not populated' END,
  'TABLESPACE ' || (SELECT spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace), 'USING ' || (SELECT amname FROM pg_am m WHERE m.oid = c.relam AND amname <> 'heap'))
  FROM relations c WHERE relkind IN ('v', 'm')
UNION ALL SELECT 'sequence', c.name, concat_ws(' ', CASE WHEN c.relpersistence = 'u' THEN 'UNLOGGED' END, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
  'OWNED BY ' || (SELECT d.refobjid::regclass || '.' || quote_ident(a.attname) FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0 LIMIT 1))
  FROM relations c JOIN pg_sequence s ON s.seqrelid = c.oid`)
}
