-- Pictures: what an outlet permits, alt text, and our thumbnails.

alter table sources add column images text not null default 'off';

alter table entries add column image_alt text not null default '';

create table pictures (
    id integer primary key,
    key text not null unique, -- identifies it in our URLs
    url text not null,
    wanted_at text not null, -- when an entry last came that has it
    due_at text, -- when it is to be fetched; null if it was, or never will be
    attempts integer not null default 0, error text not null default '',
    width integer, height integer, -- of the large one; null while there is none
    size integer not null default 0 -- bytes of all thumbnails
);

create index pictures_due on pictures(id) where due_at is not null;

create index pictures_by_age on pictures(wanted_at, id, size) where size > 0;

create table thumbnails (
    picture_id integer not null references pictures(id) on delete cascade,
    size text not null, -- small, large
    body blob not null,
    primary key (picture_id, size)
);

create table entry_pictures (
    entry_id integer not null references entries(id),
    picture_id integer not null references pictures(id) on delete cascade,
    primary key (entry_id, picture_id)
) without rowid;

create index entry_pictures_by_picture on entry_pictures(picture_id);
