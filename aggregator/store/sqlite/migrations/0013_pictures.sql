-- Pictures: what an outlet permits, alt text, and our thumbnails.

alter table sources add column images text not null default 'off';

alter table entries add column image_alt text not null default '';

create table pictures (
    id integer primary key,
    key text not null unique, -- identifies it in our URLs
    url text not null,
    source_id text not null references sources(id), -- the first that has it
    due_at text, -- when it is to be fetched; null if it was, or never will be
    attempts integer not null default 0, error text not null default '',
    width integer, height integer, -- of the large one; null while there is none
    size integer not null default 0 -- bytes of all thumbnails
);

create index pictures_due on pictures(id) where due_at is not null;

create table thumbnails (
    picture_id integer not null references pictures(id) on delete cascade,
    name text not null, -- small, large
    body blob not null,
    primary key (picture_id, name)
);

create table entry_pictures (
    entry_id integer not null references entries(id),
    picture_id integer not null references pictures(id) on delete cascade,
    primary key (entry_id, picture_id)
) without rowid;

create index entry_pictures_by_picture on entry_pictures(picture_id);
