package review_test

import (
	"testing"

	"github.com/randomchaoslabs/airlock/internal/review"
)

// down adds a down section.
func down(up, down string) string { return "-- +goose Up\n" + up + "\n-- +goose Down\n" + down }

func TestThePreviousVersionIsNotClaimedToWorkWhereItMayNot(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       bool
	}{
		{"a table made anew is empty", "DROP TABLE feelings;\nCREATE TABLE feelings (id bigint primary key, m mood, word text);", false},
		{"another table by its name, with fewer columns", "CREATE TABLE f2 (id bigint primary key, word text);\nALTER TABLE feelings RENAME TO f1;\nALTER TABLE f2 RENAME TO feelings;", false},
		{"another table by its name, with other types", "CREATE TABLE f2 (id bigint primary key, m integer, word text);\nDROP TABLE feelings;\nALTER TABLE f2 RENAME TO feelings;", false},
		{"another table by its name, with a NOT NULL more", "CREATE TABLE f2 (id bigint primary key, m mood, word text not null);\nDROP TABLE feelings;\nALTER TABLE f2 RENAME TO feelings;", false},
		{"another table by its name, with the same columns", "CREATE TABLE f2 (id bigint primary key, m mood, word text, more text);\nINSERT INTO f2 (id, m, word) SELECT id, m, word FROM feelings;\nDROP TABLE feelings;\nALTER TABLE f2 RENAME TO feelings;", true},
		{"a column made anew", "ALTER TABLE orders DROP COLUMN note;\nALTER TABLE orders ADD COLUMN note varchar(40);", false},
		{"a view with a column less", "DROP VIEW active_orders;\nCREATE VIEW active_orders AS SELECT id FROM orders;", false},
		{"a view with a column of another name", "DROP VIEW active_orders;\nCREATE VIEW active_orders AS SELECT id, note AS remark FROM orders;", false},
		{"a view with a column more", "DROP VIEW active_orders;\nCREATE VIEW active_orders AS SELECT id, note, amount FROM orders;", true},
		{"a view of all columns", "DROP VIEW active_orders;\nCREATE VIEW active_orders AS SELECT * FROM orders;", true},
		{"a function that is there", "DROP FUNCTION IF EXISTS total_of(bigint);", false},
		{"a view that is there", "DROP VIEW IF EXISTS active_orders;", false},
		{"a function that comes and goes", function("PERFORM 1;", "DROP FUNCTION zap();"), true},
		{"a function that is not there", "DROP FUNCTION IF EXISTS nothing_of(bigint);", true},
		{"no default any more", "ALTER TABLE orders ALTER COLUMN amount SET DEFAULT NULL;", false},
		{"no default of a column that was never seen", "ALTER TABLE users ALTER COLUMN status DROP DEFAULT;", false},
		{"a default in place of another", "ALTER TABLE users ALTER COLUMN status DROP DEFAULT;\nALTER TABLE users ALTER COLUMN status SET DEFAULT 'new';", true},
		{"a foreign key of a new column of a table that was never seen", "ALTER TABLE users ADD COLUMN tenant bigint;\nALTER TABLE users ADD FOREIGN KEY (tenant) REFERENCES customers NOT VALID;", true},
		{"a new column of it that is unique", "ALTER TABLE users ADD COLUMN tenant bigint;\nALTER TABLE users ADD UNIQUE (tenant);", true},
		{"a new column of it with a default, and NOT NULL", "ALTER TABLE users ADD COLUMN x boolean DEFAULT false;\nALTER TABLE users ALTER COLUMN x SET NOT NULL;", true},
		{"a new column of it without a default, and NOT NULL", "ALTER TABLE users ADD COLUMN x boolean;\nALTER TABLE users ALTER COLUMN x SET NOT NULL;", false},
		{"a column of it that may be there", "ALTER TABLE users ADD COLUMN IF NOT EXISTS x boolean;\nALTER TABLE users ADD UNIQUE (x);", false},
		{"a column of it made anew", "ALTER TABLE users DROP COLUMN x;\nALTER TABLE users ADD COLUMN x boolean;", false},
		{"an enum made anew with all of its values", "ALTER TYPE mood RENAME TO mood_old;\nCREATE TYPE mood AS ENUM ('good', 'bad', 'meh');\nALTER TABLE feelings ALTER COLUMN m TYPE mood USING m::text::mood;\nDROP TYPE mood_old;", true},
		{"an enum made anew with a value less", "ALTER TYPE mood RENAME TO mood_old;\nCREATE TYPE mood AS ENUM ('good');\nALTER TABLE feelings ALTER COLUMN m TYPE mood USING m::text::mood;\nDROP TYPE mood_old;", false},
		{"a domain that asks for nothing", "CREATE DOMAIN plain AS text;\nALTER TABLE feelings ALTER COLUMN word TYPE plain;", true},
		{"a unique index of a materialized view", "CREATE UNIQUE INDEX u ON totals (id);", true},
		{"a down that cannot be read", down("ALTER TABLE orders ADD COLUMN x int;", "ALTER TABLE orders DROP COLUMNS x;"), true},
		{"an up that cannot be read", down("ALTER TABLE orders ADD COLUMNS x int;", "ALTER TABLE orders DROP COLUMN x;"), false},
		{"NOT NULL where a CHECK refuses NULL already", "ALTER TABLE totalled VALIDATE CONSTRAINT given;\nALTER TABLE totalled ALTER COLUMN total SET NOT NULL;", true},
		{"no identity any more", "ALTER TABLE orders ALTER COLUMN id DROP IDENTITY;", false},
		{"an identity that takes no values", "ALTER TABLE feelings ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;", false},
		{"a type by another name", "ALTER TYPE mood RENAME TO feeling;", false},
		{"a type made anew beside the old one", "ALTER TYPE mood RENAME TO mood_old;\nCREATE TYPE mood AS ENUM ('good', 'bad', 'so-so');", true},
		{"a rule", "CREATE RULE quiet AS ON INSERT TO orders DO INSTEAD NOTHING;", false},
		{"a block that drops a column", block("IF true THEN ALTER TABLE orders DROP COLUMN note; END IF;"), false},
		{"a function that drops a column", function("ALTER TABLE orders DROP COLUMN note;", "SELECT zap();"), false},
		{"an empty table in the place of one", "ALTER TABLE feelings RENAME TO f1;\nCREATE TABLE feelings (id bigint primary key, m mood, word text);", false},
		{"the same, by its full name", "DROP TABLE public.feelings;\nCREATE TABLE feelings (id bigint primary key, m mood, word text);", false},
		{"another table by its name, with a CHECK", "CREATE TABLE f2 (id bigint primary key, m mood, word text check (word <> ''));\nDROP TABLE feelings;\nALTER TABLE f2 RENAME TO feelings;", false},
		{"another table by its name, with a unique word", "CREATE TABLE f2 (id bigint primary key, m mood, word text unique);\nDROP TABLE feelings;\nALTER TABLE f2 RENAME TO feelings;", false},
		{"a view whose columns are not known", "DROP VIEW active_orders;\nCREATE VIEW active_orders AS SELECT o.*, f.word FROM orders o JOIN feelings f ON f.id = o.id;", false},
		{"a view whose column is of another type", "DROP VIEW active_orders;\nCREATE VIEW active_orders AS SELECT id::text AS id, note FROM orders;", false},
		{"a view through WITH", "DROP VIEW active_orders;\nCREATE VIEW active_orders AS WITH x AS (SELECT id FROM orders) SELECT * FROM x;", false},
		{"a view of the old name with a column less", "ALTER TABLE feelings RENAME TO moods;\nCREATE VIEW feelings AS SELECT id FROM moods;", false},
		{"a view of the old name with all columns", "ALTER TABLE feelings RENAME TO moods;\nCREATE VIEW feelings AS SELECT id, m, word FROM moods;", true},
		{"one of two functions", "DROP FUNCTION twice(integer);", false},
		{"a function of another type", "DROP FUNCTION total_of(bigint);\n-- +goose StatementBegin\nCREATE FUNCTION total_of(bigint) RETURNS text LANGUAGE sql AS $$ select '1' $$;\n-- +goose StatementEnd", false},
		{"a sequence made anew", "DROP SEQUENCE tickets;\nCREATE SEQUENCE tickets;", false},
		{"an identity that is set to take no values", "ALTER TABLE orders ALTER COLUMN id SET GENERATED ALWAYS;", false},
		{"a column dropped under its new name", "ALTER TABLE orders RENAME COLUMN note TO old_note;\nALTER TABLE orders DROP COLUMN old_note;", false},
		// What an INSERT that does not know a new column leaves in it.
		{"a new column that loses its default again", "ALTER TABLE orders ADD COLUMN lvl int NOT NULL DEFAULT 0;\nALTER TABLE orders ALTER COLUMN lvl DROP DEFAULT;", false},
		{"a new column that a CHECK wants", "ALTER TABLE orders ADD COLUMN lvl int;\nALTER TABLE orders ADD CONSTRAINT c CHECK (lvl IS NOT NULL) NOT VALID;", false},
		{"a new column whose default a CHECK refuses", "ALTER TABLE orders ADD COLUMN z int NOT NULL DEFAULT 1;\nALTER TABLE orders ADD CONSTRAINT c CHECK (z > 5) NOT VALID;", false},
		{"the same in one statement", "ALTER TABLE orders ADD COLUMN z int NOT NULL DEFAULT 1 CHECK (z > 5);", false},
		{"a new column whose default a CHECK may refuse", "ALTER TABLE orders ADD COLUMN z text DEFAULT current_user;\nALTER TABLE orders ADD CONSTRAINT c CHECK (z <> 'me') NOT VALID;", false},
		{"a new column that gets NOT NULL later", "ALTER TABLE orders ADD COLUMN lvl int;\nALTER TABLE orders ALTER COLUMN lvl SET NOT NULL;", false},
		{"a new column of which each is the same, and unique", "ALTER TABLE orders ADD COLUMN k text NOT NULL DEFAULT 'x' UNIQUE;", false},
		{"the same by an index", "ALTER TABLE orders ADD COLUMN k text DEFAULT 'x';\nCREATE UNIQUE INDEX u ON orders (k);", false},
		{"the same by an index of an expression", "ALTER TABLE orders ADD COLUMN k text DEFAULT 'x';\nCREATE UNIQUE INDEX u ON orders (lower(k));", false},
		{"a new column of which one may be NULL", "ALTER TABLE orders ADD COLUMN k text;\nALTER TABLE orders ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (k);", false},
		{"the same by an index of NULLs", "ALTER TABLE orders ADD COLUMN k text;\nCREATE UNIQUE INDEX u ON orders (k) NULLS NOT DISTINCT;", false},
		{"an old column unique beside a new one", "ALTER TABLE orders ADD COLUMN k text NOT NULL DEFAULT 'x';\nCREATE UNIQUE INDEX u ON orders (note, k);", false},
		{"a new column that points nowhere by its default", "ALTER TABLE orders ADD COLUMN tenant bigint NOT NULL DEFAULT 0 REFERENCES customers;", false},
		{"the same, later", "ALTER TABLE orders ADD COLUMN tenant bigint DEFAULT 0;\nALTER TABLE orders ADD FOREIGN KEY (tenant) REFERENCES customers NOT VALID;", false},
		{"a new column whose default is NULL", "ALTER TABLE orders ADD COLUMN z int NOT NULL DEFAULT NULL;", false},
		{"a new column of a domain that is NOT NULL", "CREATE DOMAIN must AS int NOT NULL;\nALTER TABLE orders ADD COLUMN z must;", false},
		{"a new column of a domain whose default is not known to pass", "CREATE DOMAIN must AS int NOT NULL DEFAULT 0 CHECK (value > 5);\nALTER TABLE orders ADD COLUMN z must;", false},
		{"a new column of a domain, with a default that does not pass", "ALTER TABLE orders ADD COLUMN z posint DEFAULT 0;", false},
		{"a new column that may be NULL", "ALTER TABLE orders ADD COLUMN z int;", true},
		{"a new column with a default", "ALTER TABLE orders ADD COLUMN z int NOT NULL DEFAULT 0;", true},
		{"a new column that gets its default later", "ALTER TABLE orders ADD COLUMN z int;\nALTER TABLE orders ALTER COLUMN z SET DEFAULT 0;\nALTER TABLE orders ALTER COLUMN z SET NOT NULL;", true},
		{"a new column whose CHECK lets NULL pass", "ALTER TABLE orders ADD COLUMN z int CHECK (z > 5 AND z < 9);\nALTER TABLE orders ADD CONSTRAINT c CHECK (z BETWEEN 1 AND 20 OR length(z::text) = 3) NOT VALID;", true},
		{"a new column whose default the CHECK takes", "ALTER TABLE orders ADD COLUMN z int NOT NULL DEFAULT 10 CHECK (z > 5 AND z IN (9, 10));", true},
		{"a new column whose text the CHECK takes", "ALTER TABLE orders ADD COLUMN k text NOT NULL DEFAULT 'new' CHECK (k IN ('new', 'old') AND k <> '');", true},
		{"a new column that is unique and may be NULL", "ALTER TABLE orders ADD COLUMN k text UNIQUE;\nCREATE UNIQUE INDEX u ON orders (lower(k));", true},
		{"a new column of numbers", "ALTER TABLE orders ADD COLUMN z bigint GENERATED ALWAYS AS IDENTITY UNIQUE, ADD COLUMN y bigserial UNIQUE;", true},
		{"a new column of random values", "ALTER TABLE orders ADD COLUMN k uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE;", true},
		{"an id unique beside a new column", "ALTER TABLE orders ADD COLUMN k text NOT NULL DEFAULT 'x';\nCREATE UNIQUE INDEX u ON orders (id, k);", true},
		{"a new column that points to nothing by default", "ALTER TABLE orders ADD COLUMN tenant bigint REFERENCES customers;", true},
		{"a new column of a domain that takes NULL", "ALTER TABLE orders ADD COLUMN z posint, ADD COLUMN y posint DEFAULT 1;", true},
		// What it rests on and is taken away.
		{"a unique constraint is gone", "ALTER TABLE secrets DROP CONSTRAINT secrets_word_key;", false},
		{"a primary key is gone", "ALTER TABLE feelings DROP CONSTRAINT feelings_pkey;", false},
		{"a unique index is gone", "DROP INDEX orders_code;", false},
		{"a unique index of an expression is gone", "DROP INDEX orders_lower;", false},
		{"a unique index, and another of the same", "CREATE UNIQUE INDEX other ON orders (code);\nDROP INDEX orders_code;", true},
		{"a unique constraint, and an index in its place", "CREATE UNIQUE INDEX other ON secrets (word);\nALTER TABLE secrets DROP CONSTRAINT secrets_word_key;", true},
		{"a CHECK is gone", "ALTER TABLE secrets DROP CONSTRAINT secrets_word_check;", true},
		{"a policy is gone", "DROP POLICY own ON secrets;", false},
		{"a policy made anew", "DROP POLICY IF EXISTS own ON secrets;\nCREATE POLICY own ON secrets USING (word = current_user);", true},
		{"a policy made otherwise", "DROP POLICY own ON secrets;\nCREATE POLICY own ON secrets USING (false);", false},
		{"a policy that only hides", "CREATE POLICY less ON secrets AS RESTRICTIVE USING (id > 7);", false},
		{"a policy that shows more", "CREATE POLICY more ON secrets USING (id > 7);", true},
		{"a policy where none counts", "CREATE POLICY less ON orders AS RESTRICTIVE USING (id > 7);\nDROP POLICY less ON orders;", true},
		{"a policy that is another", "ALTER POLICY own ON secrets USING (false);", false},
		{"row level security for the owner", "ALTER TABLE secrets FORCE ROW LEVEL SECURITY;", false},
		{"a schema that not everybody may use", "REVOKE USAGE ON SCHEMA public FROM public;", false},
		{"a schema in which not everybody may create", "REVOKE CREATE ON SCHEMA public FROM PUBLIC;", true},
		{"a function that not everybody may call", "REVOKE EXECUTE ON FUNCTION total_of(bigint) FROM PUBLIC;", false},
		{"a new function that not everybody may call", "-- +goose StatementBegin\nCREATE FUNCTION fresh() RETURNS integer LANGUAGE sql AS 'select 1';\n-- +goose StatementEnd\nREVOKE ALL ON FUNCTION fresh() FROM PUBLIC;", true},
		{"a new view that not everybody may read", "CREATE VIEW fresh AS SELECT id FROM orders;\nREVOKE ALL ON fresh FROM PUBLIC;", true},
		{"a membership", "REVOKE app_rw FROM app;", false},
		{"a role that may not log in", "ALTER ROLE app NOLOGIN;", false},
		{"a role that may log in", "ALTER ROLE app LOGIN;", true},
		{"a role", "DROP ROLE app;", false},
		{"a sequence that begins again", "ALTER SEQUENCE tickets RESTART;", false},
		{"a sequence with a maximum", "ALTER SEQUENCE tickets MAXVALUE 9;", false},
		{"a sequence in other steps", "ALTER SEQUENCE tickets INCREMENT BY 10;", false},
		{"a sequence that is set", "SELECT setval('tickets', 1);", false},
		{"the sequence of a column that is set", "SELECT setval(pg_get_serial_sequence('orders', 'id'), 1, false);", false},
		{"a sequence that is set to what is there", "SELECT setval('tickets', (SELECT max(id) FROM orders));", true},
		{"a new sequence that is set", "CREATE SEQUENCE fresh;\nSELECT setval('fresh', 100);\nALTER SEQUENCE fresh INCREMENT BY 5;", true},
		{"an extension", "DROP EXTENSION citext;", false},
		{"an attribute by another name", "ALTER TYPE spot RENAME ATTRIBUTE x TO y;", false},
		{"an attribute of another type", "ALTER TYPE spot ALTER ATTRIBUTE x TYPE bigint;", false},
		{"a partition that is detached", "ALTER TABLE ev DETACH PARTITION ev_rest;", false},
		{"a partition that is detached and attached", "ALTER TABLE ev DETACH PARTITION ev_rest;\nALTER TABLE ev ATTACH PARTITION ev_rest DEFAULT;", true},
		{"a table that does not inherit any more", "ALTER TABLE child NO INHERIT secrets;", false},
		{"a publication", "DROP PUBLICATION news;", false},
		{"a collation", "DROP COLLATION german;", false},
		{"another owner", "ALTER TABLE orders OWNER TO somebody;", false},
		{"another owner of a function", "ALTER FUNCTION total_of(bigint) OWNER TO somebody;", false},
		{"an owner of what is new", "CREATE TABLE fresh (id bigint primary key);\nALTER TABLE fresh OWNER TO somebody;", true},
		// What is there again, and asks for no more.
		{"a foreign key that deletes", "ALTER TABLE words DROP CONSTRAINT words_secret_fkey;\nALTER TABLE words ADD CONSTRAINT words_secret_fkey FOREIGN KEY (secret) REFERENCES secrets ON DELETE CASCADE NOT VALID;", true},
		{"a foreign key that refuses", "ALTER TABLE words DROP CONSTRAINT words_owner_fkey;\nALTER TABLE words ADD CONSTRAINT words_owner_fkey FOREIGN KEY (owner) REFERENCES customers (id) NOT VALID;", false},
		{"a foreign key to another table", "ALTER TABLE words DROP CONSTRAINT words_secret_fkey;\nALTER TABLE words ADD CONSTRAINT words_secret_fkey FOREIGN KEY (secret) REFERENCES feelings NOT VALID;", false},
		{"a CHECK with a value more", "ALTER TABLE words DROP CONSTRAINT words_kind_check;\nALTER TABLE words ADD CONSTRAINT words_kind_check CHECK (kind IN ('a', 'c', 'b')) NOT VALID;", true},
		{"a CHECK with a value less", "ALTER TABLE words DROP CONSTRAINT words_kind_check;\nALTER TABLE words ADD CONSTRAINT words_kind_check CHECK (kind IN ('a', 'c')) NOT VALID;", false},
		{"a CHECK on another column", "ALTER TABLE words ADD CONSTRAINT other CHECK (word IN ('a', 'b')) NOT VALID;", false},
		{"a new sequence of another name", "CREATE SEQUENCE s1;\nALTER SEQUENCE s1 RENAME TO s2;\nALTER SEQUENCE s2 RENAME TO s3;", true},
		{"an old sequence of another name", "ALTER SEQUENCE tickets RENAME TO tickets_old;\nCREATE SEQUENCE tickets;", false},
		{"a view by the name of another", "CREATE VIEW v2 AS SELECT id, note, amount FROM orders;\nALTER VIEW active_orders RENAME TO v_old;\nALTER VIEW v2 RENAME TO active_orders;", true},
		{"the same with a column less", "CREATE VIEW v2 AS SELECT id FROM orders;\nALTER VIEW active_orders RENAME TO v_old;\nALTER VIEW v2 RENAME TO active_orders;", false},
		{"a table by its name again", "ALTER TABLE feelings RENAME TO f1;\nALTER TABLE f1 RENAME TO feelings;", true},
		{"a table by its third name", "ALTER TABLE feelings RENAME TO f1;\nALTER TABLE f1 RENAME TO f2;", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, _, outcome, _ := second(t, test.text, nil); outcome.PreviousVersionCompatible != test.want {
				t.Errorf("got %v: %q", outcome.PreviousVersionCompatible, outcome.Reasons)
			}
		})
	}
}

