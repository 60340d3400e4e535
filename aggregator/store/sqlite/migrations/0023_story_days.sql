-- What was published each day, for the desk's graphs of four weeks.
create table story_days (
    day text primary key, -- in UTC
    story_count integer not null, shared_count integer not null,
    without_topic_count integer not null, median_delay real
) without rowid;
