-- The versions of feeds.toml that were in force, the newest last: it stays in force while the file
-- has problems. `config_state` has one row.
create table config_versions (
    number integer primary key, text text not null,
    accepted_at text not null, accepted_by text not null default ''
);

create table config_state (
    id integer primary key check (id = 1),
    reload_count integer not null default 0, -- how often operators have asked to read the file
    issues text not null default '[]', -- what is wrong with the file now, as JSON
    problem_since text
);

insert into config_state (id) values (1);
