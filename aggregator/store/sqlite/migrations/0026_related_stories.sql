-- Stories that report the same event, and the words of recent ones by which they are found.
create table story_event_words ( -- of recent stories
  story_number integer primary key references stories(number) on delete cascade,
  words text not null -- JSON array of 32-bit hashes
);
create table event_words ( -- by word, without common words
  word integer not null,
  story_number integer not null references stories(number) on delete cascade,
  primary key (word, story_number)
) without rowid;
create table common_event_words ( -- that too many recent stories have
  word integer primary key
);
create table related_stories ( -- both ways
  story_number integer not null references stories(number) on delete cascade,
  other_number integer not null references stories(number) on delete cascade,
  similarity real not null,
  primary key (story_number, other_number)
) without rowid;
