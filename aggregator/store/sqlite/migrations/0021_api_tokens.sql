-- What programs of operators show in place of a session: for posting stories, or reading alerts.
create table api_tokens (
    token_hash text primary key,
    operator text not null, name text not null,
    scope text not null, -- stories, alerts
    created_at text not null, last_used_at text
) without rowid;
