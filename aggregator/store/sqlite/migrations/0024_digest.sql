-- The digest: who gets it, what was composed, and the mails on their way.
create table digest_subscribers (
    id text primary key,
    address text not null,
    address_key text not null unique, -- case-folded: one subscription for each mailbox
    topics text, -- a JSON list of ids; null for all
    frequency text not null, weekday integer not null, hour integer not null,
    timezone text not null, language text not null,
    state text not null, -- pending, active, suspended
    created_at text not null, confirmed_at text,
    covered_from text, covered_until text, last_issue_id integer, -- the last period
    next_at text,
    has_no_topics integer not null,
    bounce_count integer not null, bounced_at text, reason text not null
) without rowid;

create index due_digest_subscribers on digest_subscribers(next_at) where state = 'active';

create index pending_digest_subscribers on digest_subscribers(created_at)
    where state = 'pending';

create table former_digest_subscribers (
    address_hash text primary key, left_at text not null -- keyed: it does not tell the address
) without rowid;

create table digest_sign_ups (
    client text not null, signed_up_at text not null
);

create index digest_sign_ups_by_date on digest_sign_ups(signed_up_at, client);

create table digest_key (
    secret blob not null
);

create table digest_issues (
    id integer primary key autoincrement,
    since text not null, until text not null,
    topics text, language text not null, subject text not null,
    story_ids text not null, -- a JSON list
    html text not null, plain_text text not null, -- empty once every mail is sent
    created_at text not null,
    day text not null, is_weekly integer not null, -- the day on which it is sent, where it is read
    is_archived integer not null -- on the site, where a day has one
);

create unique index archived_digest_issues on digest_issues(day) where is_archived;

create table digest_mails (
    id integer primary key autoincrement,
    kind text not null, -- issue, confirm, known, no_topics
    subscriber_id text references digest_subscribers(id) on delete set null,
    issue_id integer references digest_issues(id),
    state text not null, -- queued, sending, sent, failed, unknown, discarded
    created_at text not null, changed_at text not null,
    queued_at text not null, due_at text not null, -- first, or by an operator; for now
    attempts integer not null, error text not null,
    unique (subscriber_id, issue_id)
);

create index queued_digest_mails on digest_mails(due_at) where state = 'queued';

create index digest_mails_by_state on digest_mails(state, changed_at);

create index digest_mails_by_issue on digest_mails(issue_id, state);

create table digest_pause (
    error text not null, since text not null, until text not null, attempts integer not null
);
