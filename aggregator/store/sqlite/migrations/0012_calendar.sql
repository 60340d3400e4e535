-- What begins or ends at a date: the time up to which that was applied, and pinned stories.

create table calendar (time text not null);

create table pins (
    topic text not null, -- empty for the lead of the home page
    story_number integer not null references stories(number),
    pinned_at text not null, until text,
    primary key (topic, story_number)
) without rowid;
