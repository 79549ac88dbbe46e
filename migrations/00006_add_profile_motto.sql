-- +goose Up
alter table profiles add column motto text;

-- +goose Down
alter table profiles drop column motto;
