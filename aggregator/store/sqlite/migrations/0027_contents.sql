-- The texts of entries, apart from them, so that lists need not read them.
create table contents (
    entry_id integer primary key references entries(id) on delete cascade,
    length integer not null, -- characters
    compressed blob not null -- UTF-8, as one frame of Zstandard
);
