-- +goose Up
create table users (
    id            bigint not null primary key,
    name          text   not null unique,
    password_hash text   not null
);

-- +goose Down
drop table users;
