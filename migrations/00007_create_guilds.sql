-- A hero starts without a guild: the column is nullable and stays empty here, so the rows of heroes do not change.

-- +goose Up
create table guilds (
    id    bigint not null primary key,
    name  text   not null unique,
    creed text   not null
);
insert into guilds (id, name, creed) values
    (1, 'The Lamplighters', 'Nobody walks home in the dark.'),
    (2, 'Order of the Open Door', 'There is always room for one more.'),
    (3, 'The Gilded Acorn', 'Plant first, brag later.'),
    (4, 'Company of the Bear', 'Winter is for planning.'),
    (5, 'The Quiet Hammers', 'Measure twice, smite once.'),
    (6, 'Society of Lost Maps', 'Not all who wander filed a report.');
alter table heroes add column guild_id bigint references guilds (id);

-- +goose Down
alter table heroes drop column guild_id;
drop table guilds;
