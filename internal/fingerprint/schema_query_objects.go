package fingerprint

import "strings"

// codeObjects are functions and what calls them. pg_get_functiondef knows no aggregates. Constraints that are triggers are shown as such.
const codeObjects = `
SELECT CASE prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END, name, CASE WHEN prokind IN ('f', 'p', 'w') THEN pg_get_functiondef(oid)
  ELSE (SELECT concat_ws(' ', pg_get_function_arguments(p.oid), aggkind, aggnumdirectargs, aggtransfn::regprocedure, aggfinalfn::regprocedure, aggcombinefn::regprocedure, aggserialfn::regprocedure, aggdeserialfn::regprocedure,
    aggmtransfn::regprocedure, aggminvtransfn::regprocedure, aggmfinalfn::regprocedure, aggfinalextra, aggmfinalextra, aggfinalmodify, aggmfinalmodify, aggsortop::regoperator, format_type(aggtranstype, NULL), aggtransspace,
    format_type(nullif(aggmtranstype, 0), NULL), aggmtransspace, 'INITIAL ' || quote_literal(agginitval), 'MOVING INITIAL ' || quote_literal(aggminitval), provolatile, proisstrict, proparallel)
    FROM pg_aggregate a WHERE a.aggfnoid = p.oid) END FROM functions p
UNION ALL SELECT 'trigger', c.name || ' ' || quote_ident(g.tgname), concat_ws(' ', pg_get_triggerdef(g.oid), CASE g.tgenabled WHEN 'O' THEN NULL WHEN 'D' THEN 'disabled' ELSE 'enabled ' || g.tgenabled::text END)
  FROM pg_trigger g JOIN relations c ON c.oid = g.tgrelid WHERE NOT g.tgisinternal
UNION ALL SELECT 'rule', c.name || ' ' || quote_ident(w.rulename), concat_ws(' ', pg_get_ruledef(w.oid), CASE WHEN w.ev_enabled <> 'O' THEN w.ev_enabled::text END)
  FROM pg_rewrite w JOIN relations c ON c.oid = w.ev_class WHERE w.rulename <> '_RETURN'
UNION ALL SELECT 'policy', c.name || ' ' || quote_ident(l.polname), concat_ws(' ', l.polcmd, CASE WHEN l.polpermissive THEN 'permissive' ELSE 'restrictive' END,
  (SELECT string_agg(r.role, ', ' ORDER BY r.role COLLATE "C") FROM (SELECT CASE r WHEN 0 THEN 'public' ELSE r::regrole::text END AS role FROM unnest(l.polroles) r) r), 'USING ' || pg_get_expr(l.polqual, l.polrelid), 'CHECK ' || pg_get_expr(l.polwithcheck, l.polrelid))
  FROM pg_policy l JOIN relations c ON c.oid = l.polrelid
UNION ALL SELECT 'event trigger', quote_ident(evtname), concat_ws(' ', evtevent, evtfoid::regprocedure, evtenabled, (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(evttags) o)) FROM pg_event_trigger e
  WHERE NOT EXISTS (SELECT FROM members m WHERE m.classid = 'pg_event_trigger'::regclass AND m.objid = e.oid)`

