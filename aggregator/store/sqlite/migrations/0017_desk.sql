-- Who may use the desk, and what was done there.
create table operators (
    name text primary key, password_hash text not null, -- empty: may not log in by password
    role text not null, -- editor, owner
    created_at text not null
) without rowid;

create table desk_sessions (
    token_hash text primary key, -- of the cookie
    operator text not null, -- empty: by the one-time link, while there is no operator
    csrf_token text not null,
    created_at text not null, last_seen_at text not null,
    client text not null, user_agent text not null
) without rowid;

create table desk_links (
    token_hash text primary key, created_at text not null
) without rowid;

create table login_failures (
    subject text primary key, -- a name, or a client
    failure_count integer not null, last_failure_at text not null
) without rowid;

create table audit_log (
    id integer primary key,
    done_at text not null, operator text not null,
    action text not null, subject text not null, detail text not null
);

create index audit_log_by_subject on audit_log(subject, id);

create table fetch_requests (
    source_id text primary key, requested_at text not null
) without rowid;
