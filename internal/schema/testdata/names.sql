create table users (id serial primary key, email text unique, email2 text not null unique check (email2 <> ''), parent int references users);
create table heroes (
  id bigint generated always as identity primary key, user_id int not null references users (id) on delete cascade, name varchar(40) not null default 'x',
  level int check (level > 0), low int, high int check (high > low), unique (user_id, name), check (low < high), check (level < 100),
  constraint named unique (level, low), foreign key (user_id) references users
);
create table twins (id int primary key unique, a int unique, unique (a), b int, constraint b_once unique (b), unique (b));
create index on heroes (level);
create index on heroes (level);
create index on heroes (level, low) include (high);
create index on heroes (lower(name));
create index on heroes ((low + high));
create index on heroes ((low + high), (low - high));
create index on heroes ((name::int));
create index on heroes (name text_pattern_ops, level desc nulls last) where level > 3;
create unique index on heroes using btree (coalesce(name, 'x'), abs(low));
create unique index on heroes (coalesce(name, 'x'), upper(name));
create index on heroes ((case when level > 1 then 1 else 2 end));
create index on heroes (((name)));
create table a_table_with_a_name_that_is_really_quite_long_for_a_table (a_column_with_a_name_that_is_long_too int unique, b int check (b > 0));
create index on a_table_with_a_name_that_is_really_quite_long_for_a_table (a_column_with_a_name_that_is_long_too, b);
create table a_b (c int references twins);
create table a (b_c int references twins, b_c2 int references twins, b int check (b > 0), check (b > 2));
create table "Größe" ("Länge" int unique, "x y" serial);
create table pairs (a int, b int, primary key (a, b));
create table triples (a int, b int, c int, foreign key (a, b) references pairs, exclude using btree (c with =));
alter table triples add unique (a, b), add primary key (c), add check (a > b), add foreign key (a, b) references pairs (a, b);
create table seq (id serial);
create table seq_id (seq serial);
create table other (seq_id_seq serial);
create index on seq (id);
alter table seq rename to sequel;
create table seq (id serial);
alter table seq alter column id drop default;
drop table seq;
create sequence seq_id_seq;
create table heroes (id int);
create table if not exists heroes (id int);
create index heroes_level_idx on heroes (level);
create index if not exists heroes_level_idx on heroes (low);