// otherObjects are those that belong to no table.
func otherObjects() string {
	return strings.NewReplacer("{wrapper options}", options("w.fdwoptions"), "{server options}", options("s.srvoptions"), "{user options}", options("u.umoptions"), "{settings}", options("d.setconfig")).Replace(`
SELECT 'schema', quote_ident(nspname), '' FROM spaces
UNION ALL SELECT 'extension', quote_ident(e.extname), concat_ws(' ', e.extversion, 'in', n.nspname, 'of', pg_get_userbyid(e.extowner)) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
UNION ALL SELECT 'statistics', quote_ident(n.nspname) || '.' || quote_ident(x.stxname), concat_ws(' ', pg_get_statisticsobjdef(x.oid), 'STATISTICS ' || nullif((to_jsonb(x)->>'stxstattarget')::int, -1)) FROM pg_statistic_ext x JOIN spaces n ON n.oid = x.stxnamespace
UNION ALL SELECT 'setting', coalesce(nullif(d.setrole, 0)::regrole::text, 'of the database'), {settings} FROM pg_db_role_setting d JOIN pg_database b ON b.oid = d.setdatabase WHERE b.datname = current_database()
UNION ALL SELECT 'subscription', quote_ident(s.subname), concat_ws(' ', s.subenabled, s.subslotname, s.subsynccommit, (SELECT string_agg(p, ', ' ORDER BY p COLLATE "C") FROM unnest(s.subpublications) p))
  FROM pg_subscription s JOIN pg_database b ON b.oid = s.subdbid WHERE b.datname = current_database()
UNION ALL SELECT 'language', quote_ident(l.lanname), concat_ws(' ', l.lanpltrusted, l.lanplcallfoid::regprocedure, l.laninline::regprocedure, l.lanvalidator::regprocedure) FROM pg_language l
  WHERE l.oid >= 16384 AND NOT EXISTS (SELECT FROM members m WHERE m.classid = 'pg_language'::regclass AND m.objid = l.oid)
UNION ALL SELECT 'access method', quote_ident(a.amname), concat_ws(' ', a.amtype, a.amhandler::regproc) FROM pg_am a
  WHERE a.oid >= 16384 AND NOT EXISTS (SELECT FROM members m WHERE m.classid = 'pg_am'::regclass AND m.objid = a.oid)
UNION ALL SELECT 'foreign data wrapper', quote_ident(w.fdwname), concat_ws(' ', w.fdwhandler::regproc, w.fdwvalidator::regproc, {wrapper options}) FROM pg_foreign_data_wrapper w
  WHERE NOT EXISTS (SELECT FROM members m WHERE m.classid = 'pg_foreign_data_wrapper'::regclass AND m.objid = w.oid)
UNION ALL SELECT 'foreign server', quote_ident(s.srvname), concat_ws(' ', quote_ident(w.fdwname), 'TYPE ' || s.srvtype, 'VERSION ' || s.srvversion, {server options}) FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
  WHERE NOT EXISTS (SELECT FROM members m WHERE m.classid = 'pg_foreign_server'::regclass AND m.objid = s.oid)
UNION ALL SELECT 'user mapping', concat_ws(' ', quote_ident(u.usename), 'on', quote_ident(u.srvname)), {user options} FROM pg_user_mappings u
UNION ALL SELECT 'security label', concat_ws(' ', l.objtype, l.objname, l.provider), l.label FROM pg_seclabels l`)
}