func TestAWayBackIsNotClaimedWhereThereIsNone(t *testing.T) {
	t.Parallel()
	const yes, loss, no = review.ReversibleYes, review.ReversibleWithLoss, review.ReversibleNo
	tests := []struct {
		name, up, down string
		want           review.Reversible
	}{
		{"TRUNCATE in a block", block("TRUNCATE feelings;"), "SELECT 1;", no},
		{"DELETE in a block, with a down", block("DELETE FROM feelings WHERE id > 7;"), "INSERT INTO feelings (id) VALUES (8);", loss},
		{"an UPDATE in a function", function("UPDATE orders SET note = 'x';", "SELECT zap();"), "DROP FUNCTION zap();", loss},
		{"a column dropped under its new name", "ALTER TABLE orders RENAME COLUMN legacy TO old;\nALTER TABLE orders DROP COLUMN old;", "ALTER TABLE orders ADD COLUMN legacy text;", loss},
		{"a table dropped under its new name", "ALTER TABLE feelings RENAME TO f1;\nDROP TABLE f1;", "CREATE TABLE feelings (id bigint primary key, m mood, word text);", loss},
		{"a swap of tables", "CREATE TABLE f2 (id bigint primary key);\nALTER TABLE feelings RENAME TO f1;\nALTER TABLE f2 RENAME TO feelings;", "ALTER TABLE feelings RENAME TO f2;\nALTER TABLE f1 RENAME TO feelings;\nDROP TABLE f2;", yes},
		{"a type with its columns", "DROP TYPE mood CASCADE;", "CREATE TYPE mood AS ENUM ('good', 'bad');\nALTER TABLE feelings ADD COLUMN m mood;", loss},
		{"rows written over", "INSERT INTO orders (code) SELECT word FROM feelings ON CONFLICT (code) DO UPDATE SET amount = 0;", "SELECT 1;", no},
		{"rows written over, with a down", "INSERT INTO orders (code) VALUES ('a') ON CONFLICT (code) DO UPDATE SET amount = 0;", "DELETE FROM orders WHERE code = 'a';", loss},
		{"rows that are there are left alone", "INSERT INTO orders (code) VALUES ('a') ON CONFLICT (code) DO NOTHING;", "DELETE FROM orders WHERE code = 'a';", yes},
		{"a sequence's position", "DROP SEQUENCE tickets;", "CREATE SEQUENCE tickets;", loss},
		{"the position of an identity", "ALTER TABLE orders ALTER COLUMN id DROP IDENTITY;", "ALTER TABLE orders ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY;", loss},
		{"rows under a full name", "ALTER TABLE public.feelings RENAME TO f1;\nTRUNCATE f1;", "ALTER TABLE f1 RENAME TO feelings;", loss},
		{"rows under the new name, in full", "ALTER TABLE feelings RENAME TO f1;\nTRUNCATE public.f1;", "ALTER TABLE f1 RENAME TO feelings;", loss},
		{"a new column of an old name", "ALTER TABLE orders RENAME COLUMN legacy TO old;\nALTER TABLE orders ADD COLUMN legacy text;\nUPDATE orders SET legacy = old;", "ALTER TABLE orders DROP COLUMN legacy;\nALTER TABLE orders RENAME COLUMN old TO legacy;", yes},
		{"values that a function makes", "ALTER TABLE orders ALTER COLUMN legacy TYPE text USING lower(legacy);", "ALTER TABLE orders ALTER COLUMN legacy TYPE text;", loss},
		{"the same value for all", "ALTER TABLE orders ALTER COLUMN legacy TYPE text USING 'x';", "ALTER TABLE orders ALTER COLUMN legacy TYPE text;", loss},
		{"values of another column", "ALTER TABLE orders ALTER COLUMN legacy TYPE text USING code;", "ALTER TABLE orders ALTER COLUMN legacy TYPE text;", loss},
		{"values cut on the way", "ALTER TABLE orders ALTER COLUMN legacy TYPE text USING legacy::varchar(5)::text;", "ALTER TABLE orders ALTER COLUMN legacy TYPE text;", loss},
		{"all that a role owns", "DROP OWNED BY somebody;", "SELECT 1;", no},
		{"a sequence that begins again", "ALTER SEQUENCE tickets RESTART;", "ALTER SEQUENCE tickets RESTART WITH 100;", loss},
		{"a sequence that is set", "SELECT setval('tickets', 1);", "", no},
		{"a sequence that is set, with a down", "SELECT setval('tickets', 1);", "SELECT setval('tickets', 100);", loss},
		{"a sequence with a maximum", "ALTER SEQUENCE tickets MAXVALUE 9;", "SELECT 1;", no},
		{"a sequence with a maximum, taken back", "ALTER SEQUENCE tickets MAXVALUE 9;", "ALTER SEQUENCE tickets NO MAXVALUE;", yes},
		{"a policy that is another", "ALTER POLICY own ON secrets USING (false);\nCREATE TABLE y (id bigint);", "DROP TABLE y;", no},
		{"a policy that is another, taken back", "ALTER POLICY own ON secrets USING (false);", "ALTER POLICY own ON secrets USING (word = current_user);", yes},
		{"a role that may not log in", "ALTER ROLE app NOLOGIN;\nCREATE TABLE y (id bigint);", "DROP TABLE y;", no},
		{"another owner of a function", "ALTER FUNCTION total_of(bigint) OWNER TO somebody;\nCREATE TABLE y (id bigint);", "DROP TABLE y;", no},
		{"another owner of a table", "ALTER TABLE orders OWNER TO somebody;\nCREATE TABLE y (id bigint);", "DROP TABLE y;", no},
		{"an attribute by another name", "ALTER TYPE spot RENAME ATTRIBUTE x TO y;\nCREATE TABLE y (id bigint);", "DROP TABLE y;", no},
		{"an attribute by its name again", "ALTER TYPE spot RENAME ATTRIBUTE x TO y;", "ALTER TYPE spot RENAME ATTRIBUTE y TO x;", yes},
		{"a privilege", "REVOKE SELECT ON orders FROM reader;\nCREATE TABLE y (id bigint);", "DROP TABLE y;", no},
		{"a membership", "REVOKE app_rw FROM app;\nCREATE TABLE y (id bigint);", "DROP TABLE y;", no},
		{"an extension", "DROP EXTENSION citext;\nCREATE TABLE y (id bigint);", "DROP TABLE y;", no},
		{"a publication", "DROP PUBLICATION news;\nCREATE TABLE y (id bigint);", "DROP TABLE y;", no},
		{"a collation", "DROP COLLATION german;\nCREATE TABLE y (id bigint);", "DROP TABLE y;", no},
		{"a role", "DROP ROLE app;\nCREATE TABLE y (id bigint);", "DROP TABLE y;", no},
		{"a policy", "DROP POLICY own ON secrets;\nCREATE TABLE y (id bigint);", "DROP TABLE y;", no},
		{"row level security for the owner", "ALTER TABLE secrets FORCE ROW LEVEL SECURITY;\nCREATE TABLE y (id bigint);", "DROP TABLE y;", no},
		{"a table that does not inherit any more", "ALTER TABLE child NO INHERIT secrets;\nCREATE TABLE y (id bigint);", "DROP TABLE y;", no},
		// What is no loss.
		{"the same values by way of a text", "ALTER TABLE customers ALTER COLUMN name TYPE varchar USING name::text::varchar;", "ALTER TABLE customers ALTER COLUMN name TYPE text;", yes},
		{"all rows, where up added one", "INSERT INTO customers (name) VALUES ('x');", "DELETE FROM customers;", loss},
		{"TRUNCATE, where up added a row", "INSERT INTO customers (name) VALUES ('x');", "TRUNCATE customers;", loss},
		{"an old column made anew by down", "ALTER TABLE orders ADD COLUMN z text;", "ALTER TABLE orders DROP COLUMN z;\nALTER TABLE orders DROP COLUMN legacy;\nALTER TABLE orders ADD COLUMN legacy text;", loss},
		{"an old table made anew by down", "ALTER TABLE orders ADD COLUMN z text;", "ALTER TABLE orders DROP COLUMN z;\nDROP TABLE feelings;\nCREATE TABLE feelings (id bigint primary key, m mood, word text);", loss},
		{"old rows deleted by down", "ALTER TABLE orders ADD COLUMN z text;", "DELETE FROM orders WHERE z IS NULL;\nALTER TABLE orders DROP COLUMN z;", loss},
		{"old values written over by down", "ALTER TABLE orders ADD COLUMN z text;", "UPDATE orders SET amount = 0;\nALTER TABLE orders DROP COLUMN z;", loss},
		{"old values written over in a block of down", "ALTER TABLE orders ADD COLUMN z text;", block("UPDATE orders SET amount = 0;") + "\nALTER TABLE orders DROP COLUMN z;", loss},
		{"old rows written over by down", "ALTER TABLE orders ADD COLUMN z text;", "INSERT INTO orders (code) VALUES ('a') ON CONFLICT (code) DO UPDATE SET amount = 0;\nALTER TABLE orders DROP COLUMN z;", loss},
		{"a sequence made anew by down", "ALTER TABLE orders ADD COLUMN z text;", "ALTER TABLE orders DROP COLUMN z;\nDROP SEQUENCE tickets;\nCREATE SEQUENCE tickets;", loss},
		{"a NOT NULL column without a value", "ALTER TABLE orders DROP COLUMN code;", "ALTER TABLE orders ADD COLUMN code text NOT NULL;\nCREATE UNIQUE INDEX orders_code ON orders (code);\nCREATE UNIQUE INDEX orders_lower ON orders (lower(code));\nCREATE UNIQUE INDEX orders_upper ON orders (upper(code));", no},
		{"a NOT NULL column without a value, in two steps", "ALTER TABLE feelings DROP COLUMN word, ADD COLUMN saying text;", "ALTER TABLE feelings ADD COLUMN word text;\nALTER TABLE feelings ALTER COLUMN word SET NOT NULL;\nALTER TABLE feelings ALTER COLUMN word DROP NOT NULL;\nALTER TABLE feelings DROP COLUMN saying;", no},
		{"a unique column of one value", "ALTER TABLE feelings DROP COLUMN word;", "ALTER TABLE feelings ADD COLUMN word text NOT NULL DEFAULT '' UNIQUE;\nALTER TABLE feelings DROP CONSTRAINT feelings_word_key, ALTER COLUMN word DROP NOT NULL, ALTER COLUMN word DROP DEFAULT;", no},
		{"a unique index over a column of one value", "ALTER TABLE feelings DROP COLUMN word;", "ALTER TABLE feelings ADD COLUMN word text DEFAULT '';\nCREATE UNIQUE INDEX words ON feelings (word);\nDROP INDEX words;\nALTER TABLE feelings ALTER COLUMN word DROP DEFAULT;", no},
		{"a NOT NULL column with a value", "ALTER TABLE feelings DROP COLUMN word;", "ALTER TABLE feelings ADD COLUMN word text;\nUPDATE feelings SET word = id::text;\nALTER TABLE feelings ALTER COLUMN word SET NOT NULL;\nALTER TABLE feelings ALTER COLUMN word DROP NOT NULL;", loss},
		{"an extension that comes a second time", "CREATE EXTENSION citext;\nCREATE TABLE x (id integer primary key);", "DROP TABLE x;", no},
		{"a schema without what is made in it", "CREATE SCHEMA q CREATE TABLE z (id integer primary key);", "DROP SCHEMA q;", no},
		{"a view replaced by one with a column less", "CREATE OR REPLACE VIEW active_orders AS SELECT id, note, amount FROM orders WHERE amount > 0;", "CREATE OR REPLACE VIEW active_orders AS SELECT id, note FROM orders WHERE amount > 0;", no},
		{"an extension whose type a column has", "CREATE EXTENSION citext;\nCREATE TABLE x (id integer primary key, e citext);", "DROP EXTENSION citext;\nDROP TABLE x;", no},
		{"an extension that a default calls", "CREATE EXTENSION \"uuid-ossp\";\nCREATE TABLE x (id uuid primary key default uuid_generate_v4());", "DROP EXTENSION \"uuid-ossp\";\nDROP TABLE x;", no},
		{"a function that a view calls", "-- +goose StatementBegin\nCREATE FUNCTION zap() RETURNS integer LANGUAGE sql AS $$ select 1 $$;\n-- +goose StatementEnd\nCREATE VIEW zaps AS SELECT zap() AS z;", "DROP FUNCTION zap();\nDROP VIEW zaps;", no},
		{"a function that a policy calls", "-- +goose StatementBegin\nCREATE FUNCTION zap() RETURNS boolean LANGUAGE sql AS $$ select true $$;\n-- +goose StatementEnd\nCREATE POLICY p ON orders USING (zap());", "DROP FUNCTION zap();\nDROP POLICY p ON orders;", no},
		{"a role with privileges", "CREATE ROLE reader;\nCREATE TABLE x (id integer);\nGRANT SELECT ON x TO reader;", "DROP ROLE reader;\nDROP TABLE x;", no},
		{"a type that needs USING on the way back", "ALTER TABLE orders ALTER COLUMN legacy TYPE integer USING 1;", "ALTER TABLE orders ALTER COLUMN legacy TYPE uuid;\nALTER TABLE orders ALTER COLUMN legacy TYPE text;", no},
		// What is no loss.
		{"a view that is dropped first", "CREATE OR REPLACE VIEW active_orders AS SELECT id, note, amount FROM orders WHERE amount > 0;", "DROP VIEW active_orders;\nCREATE VIEW active_orders AS SELECT id, note FROM orders WHERE amount > 0;", yes},
		{"a view replaced by one with another condition", "CREATE OR REPLACE VIEW active_orders AS SELECT id, note FROM orders WHERE amount > 1;", "CREATE OR REPLACE VIEW active_orders AS SELECT id, note FROM orders WHERE amount > 0;", yes},
		{"a view whose column is renamed", "ALTER VIEW active_orders RENAME COLUMN note TO remark;\nCREATE OR REPLACE VIEW active_orders AS SELECT id, note AS remark FROM orders WHERE amount > 2;", "CREATE OR REPLACE VIEW active_orders AS SELECT id, note AS remark FROM orders WHERE amount > 0;\nALTER VIEW active_orders RENAME COLUMN remark TO note;\nCREATE OR REPLACE VIEW active_orders AS SELECT id, note FROM orders WHERE amount > 0;", yes},
		{"an extension after its column", "CREATE EXTENSION citext;\nCREATE TABLE x (id integer primary key, e citext);", "DROP TABLE x;\nDROP EXTENSION citext;", yes},
		{"a function after its view", "-- +goose StatementBegin\nCREATE FUNCTION zap() RETURNS integer LANGUAGE sql AS $$ select 1 $$;\n-- +goose StatementEnd\nCREATE VIEW zaps AS SELECT zap() AS z;", "DROP VIEW zaps;\nDROP FUNCTION zap();", yes},
		{"a role after its privileges", "CREATE ROLE reader;\nGRANT SELECT ON orders TO reader;", "REVOKE SELECT ON orders FROM reader;\nDROP ROLE reader;", yes},
		{"a renamed column that no view reads", "ALTER TABLE orders ADD COLUMN y text;", "ALTER TABLE orders RENAME COLUMN y TO z;\nALTER TABLE orders DROP COLUMN z;", yes},
		{"a default that is still an enum's", "CREATE TABLE x (id integer primary key, said mood DEFAULT 'good');\nALTER TABLE x ALTER COLUMN said TYPE text;", "ALTER TABLE x ALTER COLUMN said TYPE mood USING said::mood;\nDROP TABLE x;", yes},
		{"a policy that looks elsewhere by now", "ALTER TABLE orders ADD COLUMN y text;\nCREATE POLICY p ON orders USING (y = 'x');\nALTER POLICY p ON orders USING (true);", "ALTER TABLE orders DROP COLUMN y;\nDROP POLICY p ON orders;", yes},
		{"a role after the table of its privileges", "CREATE ROLE reader;\nCREATE TABLE x (id integer);\nGRANT SELECT ON x TO reader;", "DROP TABLE x;\nDROP ROLE reader;", yes},
		{"a default that is dropped in the same statement", "ALTER TABLE feelings ADD COLUMN said text DEFAULT 'good';\nALTER TABLE feelings ALTER COLUMN said TYPE mood USING said::mood, ALTER COLUMN said DROP DEFAULT, ALTER COLUMN said SET DEFAULT 'good'::mood;", "ALTER TABLE feelings DROP COLUMN said;", yes},
		{"a function replaced by its like", "-- +goose StatementBegin\nCREATE OR REPLACE FUNCTION total_of(bigint) RETURNS bigint LANGUAGE sql AS 'select 2::bigint';\n-- +goose StatementEnd", "-- +goose StatementBegin\ncreate or replace function total_of(bigint) returns bigint language sql as 'select 1::bigint';\n-- +goose StatementEnd", yes},
		{"an extension that is left", "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\";\nCREATE TABLE x (id uuid primary key default uuid_generate_v4());", "DROP TABLE x;", yes},
		{"an extension alone that is left", "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\";", "", yes},
		{"a schema with what is made in it", "CREATE SCHEMA q CREATE TABLE z (id integer primary key) CREATE TABLE y (z integer references z) CREATE VIEW v AS SELECT id FROM z;", "DROP SCHEMA q CASCADE;", yes},
		{"the rows that up added", "INSERT INTO customers (name) VALUES ('x'), ('y');", "DELETE FROM customers WHERE name IN ('x', 'y');", yes},
		{"a table that up made IF NOT EXISTS", "CREATE TABLE IF NOT EXISTS fresh (id bigint primary key);", "DROP TABLE IF EXISTS fresh;", yes},
		{"the rows of a table that up made", "CREATE TABLE fresh (id bigint primary key);\nINSERT INTO fresh VALUES (1);", "DELETE FROM fresh;\nDROP TABLE fresh;", yes},
		{"a table renamed and another of its name", "ALTER TABLE feelings RENAME TO f1;\nCREATE TABLE feelings (id bigint primary key);", "DROP TABLE feelings;\nALTER TABLE f1 RENAME TO feelings;", yes},
		{"values that NOT NULL kept out", "ALTER TABLE orders ALTER COLUMN code DROP NOT NULL;", "UPDATE orders SET code = '' WHERE code IS NULL;\nALTER TABLE orders ALTER COLUMN code SET NOT NULL;", yes},
		{"an identity that up added", "ALTER TABLE feelings ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY;", "ALTER TABLE feelings ALTER COLUMN id DROP IDENTITY;", yes},
		{"a wider column", "ALTER TABLE orders ALTER COLUMN total TYPE numeric(12,2);", "ALTER TABLE orders ALTER COLUMN total TYPE numeric(10,2);", yes},
		{"values of an enum value that up added", "ALTER TYPE mood ADD VALUE 'meh';", "UPDATE feelings SET m = 'bad' WHERE m = 'meh';\nALTER TYPE mood RENAME TO mood_old;\nCREATE TYPE mood AS ENUM ('good', 'bad');\nALTER TABLE feelings ALTER COLUMN m TYPE mood USING m::text::mood;\nDROP TYPE mood_old;", yes},
		{"a constraint validated", "ALTER TABLE orders ADD CONSTRAINT few CHECK (amount < 100) NOT VALID;", "ALTER TABLE orders DROP CONSTRAINT few;", yes},
		{"a NOT NULL constraint", "ALTER TABLE orders ADD CONSTRAINT note_given NOT NULL note;", "ALTER TABLE orders DROP CONSTRAINT note_given;", yes},
		{"a NOT NULL constraint, without its name", "ALTER TABLE orders ADD CONSTRAINT note_given NOT NULL note;", "ALTER TABLE orders ALTER COLUMN note DROP NOT NULL;", yes},
		{"an identity that takes values", "ALTER TABLE customers ALTER COLUMN id SET GENERATED BY DEFAULT;", "ALTER TABLE customers ALTER COLUMN id SET GENERATED ALWAYS;", yes},
		{"an identity that is left to take values", "ALTER TABLE customers ALTER COLUMN id SET GENERATED BY DEFAULT, ADD COLUMN q int;", "ALTER TABLE customers DROP COLUMN q;", no},
		{"a setting of a table", "ALTER TABLE orders SET (fillfactor = 70);", "ALTER TABLE orders RESET (fillfactor);", yes},
		{"a setting of a column", "ALTER TABLE orders ALTER COLUMN note SET (n_distinct = 5);", "ALTER TABLE orders ALTER COLUMN note RESET (n_distinct);", yes},
		{"inheritance", "CREATE TABLE kid (id bigint not null, m mood, word text);\nALTER TABLE kid INHERIT feelings;", "ALTER TABLE kid NO INHERIT feelings;\nDROP TABLE kid;", yes},
		{"an attribute of a new type", "CREATE TYPE place AS (height integer);\nALTER TYPE place ADD ATTRIBUTE depth integer;", "ALTER TYPE place DROP ATTRIBUTE depth;\nDROP TYPE place;", yes},
		{"a function in capitals", "-- +goose StatementBegin\nCREATE OR REPLACE FUNCTION total_of(bigint) RETURNS bigint LANGUAGE sql AS 'select 2::bigint';\n-- +goose StatementEnd", "-- +goose StatementBegin\ncreate OR REPLACE FUNCTION total_of(BIGINT) RETURNS BIGINT LANGUAGE SQL AS 'select 1::bigint';\n-- +goose StatementEnd", yes},
		{"a privilege taken and given back", "REVOKE SELECT ON orders FROM reader;", "GRANT SELECT ON orders TO reader;", yes},
		{"an aggregate", "CREATE AGGREGATE total(bigint) (sfunc = int8pl, stype = bigint);", "DROP AGGREGATE total(bigint);", yes},
		{"rows of a temporary table", "CREATE TEMP TABLE x AS SELECT id FROM orders;\nUPDATE x SET id = 0;\nDROP TABLE x;\nCREATE TABLE y (id bigint);", "DROP TABLE y;", yes},
		{"a block in batches that fills a new column", "ALTER TABLE orders ADD COLUMN fresh text;\n" + block("UPDATE orders SET fresh = note WHERE id BETWEEN 1 AND 9;"), "ALTER TABLE orders DROP COLUMN fresh;", yes},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, _, outcome, _ := second(t, down(test.up, test.down), nil); outcome.Reversible != test.want {
				t.Errorf("got %s: %q", outcome.Reversible, outcome.Reasons)
			}
		})
	}
}

