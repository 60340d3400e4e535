-- What operators look at: the last fetches of each source, and its new entries by day (UTC).
create table fetches (
    id integer primary key,
    source_id text not null references sources(id),
    fetched_at text not null, status integer not null, outcome text not null,
    failure_kind text not null, message text not null, -- an error or a note
    seconds real not null,
    received_count integer not null, new_count integer not null, updated_count integer not null,
    known_count integer not null, rejected_count integer not null
);

create index fetches_by_source on fetches(source_id, id);

create table source_days (
    source_id text not null, day text not null, new_count integer not null,
    primary key (source_id, day)
) without rowid;

insert into source_days
    select source_id, substr(published, 1, 10), count(*) from entries
    where published > strftime('%Y-%m-%d', (select max(published) from entries), '-60 days')
    group by 1, 2;
