-- Stories that report the same event, and the words of recent ones by which they are found.
create table event_words (
  word integer not null, -- 32-bit hash
  story_number integer not null references stories(number) on delete cascade,
  primary key (word, story_number)
) without rowid;
create table common_event_words ( -- that too many of them have
  word integer primary key
);
create table related_stories ( -- both ways
  story_number integer not null references stories(number) on delete cascade,
  other_number integer not null references stories(number) on delete cascade,
  similarity real not null,
  primary key (story_number, other_number)
) without rowid;