// A constraint that is validated stays so, and hurts nobody.
func TestOnlyValidatingNeedsNoWayBack(t *testing.T) {
	t.Parallel()
	given := "create table orders (id bigint primary key, amount integer);\nalter table orders add constraint few check (amount < 100) not valid;"
	report := reviewed(t, given, example{text: "-- +goose Up\nalter table orders validate constraint few;\n-- +goose Down\n"}, nil)
	if outcome := report.Migrations[0]; outcome.Reversible != review.ReversibleYes || len(report.Findings) > 0 {
		t.Errorf("got %+v and %+v", outcome, report.Findings)
	}
}

// Where not all is known, what goes IF EXISTS may have been there.
func TestWhatGoesIfExistsMayHaveBeenThere(t *testing.T) {
	t.Parallel()
	given := "-- +goose StatementBegin\ndo $$ begin execute 'create view ' || 'other as select 1'; end $$;\n-- +goose StatementEnd\ncreate table known (id bigint primary key);"
	for _, text := range []string{"drop view if exists other;", "drop function if exists other(int);", "drop sequence if exists other;"} {
		report := reviewed(t, given, example{text: text}, nil)
		if outcome := report.Migrations[0]; outcome.PreviousVersionCompatible || len(report.Findings) == 0 {
			t.Errorf("%s: got %+v and %+v", text, outcome, report.Findings)
		}
	}
	for _, text := range []string{
		// A table that is made IF NOT EXISTS, and emptied; a column of a table that was never seen, dropped and added.
		"-- +goose Up\ncreate table if not exists t (id int);\ndelete from t;\n-- +goose Down\ndrop table t;\n",
		"-- +goose Up\nalter table u drop column a;\nalter table u add column a text;\n-- +goose Down\nalter table u drop column a;\nalter table u add column a text;\n",
	} {
		if outcome := reviewed(t, given, example{text: text}, nil).Migrations[0]; outcome.Reversible == review.ReversibleYes {
			t.Errorf("%s: got %+v", text, outcome)
		}
	}
}
