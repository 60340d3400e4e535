-- What needs operators, what they are sent about it, and rules that place nothing any more.
create table alerts (
    id integer primary key,
    kind text not null, subject text not null, -- the id of a source, the name of a rule, or empty
    sentence text not null, since text,
    started_at text not null, seen_at text not null, resolved_at text
);

create unique index current_alerts on alerts(kind, subject) where resolved_at is null;

create table alert_messages (
    id integer primary key,
    channel text not null, recipient text not null, -- mail and an address, webhook
    subject text not null, body text not null,
    created_at text not null, due_at text not null,
    attempts integer not null, error text not null
);

create table silent_rules (
    topic_id text not null, reason text not null, -- an empty topic stands for all topics
    source_id text not null, -- empty for a clause
    per_week real not null, since text not null,
    primary key (topic_id, reason)
) without rowid;

create table alert_tasks (
    name text primary key, done_at text not null
) without rowid;
