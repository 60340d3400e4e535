-- Unexpected errors of this program, by the task in which they happened.

create table bugs (
    task text not null primary key, error text not null, happened_at text not null
) without rowid;
