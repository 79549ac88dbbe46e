-- 1,200 heroes, five to a profile. Thirty names and forty bynames: the steps are coprime to the lengths, so no hero appears twice.

-- +goose Up
with recursive
    numbers (i) as (select 1 union all select i + 1 from numbers where i < 1200),
    names (k, name) as (values
        (0, 'Brunhild'), (1, 'Tilda'), (2, 'Osric'), (3, 'Fenwick'), (4, 'Marigold'), (5, 'Thorne'), (6, 'Isolde'),
        (7, 'Barnaby'), (8, 'Zephyrine'), (9, 'Grimble'), (10, 'Wilhelmina'), (11, 'Kestrel'), (12, 'Otto'),
        (13, 'Saffron'), (14, 'Hodge'), (15, 'Ludmila'), (16, 'Percival'), (17, 'Nettie'), (18, 'Ravenna'), (19, 'Bjorn'),
        (20, 'Clementine'), (21, 'Dagfinn'), (22, 'Esme'), (23, 'Florian'), (24, 'Gwendolyn'), (25, 'Hattie'),
        (26, 'Ignatius'), (27, 'Juniper'), (28, 'Mordecai'), (29, 'Pip')),
    bynames (k, byname) as (values
        (0, 'the Unbothered'), (1, 'Thunderspoon'), (2, 'of the Ninth Hill'), (3, 'Ironbraid'), (4, 'the Mostly Brave'),
        (5, 'Starwhistle'), (6, 'the Patient'), (7, 'the King''s Cousin'), (8, 'Emberheart'), (9, 'the Twice Lost'),
        (10, 'Frostmantle'), (11, 'the Well-Read'), (12, 'Quickstep'), (13, 'of No Fixed Tower'), (14, 'Goosefriend'),
        (15, 'the Quiet Storm'), (16, 'Silverquill'), (17, 'Bearhugger'), (18, 'the Late'), (19, 'Moonpocket'),
        (20, 'Dragonsitter'), (21, 'the Very Tall'), (22, 'Copperkettle'), (23, 'of the Last Lantern'), (24, 'Wolfsong'),
        (25, 'the Undefeated'), (26, 'Brambleboots'), (27, 'Nightingale'), (28, 'the Hungry'), (29, 'Stormbraider'),
        (30, 'Halfmoon'), (31, 'the Polite'), (32, 'Giantsbane'), (33, 'Teacup'), (34, 'of the Deep Wells'),
        (35, 'Sparrowhand'), (36, 'the Sleepless'), (37, 'Goldenthread'), (38, 'Rootspeaker'), (39, 'the Second')),
    classes (k, class) as (values
        (0, 'Ranger'), (1, 'Mage'), (2, 'Knight'), (3, 'Druid'), (4, 'Bard'), (5, 'Rogue'), (6, 'Smith'), (7, 'Seer')),
    levels (i, level) as (select i, 1 + (i * 37 % 101) * ((i * 53 + 17) % 97) * 59 / 9600 from numbers)
insert into heroes (id, profile_id, name, class, level, power, victories)
select i,
       1 + ((i - 1) * 7 + (i - 1) / 240 * 13) % 240,
       (select name from names where k = i * 7 % 30) || ' ' || (select byname from bynames where k = (i / 30 + i * 11) % 40),
       (select class from classes where k = (i * i / 7 + i) % 29 * 8 / 29),
       level,
       level * 12 + i * 29 % 97,
       level * 3 + i * 17 % 61
from levels;

-- +goose Down
delete from heroes where id between 1 and 1200;
