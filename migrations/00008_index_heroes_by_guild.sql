-- +goose Up
-- airlock:allow index-not-concurrent because="one statement for SQLite too, and heroes has some hundred rows"
create index heroes_guild_id on heroes (guild_id);

-- +goose Down
drop index heroes_guild_id;
