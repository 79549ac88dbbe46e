-- +goose Up
create table profiles (
    id           bigint  not null primary key,
    user_id      bigint  not null references users (id),
    display_name text    not null,
    title        text    not null,
    realm        text    not null,
    joined_year  integer not null
);
create unique index profiles_user_id on profiles (user_id);

-- +goose Down
drop table profiles;
