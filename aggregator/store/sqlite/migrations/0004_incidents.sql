-- What is wrong with the program as a whole, and the times that were corrected after a wrong clock.

create table incidents (
    kind text not null primary key, sentence text not null, since text not null
) without rowid;

create table corrected_times (
    id integer primary key, corrected_at text not null,
    table_name text not null, column_name text not null,
    row_key text not null, -- the primary key of the row, as a JSON array
    before text, after text
);
