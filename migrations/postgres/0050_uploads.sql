-- Photos that come in pieces (tus 1.0). The bytes lie in the spool folder of the process that took them until they are
-- whole; a finished upload stays known until it expires, so that a client whose last answer was lost is told so.

create table uploads (
    id text collate "C" primary key,
    account text collate "C" not null,
    length bigint not null,
    metadata text collate "C" not null,         -- Upload-Metadata as it came
    declared text collate "C",                  -- the SHA-256 that the client says the whole has
    created_at bigint not null,
    expires_at bigint not null,
    sha256 text collate "C"                     -- the photo that became of it; null while unfinished
);
create index uploads_account on uploads (account, expires_at);
create index uploads_expiry on uploads (expires_at);
