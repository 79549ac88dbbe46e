-- 240 people with a profile each, computed from their number so that every database gets the same rows.
-- Only ayla has a password ("correct horse"); the hash '!' matches none, so nobody else can sign in.

-- +goose Up
with recursive numbers (i) as (select 1 union all select i + 1 from numbers where i < 240)
insert into users (id, name, password_hash)
select i,
       case i when 1 then 'ayla' else 'player-' || cast(i as text) end,
       case i when 1 then 'pbkdf2-sha256:600000:d29zIHNlZWQgb2YgYXlsYQ:5jDs7pYgYkNRWK9pBJI2Y8BkDbymCMEfC0Zwx2Fj/vo' else '!' end
from numbers;

with recursive
    numbers (i) as (select 1 union all select i + 1 from numbers where i < 240),
    given (k, name) as (values
        (0, 'Bram'), (1, 'Cosima'), (2, 'Dario'), (3, 'Elowen'), (4, 'Fintan'), (5, 'Greta'), (6, 'Hamza'),
        (7, 'Ines'), (8, 'Jorah'), (9, 'Keiko'), (10, 'Leopold'), (11, 'Mirela'), (12, 'Nuri'), (13, 'Odette'),
        (14, 'Pavel'), (15, 'Quilla'), (16, 'Rosalind'), (17, 'Sunniva'), (18, 'Tomas'), (19, 'Yara')),
    family (k, name) as (values
        (0, 'Ashdown'), (1, 'Birchwater'), (2, 'Copperfield'), (3, 'Dunmore'), (4, 'Everhart'), (5, 'Foxglove'),
        (6, 'Greenhollow'), (7, 'Hartwood'), (8, 'Inkwell'), (9, 'Larkspur'), (10, 'Moonridge'), (11, 'Nettle')),
    titles (k, title) as (values
        (0, 'Innkeeper of last resort'), (1, 'Cartographer'), (2, 'Dragon accountant'), (3, 'Keeper of spare keys'),
        (4, 'Retired villain'), (5, 'Lantern bearer'), (6, 'Beekeeper to the crown'), (7, 'Apprentice oracle'),
        (8, 'Ferry captain'), (9, 'Collector of rumours'), (10, 'Moth tamer')),
    realms (k, realm) as (values
        (0, 'Amberfell'), (1, 'The Low Marsh'), (2, 'Kettlebridge'), (3, 'Northwatch'), (4, 'Saltgate'),
        (5, 'The Whispering Wood'), (6, 'Highmeadow'))
insert into profiles (id, user_id, display_name, title, realm, joined_year)
select i,
       i,
       case i when 1 then 'Ayla of the Bears'
              else (select name from given where k = i * 7 % 20) || ' ' || (select name from family where k = (i / 20 + i * 3) % 12) end,
       case i when 1 then 'Warden of the den' else (select title from titles where k = i * 5 % 11) end,
       (select realm from realms where k = i * 3 % 7),
       2019 + i % 7
from numbers;

-- +goose Down
delete from profiles where id between 1 and 240;
delete from users where id between 1 and 240;
