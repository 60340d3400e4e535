-- The first schema. Never edit a migration that was committed: add the next number.

create table sources (
    id text primary key,
    name text not null, feed text not null, site text not null,
    show text not null, license text not null default '', license_url text not null default '',
    uncut integer not null default 0, counter text not null default '',
    precedence integer not null default 0,
    topics text not null default '[]', tags text not null default '{}',
    feed_hash text not null default '', -- of the fetched address, which may be private
    etag text not null default '', last_modified text not null default '',
    body_hash text not null default '',
    next_fetch text, interval integer not null default 0, failures integer not null default 0,
    outcome text not null default 'never fetched',
    failure_kind text not null default '', error text not null default '',
    failing_since text, last_fetch text, last_success text, last_full_fetch text,
    polling_hints text not null default '',
    redirect_url text not null default '', redirect_since text,
    redirect_hits integer not null default 0,
    hub text not null default '', hub_topic text not null default '',
    retired_at text,
    received_count integer not null default 0, new_count integer not null default 0,
    updated_count integer not null default 0, known_count integer not null default 0,
    rejected_count integer not null default 0
);

create table backoffs (domain text primary key, until text not null) without rowid;

-- Inside the database a story goes by its number: rows that are added together lie together. With
-- the random digits of its id as the key, saving took a sixth longer.
create table stories (
    number integer primary key,
    id text not null unique,
    public_id text not null unique,
    lead_entry_id integer not null,
    published text not null, updated text not null,
    listed_at text not null, first_seen_at text not null,
    reasons text not null,
    merged_into integer references stories(number)
);

create index stories_by_merged_into on stories(merged_into) where merged_into is not null;

create table entries (
    id integer primary key,
    source_id text not null references sources(id),
    story_number integer not null references stories(number),
    given_id text not null, url text not null, canonical_url text not null,
    title text not null, summary text not null, content text not null, author text not null,
    published text not null, updated text not null, is_dated integer not null,
    tags text not null, language text not null, image text not null, enclosures text not null,
    source_urls text not null,
    raw_hash text not null, content_hash text not null, feed_index integer not null,
    revision_count integer not null default 0, revised_at text
);

create index entries_by_story on entries(story_number);

create index entries_by_url on entries(canonical_url) where canonical_url != '';

create index entries_by_source on entries(source_id, published);

create table entry_keys (
    source_id text not null, kind text not null, value text not null,
    entry_id integer not null references entries(id),
    primary key (source_id, kind, value)
) without rowid;

create table rejections (
    source_id text not null, key_kind text not null, key_value text not null,
    title text not null, reason text not null,
    first_seen_at text not null, last_seen_at text not null,
    primary key (source_id, key_kind, key_value)
) without rowid;

-- ---- duplicates

create table matches (
    entry_a integer not null references entries(id), -- the smaller id
    entry_b integer not null references entries(id),
    kind text not null, score real not null, reason text not null,
    primary key (entry_a, entry_b)
) without rowid;

create index matches_by_entry_b on matches(entry_b);

create table fingerprints (
    fingerprint integer not null, entry_id integer not null references entries(id),
    primary key (fingerprint, entry_id)
) without rowid;

create table entry_fingerprints (
    entry_id integer primary key references entries(id),
    first_seen_at text not null,
    fingerprints blob not null
);

create index entry_fingerprints_by_age on entry_fingerprints(first_seen_at);

-- ---- search: folded words of title, summary, tags and author, as rules compare them. The index
-- has the view as its content (FTS5, external content tables), so that it can be rebuilt.

create view entry_words as
    select id, folded(title || ' ' || summary || ' ' || tags || ' ' || author) as folded
    from entries;

create virtual table entry_search using fts5(
    folded, content = 'entry_words', content_rowid = 'id', detail = none,
    tokenize = 'unicode61 remove_diacritics 0'
);

create virtual table entry_search_terms using fts5vocab(entry_search, row);

-- ---- lists

create table listings (
    story_number integer not null references stories(number),
    list_kind text not null, list_name text not null,
    visibility text not null, -- published, held, taken_down
    page integer, -- the archive document that the story is in, for good; null while it is news
    listed_at text not null, published text not null,
    reason text not null, placed_by text not null,
    primary key (story_number, list_kind, list_name)
) without rowid;

create index listings_by_date
    on listings(list_kind, list_name, visibility, listed_at desc, published desc, story_number);

create index listings_by_page on listings(list_kind, list_name, page, story_number)
    where page is not null;

create index listings_unarchived
    on listings(list_kind, list_name, listed_at, published, story_number desc)
    where page is null and visibility = 'published';

create table revisions (
    list_kind text not null, list_name text not null, page integer not null,
    number integer not null, changed_at text not null,
    announced integer not null default 0, -- the revision that subscribers were notified of
    archived integer not null default 0, -- the revision at which it was last archived
    page_count integer not null default 0, -- archive documents that are closed
    primary key (list_kind, list_name, page)
) without rowid;

create index revisions_unannounced on revisions(list_kind, list_name)
    where page = 0 and list_kind in ('all', 'topic', 'source') and number != announced;

create index revisions_unarchived on revisions(list_kind, list_name)
    where page = 0 and list_kind in ('all', 'topic', 'source') and number != archived;

create table takedowns (
    story_number integer primary key references stories(number),
    reason text not null, taken_down_at text not null,
    copy_of text not null default '', -- id of the story whose takedown this one follows
    was_published integer not null default 1
);

create index takedowns_by_copy_of on takedowns(copy_of) where copy_of != '';

-- ---- topics

create table topic_overrides (
    entry_id integer not null references entries(id), topic text not null,
    is_included integer not null, decided_at text not null,
    primary key (entry_id, topic)
) without rowid;

create table topic_original_ids (
    topic text primary key, original_id text not null
) without rowid;

create table topic_models (
    version integer primary key, trained_at text not null, training_hash text not null,
    scored_up_to integer not null, model blob not null
);

create table topic_suggestions (
    topic text not null, story_number integer not null references stories(number),
    probability real not null, reason text not null,
    primary key (topic, story_number)
) without rowid;

create index topic_suggestions_by_story on topic_suggestions(story_number);

-- ---- WebSub

create table subscriptions (
    source_id text primary key references sources(id),
    hub text not null, topic text not null,
    token text not null unique, secret text not null,
    requested_at text not null, lease_until text,
    missed integer not null default 0, -- entries found by polling since the last delivery
    error text not null default ''
) without rowid;

create table deliveries (
    id integer primary key, source_id text not null references sources(id),
    content_type text not null, body blob not null, received_at text not null
);

create table subscription_requests (
    id integer primary key autoincrement, mode text not null, callback text not null,
    host text not null, topic text not null, secret text not null,
    lease_seconds integer not null, requested_at text not null,
    unique (callback, topic)
);

create index subscription_requests_by_host on subscription_requests(host);

create table subscribers (
    id integer primary key, callback text not null, host text not null,
    topic text not null, secret text not null, lease_until text not null,
    etag text not null, due_at text, attempts integer not null default 0,
    failing_since text, error text not null default '',
    unique (callback, topic)
);

create index subscribers_by_host on subscribers(host);

create index subscribers_by_topic on subscribers(topic);

create index subscribers_by_due on subscribers(due_at) where due_at is not null;

create table hub_pings (
    hub text not null, feed_url text not null, due_at text not null,
    changes integer not null default 1, attempts integer not null default 0,
    error text not null default '',
    primary key (hub, feed_url)
) without rowid;

-- ---- runs

create table runs (
    id integer primary key, started_at text not null, report text not null
);
