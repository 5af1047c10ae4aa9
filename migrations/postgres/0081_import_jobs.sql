-- Files that came over HTTP to be imported: rosters and parcels. Batches of patches have tables of their own, because
-- they can be withdrawn.

create table import_jobs (
    id text collate "C" primary key,            -- UUIDv7
    kind text collate "C" not null,             -- roster | parcels
    unit text collate "C" not null,             -- whose: the unit of whoever imports
    file text collate "C" not null,
    sha256 text collate "C" not null,
    options text collate "C" not null,          -- JSON: login, units, sheet or layer, encoding, crs, first day
    dry_run boolean not null,
    state text collate "C" not null,            -- waiting | running | done | failed
    progress double precision not null, -- of the file, 0 to 1
    read bigint not null,
    imported bigint not null,
    updated bigint not null,
    unchanged bigint not null,
    rejected bigint not null,
    said text collate "C" not null,             -- JSON list: warnings, or why it failed
    account text collate "C" not null,
    name text collate "C" not null,
    created_at bigint not null,
    ended_at bigint
);
create index import_jobs_unit on import_jobs (unit, id);
create index import_jobs_file on import_jobs (sha256);

create table import_rejects (
    job_id text collate "C" not null references import_jobs (id),
    line bigint not null,
    identifier text collate "C" not null,
    field text collate "C" not null,
    place text collate "C" not null,
    code text collate "C" not null,
    reason text collate "C" not null,
    primary key (job_id, line)
);