// operatorObjects are those that pg_identify_object names; the server's own have numbers below 16384:
// https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-OBJECT
const operatorObjects = `
SELECT i.type, i.identity, o.definition FROM (
  SELECT 'pg_operator'::regclass::oid AS classid, oid, oprnamespace AS space, concat_ws(' ', oprcode::regprocedure, oprrest::regproc, oprjoin::regproc, oprcom::regoperator, oprnegate::regoperator, oprcanhash, oprcanmerge) AS definition FROM pg_operator WHERE oid >= 16384
  UNION ALL SELECT 'pg_opclass'::regclass, c.oid, c.opcnamespace, concat_ws(' ', format_type(c.opcintype, NULL), format_type(nullif(c.opckeytype, 0), NULL), CASE WHEN c.opcdefault THEN 'DEFAULT' END, 'FAMILY ' || quote_ident(n.nspname) || '.' || quote_ident(f.opfname))
    FROM pg_opclass c JOIN pg_opfamily f ON f.oid = c.opcfamily JOIN pg_namespace n ON n.oid = f.opfnamespace WHERE c.oid >= 16384
  UNION ALL SELECT 'pg_opfamily'::regclass, f.oid, f.opfnamespace, concat_ws(' ', (SELECT string_agg(concat_ws(' ', o.amopstrategy, o.amopopr::regoperator, o.amoppurpose, s.opfname), ', ' ORDER BY o.amopstrategy, o.amopopr::regoperator::text COLLATE "C") FROM pg_amop o LEFT JOIN pg_opfamily s ON s.oid = o.amopsortfamily WHERE o.amopfamily = f.oid),
    (SELECT string_agg(concat_ws(' ', p.amprocnum, format_type(p.amproclefttype, NULL), format_type(p.amprocrighttype, NULL), p.amproc::regprocedure), ', ' ORDER BY p.amprocnum, format_type(p.amproclefttype, NULL) COLLATE "C", format_type(p.amprocrighttype, NULL) COLLATE "C") FROM pg_amproc p WHERE p.amprocfamily = f.oid)) FROM pg_opfamily f WHERE f.oid >= 16384
  UNION ALL SELECT 'pg_collation'::regclass, oid, collnamespace, (to_jsonb(c) - '{oid,collname,collnamespace,collowner,collversion}'::text[])::text FROM pg_collation c WHERE oid >= 16384
  UNION ALL SELECT 'pg_conversion'::regclass, oid, connamespace, concat_ws(' ', pg_encoding_to_char(conforencoding), pg_encoding_to_char(contoencoding), conproc::regproc, condefault) FROM pg_conversion WHERE oid >= 16384
  UNION ALL SELECT 'pg_ts_config'::regclass, c.oid, c.cfgnamespace, concat_ws(' ', p.prsname, (SELECT string_agg(concat_ws(' ', m.maptokentype, m.mapdict::regdictionary), ', ' ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = c.oid)) FROM pg_ts_config c JOIN pg_ts_parser p ON p.oid = c.cfgparser WHERE c.oid >= 16384
  UNION ALL SELECT 'pg_ts_dict'::regclass, d.oid, d.dictnamespace, concat_ws(' ', quote_ident(n.nspname) || '.' || quote_ident(t.tmplname), d.dictinitoption) FROM pg_ts_dict d JOIN pg_ts_template t ON t.oid = d.dicttemplate JOIN pg_namespace n ON n.oid = t.tmplnamespace WHERE d.oid >= 16384
  UNION ALL SELECT 'pg_ts_parser'::regclass, oid, prsnamespace, concat_ws(' ', prsstart, prstoken, prsend, prsheadline, prslextype) FROM pg_ts_parser WHERE oid >= 16384
  UNION ALL SELECT 'pg_ts_template'::regclass, oid, tmplnamespace, concat_ws(' ', tmplinit, tmpllexize) FROM pg_ts_template WHERE oid >= 16384
  UNION ALL SELECT 'pg_cast'::regclass, oid, NULL, concat_ws(' ', castfunc::regprocedure, castcontext, castmethod) FROM pg_cast WHERE oid >= 16384
  UNION ALL SELECT 'pg_transform'::regclass, oid, NULL, concat_ws(' ', trffromsql::regprocedure, trftosql::regprocedure) FROM pg_transform WHERE oid >= 16384) o
  CROSS JOIN LATERAL pg_identify_object(o.classid, o.oid, 0) i
  WHERE (o.space IS NULL OR EXISTS (SELECT FROM spaces n WHERE n.oid = o.space)) AND NOT EXISTS (SELECT FROM members m WHERE m.classid = o.classid AND m.objid = o.oid)`

// publications have whole schemas, columns and conditions since 15.
func publications(version int) string {
	schemas, part := "NULL", "r.prrelid::regclass::text"
	if version >= 15 {
		schemas = `(SELECT string_agg(quote_ident(n.nspname), ', ' ORDER BY n.nspname) FROM pg_publication_namespace s JOIN pg_namespace n ON n.oid = s.pnnspid WHERE s.pnpubid = p.oid)`
		part = `concat_ws(' ', r.prrelid::regclass, (SELECT '(' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname) || ')' FROM unnest(r.prattrs::int2[]) k JOIN pg_attribute a ON a.attrelid = r.prrelid AND a.attnum = k), 'WHERE ' || pg_get_expr(r.prqual, r.prrelid))`
	}
	return `
SELECT 'publication', quote_ident(p.pubname), concat_ws(' ', p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot, to_jsonb(p)->>'pubgencols', 'SCHEMAS ' || ` + schemas + `,
  (SELECT string_agg(` + part + `, ', ' ORDER BY r.prrelid::regclass::text COLLATE "C") FROM pg_publication_rel r WHERE r.prpubid = p.oid)) FROM pg_publication p`
}
