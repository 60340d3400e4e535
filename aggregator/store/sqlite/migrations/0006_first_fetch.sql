-- When a source was first fetched: dates before that are no evidence against an outlet that was
-- known then.

alter table sources add column first_fetch text;

update sources set first_fetch = coalesce(
    (select min(stories.first_seen_at) from entries
     join stories on stories.number = entries.story_number where entries.source_id = sources.id),
    last_fetch
);
