package fingerprint

import "strings"

// granted lists the privileges of an access list. None at all is the default one of its kind of object, so that a privilege that
// was granted and taken back leaves no trace: https://www.postgresql.org/docs/current/ddl-priv.html
func granted(list, kind, owner string) string {
	return `(SELECT string_agg(p::text, ', ' ORDER BY p::text COLLATE "C") FROM unnest(coalesce(` + list + `, acldefault(` + kind + `, ` + owner + `))) p)`
}

// privileges are who owns what and who may do what. Objects of the system and of extensions come only where somebody granted or
// took away something since they were made.
func privileges() string {
	return strings.NewReplacer("{relation}", granted("c.relacl", `CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char"`, "c.relowner"), "{schema}", granted("nspacl", "'n'", "nspowner"),
		"{function}", granted("f.proacl", "'f'", "f.proowner"), "{type}", granted("t.typacl", "'T'", "t.typowner"), "{database}", granted("d.datacl", "'d'", "d.datdba"), "{language}", granted("l.lanacl", "'l'", "l.lanowner"),
		"{wrapper}", granted("w.fdwacl", "'F'", "w.fdwowner"), "{server}", granted("s.srvacl", "'S'", "s.srvowner"), "{large object}", granted("o.lomacl", "'L'", "o.lomowner"),
		"{now}", granted("o.acl", "o.kind", "o.owner"), "{at first}", granted("v.initprivs", "o.kind", "o.owner")).Replace(`
SELECT 'owner and privileges', c.name, concat_ws(' ', pg_get_userbyid(c.relowner), {relation}) FROM relations c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
UNION ALL SELECT 'privileges', c.name || '.' || quote_ident(a.attname), (SELECT string_agg(p::text, ', ' ORDER BY p::text COLLATE "C") FROM unnest(a.attacl) p) FROM relations c JOIN pg_attribute a ON a.attrelid = c.oid WHERE cardinality(a.attacl) > 0 AND NOT a.attisdropped
UNION ALL SELECT 'owner and privileges', 'schema ' || quote_ident(nspname), concat_ws(' ', pg_get_userbyid(nspowner), {schema}) FROM spaces
UNION ALL SELECT 'owner and privileges', f.name, concat_ws(' ', pg_get_userbyid(f.proowner), {function}) FROM functions f
UNION ALL SELECT 'owner and privileges', 'type ' || t.name, concat_ws(' ', pg_get_userbyid(t.typowner), {type}) FROM types t LEFT JOIN pg_class c ON c.oid = t.typrelid
  WHERE t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c' OR t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
UNION ALL SELECT 'owner and privileges', 'the database', concat_ws(' ', pg_get_userbyid(d.datdba), {database}) FROM pg_database d WHERE d.datname = current_database()
UNION ALL SELECT 'owner and privileges', 'language ' || quote_ident(l.lanname), concat_ws(' ', pg_get_userbyid(l.lanowner), {language}) FROM pg_language l WHERE l.oid >= 16384 AND NOT EXISTS (SELECT FROM members m WHERE m.classid = 'pg_language'::regclass AND m.objid = l.oid)
UNION ALL SELECT 'owner and privileges', 'foreign data wrapper ' || quote_ident(w.fdwname), concat_ws(' ', pg_get_userbyid(w.fdwowner), {wrapper}) FROM pg_foreign_data_wrapper w WHERE NOT EXISTS (SELECT FROM members m WHERE m.classid = 'pg_foreign_data_wrapper'::regclass AND m.objid = w.oid)
UNION ALL SELECT 'owner and privileges', 'foreign server ' || quote_ident(s.srvname), concat_ws(' ', pg_get_userbyid(s.srvowner), {server}) FROM pg_foreign_server s
UNION ALL SELECT 'owner and privileges', 'large object ' || o.oid, concat_ws(' ', pg_get_userbyid(o.lomowner), {large object}) FROM pg_largeobject_metadata o
UNION ALL SELECT 'owner', concat_ws(' ', i.type, i.identity), pg_get_userbyid(o.owner) FROM (
  SELECT 'pg_operator'::regclass::oid AS classid, oid, oprowner AS owner, oprnamespace AS space FROM pg_operator UNION ALL SELECT 'pg_opclass'::regclass, oid, opcowner, opcnamespace FROM pg_opclass
  UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfowner, opfnamespace FROM pg_opfamily UNION ALL SELECT 'pg_collation'::regclass, oid, collowner, collnamespace FROM pg_collation
  UNION ALL SELECT 'pg_conversion'::regclass, oid, conowner, connamespace FROM pg_conversion UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgowner, cfgnamespace FROM pg_ts_config
  UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictowner, dictnamespace FROM pg_ts_dict UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxowner, stxnamespace FROM pg_statistic_ext
  UNION ALL SELECT 'pg_event_trigger'::regclass, oid, evtowner, NULL FROM pg_event_trigger UNION ALL SELECT 'pg_publication'::regclass, oid, pubowner, NULL FROM pg_publication
  UNION ALL SELECT 'pg_subscription'::regclass, oid, subowner, NULL FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())) o CROSS JOIN LATERAL pg_identify_object(o.classid, o.oid, 0) i
  WHERE (o.space IS NULL OR EXISTS (SELECT FROM spaces n WHERE n.oid = o.space)) AND NOT EXISTS (SELECT FROM members m WHERE m.classid = o.classid AND m.objid = o.oid)
UNION ALL SELECT 'privileges', concat_ws(' ', i.type, i.identity), o.now FROM (
  SELECT o.classid, o.oid, {now} AS now, {at first} AS first FROM (
    SELECT 'pg_class'::regclass::oid AS classid, oid, relacl AS acl, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char" AS kind, relowner AS owner FROM pg_class WHERE relacl IS NOT NULL
    UNION ALL SELECT 'pg_proc'::regclass, oid, proacl, 'f', proowner FROM pg_proc WHERE proacl IS NOT NULL UNION ALL SELECT 'pg_type'::regclass, oid, typacl, 'T', typowner FROM pg_type WHERE typacl IS NOT NULL
    UNION ALL SELECT 'pg_language'::regclass, oid, lanacl, 'l', lanowner FROM pg_language WHERE lanacl IS NOT NULL UNION ALL SELECT 'pg_namespace'::regclass, oid, nspacl, 'n', nspowner FROM pg_namespace WHERE nspacl IS NOT NULL AND nspname <> 'public'
    UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, fdwacl, 'F', fdwowner FROM pg_foreign_data_wrapper WHERE fdwacl IS NOT NULL) o
  LEFT JOIN pg_init_privs v ON v.classoid = o.classid AND v.objoid = o.oid AND v.objsubid = 0
  WHERE o.oid < 16384 OR EXISTS (SELECT FROM members m WHERE m.classid = o.classid AND m.objid = o.oid)) o
  CROSS JOIN LATERAL pg_identify_object(o.classid, o.oid, 0) i WHERE o.now IS DISTINCT FROM o.first
UNION ALL SELECT 'default privileges', concat_ws(' ', pg_get_userbyid(d.defaclrole), d.defaclnamespace::regnamespace, d.defaclobjtype), (SELECT string_agg(p::text, ', ' ORDER BY p::text COLLATE "C") FROM unnest(d.defaclacl) p) FROM pg_default_acl d`)
}

