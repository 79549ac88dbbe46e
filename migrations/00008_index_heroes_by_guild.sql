-- +goose Up
create index heroes_guild_id on heroes (guild_id);

-- +goose Down
drop index heroes_guild_id;
