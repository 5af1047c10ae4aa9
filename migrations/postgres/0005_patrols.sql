-- Evidence (photos), patrols with their sightings and actions. Patrols are append-only: 巡查台账 (R31).

create table evidence (
    sha256 text collate "C" primary key,
    sm3 text collate "C" not null,
    size bigint not null,
    media_type text collate "C" not null,
    account text collate "C" not null,          -- who handed it in; `public` for reports
    stored_at bigint not null
);

-- What a photo belongs to; who may see the unit may see the photo.
create table evidence_links (
    sha256 text collate "C" not null,
    subject text collate "C" not null,          -- sighting | report | case
    subject_id text collate "C" not null,
    unit text collate "C" not null,
    primary key (sha256, subject, subject_id)
);
create index evidence_links_subject on evidence_links (subject, subject_id);

create table patrols (
    id text collate "C" primary key,            -- made by the client, UUIDv7
    unit text collate "C" not null,
    village text collate "C" not null,          -- the unit's ancestors (itself at their level and above it), so that a
    township text collate "C" not null,         -- scope of any level is one equality and pages need no sort
    county text collate "C" not null,
    city text collate "C" not null,
    level bigint not null,          -- of the person who patrolled
    account_id text collate "C" not null,
    person_id text collate "C",
    name text collate "C" not null,             -- as it was when filed
    started_at bigint not null,
    ended_at bigint not null,
    words text collate "C",
    track text collate "C",                     -- GeoJSON LineString, only if the person or the task wanted it
    body_hash text collate "C" not null,
    received_at bigint not null
);
create index patrols_unit on patrols (unit, started_at, id);
create index patrols_village on patrols (village, started_at, id);
create index patrols_township on patrols (township, started_at, id);
create index patrols_county on patrols (county, started_at, id);
create index patrols_city on patrols (city, started_at, id);
create index patrols_person on patrols (person_id, unit, started_at);

create table sightings (
    patrol_id text collate "C" not null references patrols (id),
    seq bigint not null,
    kind text collate "C" not null,
    parcel_id bigint,
    unit text collate "C" not null,             -- where it is, which may lie outside the patrol's unit
    lon double precision,
    lat double precision,
    accuracy double precision,      -- metres
    words text collate "C",
    seen_at bigint not null,
    case_id text collate "C",
    primary key (patrol_id, seq)
);
create index sightings_case on sightings (case_id);

create table patrol_actions (
    patrol_id text collate "C" not null references patrols (id),
    seq bigint not null,
    action text collate "C" not null,           -- found 发现 | stopped 制止 | reported 报告 | persuaded 劝耕
    at bigint not null,
    sighting bigint,
    words text collate "C",
    primary key (patrol_id, seq)
);