// comments are those on what the schema has. An extension has one of its own.
const comments = `
SELECT 'comment', concat_ws(' ', i.type, i.identity), d.description FROM pg_description d CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i
  WHERE CASE d.classoid WHEN 'pg_class'::regclass THEN EXISTS (SELECT FROM relations c WHERE c.oid = d.objoid) WHEN 'pg_type'::regclass THEN EXISTS (SELECT FROM types t WHERE t.oid = d.objoid)
    WHEN 'pg_proc'::regclass THEN EXISTS (SELECT FROM functions f WHERE f.oid = d.objoid) WHEN 'pg_namespace'::regclass THEN EXISTS (SELECT FROM spaces n WHERE n.oid = d.objoid)
    WHEN 'pg_constraint'::regclass THEN EXISTS (SELECT FROM pg_constraint o LEFT JOIN relations c ON c.oid = o.conrelid LEFT JOIN types t ON t.oid = o.contypid WHERE o.oid = d.objoid AND (c.oid IS NOT NULL OR t.oid IS NOT NULL))
    WHEN 'pg_extension'::regclass THEN true WHEN 'pg_largeobject'::regclass THEN true
    ELSE d.objoid >= 16384 AND NOT EXISTS (SELECT FROM members m WHERE m.classid = d.classoid AND m.objid = d.objoid) END
UNION ALL SELECT 'comment', 'the database', shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database() AND shobj_description(oid, 'pg_database') IS NOT NULL`
