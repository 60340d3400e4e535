-- The texts of entries, in a table of their own, so that lists do not read them.
create table contents (
    entry_id integer primary key references entries(id) on delete cascade,
    length integer not null, -- characters
    compressed blob not null -- UTF-8, as one frame of Zstandard
);
