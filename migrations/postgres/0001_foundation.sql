-- What every noun stands on: revisions, keys, accounts and sessions, the audit log.
-- Times are microseconds since 1970 (UTC), dates are ISO text, ids made by clients or by us are UUIDv7 text.

create table revisions (
    topic text collate "C" primary key,
    value bigint not null
);

-- One row: all keys (labels, reporters' phones, devices), sealed under the master key; see server/src/crypto.
create table keyring (
    id bigint primary key,
    sealed bytea not null,
    updated_at bigint not null
);

create table people (
    id text collate "C" primary key,
    name text collate "C" not null,
    shows_name boolean not null,    -- level 6: only with recorded consent (个保法第十三条)
    created_at bigint not null
);

create table accounts (
    id text collate "C" primary key,
    login text collate "C" not null unique,
    name text collate "C" not null,
    person_id text collate "C" references people (id),
    admin text collate "C",                     -- 三员: system | security | audit; null for everybody else
    password text collate "C" not null,         -- argon2id, PHC string
    failures bigint not null default 0,
    failed_at bigint,
    locked_at bigint,               -- by an administrator; a lockout by failures ends by itself
    created_at bigint not null
);
create index accounts_person on accounts (person_id);

create table sessions (
    token text collate "C" primary key,         -- SHA-256 of the secret, hexadecimal
    account_id text collate "C" not null references accounts (id),
    created_at bigint not null,
    seen_at bigint not null,
    ends_at bigint not null,
    agent text collate "C" not null             -- the client's User-Agent, shortened
);
create index sessions_account on sessions (account_id);

create table audit (
    chain text collate "C" not null,
    seq bigint not null,
    at bigint not null,
    actor text collate "C" not null,
    action text collate "C" not null,
    subject text collate "C" not null,
    detail text collate "C" not null,
    hash text collate "C" not null,
    primary key (chain, seq)
);
create index audit_at on audit (at, chain, seq);
create index audit_actor on audit (actor, at);
