-- Passkeys of operators (WebAuthn), and challenges that browsers are to sign.
create table passkeys (
    credential_id text primary key, -- base64url
    operator text not null, name text not null,
    public_key blob not null, sign_count integer not null,
    created_at text not null, last_used_at text
) without rowid;

create table passkey_challenges (
    challenge text primary key, -- base64url
    operator text not null, -- whose passkey must sign; empty for any
    created_at text not null
) without rowid;

alter table operators add column needs_passkey integer not null default 0;
