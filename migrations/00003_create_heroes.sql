-- +goose Up
create table heroes (
    id         bigint  not null primary key,
    profile_id bigint  not null references profiles (id),
    name       text    not null,
    class      text    not null,
    level      integer not null check (level between 1 and 60),
    power      integer not null,
    victories  integer not null
);
create index heroes_profile_id on heroes (profile_id);
create index heroes_level on heroes (level);

-- +goose Down
drop table heroes;
