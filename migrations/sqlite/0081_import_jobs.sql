-- Files that came over HTTP to be imported: rosters and parcels. Batches of patches have tables of their own, because
-- they can be withdrawn.

create table import_jobs (
    id text primary key,            -- UUIDv7
    kind text not null,             -- roster | parcels
    unit text not null,             -- whose: the unit of whoever imports
    file text not null,
    sha256 text not null,
    options text not null,          -- JSON: login, units, sheet or layer, encoding, crs, first day
    dry_run boolean not null,
    state text not null,            -- waiting | running | done | failed
    progress double precision not null, -- of the file, 0 to 1
    read bigint not null,
    imported bigint not null,
    updated bigint not null,
    unchanged bigint not null,
    rejected bigint not null,
    said text not null,             -- JSON list: warnings, or why it failed
    account text not null,
    name text not null,
    created_at bigint not null,
    ended_at bigint
);
create index import_jobs_unit on import_jobs (unit, id);
create index import_jobs_file on import_jobs (sha256);

create table import_rejects (
    job_id text not null references import_jobs (id),
    line bigint not null,
    identifier text not null,
    field text not null,
    place text not null,
    code text not null,
    reason text not null,
    primary key (job_id, line)
);
