package fingerprint

// schemaQuery lists all objects that a user made, each as a kind, a name and a definition that says all of it but for the data.
// Everything is said by the server's own functions, with full names, because search_path is pg_catalog then. Members of extensions
// are the extension's. Forms that only newer versions have are taken out of to_jsonb of the row.
// https://www.postgresql.org/docs/current/catalogs.html
const schemaQuery = `
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
SELECT 'schema', quote_ident(nspname), '' FROM spaces
UNION ALL SELECT 'extension', quote_ident(e.extname), concat_ws(' ', e.extversion, 'in', n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
UNION ALL SELECT 'enum', name, (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid) FROM types t WHERE typtype = 'e'
UNION ALL SELECT 'domain', name, concat_ws(' ', format_type(typbasetype, typtypmod), CASE WHEN typcollation <> 0 THEN typcollation::regcollation::text END,
  CASE WHEN typnotnull THEN 'NOT NULL' END, 'DEFAULT ' || typdefault) FROM types WHERE typtype = 'd'
UNION ALL SELECT 'range', t.name, concat_ws(' ', format_type(r.rngsubtype, NULL), r.rngcollation::regcollation, r.rngsubdiff::regproc) FROM types t JOIN pg_range r ON r.rngtypid = t.oid
UNION ALL SELECT 'composite type', t.name, (SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
  FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)
  FROM types t JOIN pg_class c ON c.oid = t.typrelid WHERE t.typtype = 'c' AND c.relkind = 'c'
UNION ALL SELECT CASE relkind WHEN 'f' THEN 'foreign table' ELSE 'table' END, name, concat_ws(' ', CASE WHEN relpersistence = 'u' THEN 'UNLOGGED' END,
  'PARTITION BY ' || CASE WHEN relkind = 'p' THEN pg_get_partkeydef(oid) END, pg_get_expr(relpartbound, oid),
  'OF ' || (SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid),
  'WITH ' || array_to_string(reloptions, ', '), 'TABLESPACE ' || (SELECT spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace),
  'USING ' || (SELECT amname FROM pg_am m WHERE m.oid = c.relam AND amname <> 'heap'), CASE WHEN relrowsecurity THEN 'ROW LEVEL SECURITY' END,
  CASE WHEN relforcerowsecurity THEN 'FORCED' END, CASE WHEN relreplident <> 'd' THEN 'REPLICA IDENTITY ' || relreplident::text END,
  (SELECT 'SERVER ' || s.srvname || ' ' || array_to_string(f.ftoptions, ', ') FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid))
  FROM relations c WHERE relkind IN ('r', 'p', 'f')
UNION ALL SELECT 'column', c.name || '.' || quote_ident(a.attname), concat_ws(' ', format_type(a.atttypid, a.atttypmod),
  'COLLATE ' || CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END, CASE WHEN a.attnotnull THEN 'NOT NULL' END,
  CASE a.attgenerated WHEN '' THEN 'DEFAULT ' ELSE 'GENERATED ' || a.attgenerated::text || ' ' END || pg_get_expr(f.adbin, f.adrelid),
  CASE WHEN a.attidentity <> '' THEN 'IDENTITY ' || a.attidentity::text END, CASE WHEN a.attstorage <> t.typstorage THEN 'STORAGE ' || a.attstorage::text END,
  CASE WHEN a.attcompression <> '' THEN 'COMPRESSION ' || a.attcompression::text END, CASE WHEN coalesce(a.attstattarget, -1) >= 0 THEN 'STATISTICS ' || a.attstattarget END,
  array_to_string(a.attoptions, ', '), array_to_string(a.attfdwoptions, ', '))
  FROM relations c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum WHERE c.relkind IN ('r', 'p', 'f')
UNION ALL SELECT 'column order', c.name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
  FROM relations c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE c.relkind IN ('r', 'p', 'f') GROUP BY c.name
UNION ALL SELECT 'constraint', coalesce(c.name, t.name) || ' ' || quote_ident(o.conname), concat_ws(' ', pg_get_constraintdef(o.oid), CASE WHEN NOT o.convalidated THEN 'not validated' END,
  CASE WHEN o.conrelid <> 0 AND NOT o.conislocal THEN 'inherited' END)
  FROM pg_constraint o LEFT JOIN relations c ON c.oid = o.conrelid LEFT JOIN types t ON t.oid = o.contypid
  WHERE (c.oid IS NOT NULL OR t.oid IS NOT NULL) AND o.contype <> 't'
UNION ALL SELECT 'index', i.indexrelid::regclass::text, concat_ws(' ', pg_get_indexdef(i.indexrelid), CASE WHEN NOT i.indisvalid THEN 'invalid' END, CASE WHEN i.indisclustered THEN 'clustered' END,
  CASE WHEN i.indisreplident THEN 'replica identity' END)
  FROM pg_index i JOIN relations c ON c.oid = i.indrelid
UNION ALL SELECT CASE relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, name, concat_ws(' ', pg_get_viewdef(oid), array_to_string(reloptions, ', '), CASE WHEN NOT relispopulated THEN 'not populated' END)
  FROM relations WHERE relkind IN ('v', 'm')
UNION ALL SELECT 'sequence', c.name, concat_ws(' ', format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
  'OWNED BY ' || (SELECT d.refobjid::regclass || '.' || a.attname FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0 LIMIT 1))
  FROM relations c JOIN pg_sequence s ON s.seqrelid = c.oid
UNION ALL SELECT CASE prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END, name, CASE WHEN prokind IN ('f', 'p', 'w') THEN pg_get_functiondef(oid)
  ELSE (SELECT concat_ws(' ', aggtransfn::regproc, aggfinalfn::regproc, aggcombinefn::regproc, format_type(aggtranstype, NULL), agginitval, aggkind) FROM pg_aggregate a WHERE a.aggfnoid = p.oid) END FROM functions p
UNION ALL SELECT 'trigger', c.name || ' ' || quote_ident(g.tgname), concat_ws(' ', pg_get_triggerdef(g.oid), CASE g.tgenabled WHEN 'O' THEN NULL WHEN 'D' THEN 'disabled' ELSE 'enabled ' || g.tgenabled::text END)
  FROM pg_trigger g JOIN relations c ON c.oid = g.tgrelid WHERE NOT g.tgisinternal
UNION ALL SELECT 'rule', c.name || ' ' || quote_ident(w.rulename), concat_ws(' ', pg_get_ruledef(w.oid), CASE WHEN w.ev_enabled <> 'O' THEN w.ev_enabled::text END)
  FROM pg_rewrite w JOIN relations c ON c.oid = w.ev_class WHERE w.rulename <> '_RETURN'
UNION ALL SELECT 'policy', c.name || ' ' || quote_ident(l.polname), concat_ws(' ', l.polcmd, CASE WHEN l.polpermissive THEN 'permissive' ELSE 'restrictive' END,
  (SELECT string_agg(CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r)::text END, ', ' ORDER BY r) FROM unnest(l.polroles) r), 'USING ' || pg_get_expr(l.polqual, l.polrelid), 'CHECK ' || pg_get_expr(l.polwithcheck, l.polrelid))
  FROM pg_policy l JOIN relations c ON c.oid = l.polrelid
UNION ALL SELECT 'statistics', quote_ident(n.nspname) || '.' || quote_ident(x.stxname), pg_get_statisticsobjdef(x.oid) FROM pg_statistic_ext x JOIN spaces n ON n.oid = x.stxnamespace
UNION ALL SELECT 'event trigger', quote_ident(evtname), concat_ws(' ', evtevent, evtfoid::regproc, evtenabled, array_to_string(evttags, ', ')) FROM pg_event_trigger
UNION ALL SELECT 'publication', quote_ident(p.pubname), concat_ws(' ', p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot,
  (SELECT string_agg(concat_ws(' ', r.prrelid::regclass, to_jsonb(r)->>'prattrs', pg_get_expr((to_jsonb(r)->>'prqual')::pg_node_tree, r.prrelid)), ', ' ORDER BY r.prrelid::regclass::text) FROM pg_publication_rel r WHERE r.prpubid = p.oid)) FROM pg_publication p
UNION ALL SELECT 'foreign server', quote_ident(s.srvname), concat_ws(' ', w.fdwname, s.srvtype, s.srvversion) FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
UNION ALL SELECT 'owner and privileges', c.name, concat_ws(' ', pg_get_userbyid(c.relowner), (SELECT string_agg(p::text, ', ' ORDER BY p::text) FROM unnest(c.relacl) p)) FROM relations c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
UNION ALL SELECT 'privileges', c.name || '.' || quote_ident(a.attname), (SELECT string_agg(p::text, ', ' ORDER BY p::text) FROM unnest(a.attacl) p) FROM relations c JOIN pg_attribute a ON a.attrelid = c.oid WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
UNION ALL SELECT 'owner and privileges', 'schema ' || quote_ident(nspname), concat_ws(' ', pg_get_userbyid(nspowner), (SELECT string_agg(p::text, ', ' ORDER BY p::text) FROM unnest(nspacl) p)) FROM spaces
UNION ALL SELECT 'owner and privileges', f.name, concat_ws(' ', pg_get_userbyid(f.proowner), (SELECT string_agg(p::text, ', ' ORDER BY p::text) FROM unnest(f.proacl) p)) FROM functions f
UNION ALL SELECT 'owner and privileges', 'type ' || t.name, concat_ws(' ', pg_get_userbyid(t.typowner), (SELECT string_agg(p::text, ', ' ORDER BY p::text) FROM unnest(t.typacl) p)) FROM types t WHERE t.typtype IN ('e', 'd', 'r')
UNION ALL SELECT 'default privileges', concat_ws(' ', pg_get_userbyid(d.defaclrole), d.defaclnamespace::regnamespace, d.defaclobjtype), (SELECT string_agg(p::text, ', ' ORDER BY p::text) FROM unnest(d.defaclacl) p) FROM pg_default_acl d
UNION ALL SELECT 'comment', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description FROM pg_description d
  WHERE d.classoid = 'pg_class'::regclass AND EXISTS (SELECT FROM relations c WHERE c.oid = d.objoid) OR d.classoid = 'pg_type'::regclass AND EXISTS (SELECT FROM types t WHERE t.oid = d.objoid)
    OR d.classoid = 'pg_proc'::regclass AND EXISTS (SELECT FROM functions f WHERE f.oid = d.objoid) OR d.classoid = 'pg_namespace'::regclass AND EXISTS (SELECT FROM spaces n WHERE n.oid = d.objoid AND n.nspname <> 'public')
    OR d.classoid = 'pg_constraint'::regclass AND EXISTS (SELECT FROM pg_constraint o JOIN relations c ON c.oid = o.conrelid WHERE o.oid = d.objoid)
    OR d.classoid = 'pg_trigger'::regclass AND EXISTS (SELECT FROM pg_trigger g JOIN relations c ON c.oid = g.tgrelid WHERE g.oid = d.objoid)
    OR d.classoid = 'pg_policy'::regclass
UNION ALL SELECT 'object', pg_describe_object(o.classid, o.oid, 0), '' FROM (
  SELECT 'pg_operator'::regclass::oid AS classid, oid, oprnamespace AS space FROM pg_operator UNION ALL SELECT 'pg_opclass'::regclass, oid, opcnamespace FROM pg_opclass
  UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfnamespace FROM pg_opfamily UNION ALL SELECT 'pg_collation'::regclass, oid, collnamespace FROM pg_collation
  UNION ALL SELECT 'pg_conversion'::regclass, oid, connamespace FROM pg_conversion UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgnamespace FROM pg_ts_config
  UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictnamespace FROM pg_ts_dict) o JOIN spaces n ON n.oid = o.space
  WHERE NOT EXISTS (SELECT FROM members m WHERE m.classid = o.classid AND m.objid = o.oid)
UNION ALL SELECT 'object', pg_describe_object('pg_cast'::regclass, k.oid, 0), concat_ws(' ', k.castfunc::regproc, k.castcontext, k.castmethod) FROM pg_cast k
  WHERE k.oid >= 16384 AND NOT EXISTS (SELECT FROM members m WHERE m.classid = 'pg_cast'::regclass AND m.objid = k.oid)`
