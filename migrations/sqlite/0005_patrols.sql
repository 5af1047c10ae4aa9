-- Evidence (photos), patrols with their sightings and actions. Patrols are append-only: 巡查台账 (R31).

create table evidence (
    sha256 text primary key,
    sm3 text not null,
    size bigint not null,
    media_type text not null,
    account text not null,          -- who handed it in; `public` for reports
    stored_at bigint not null
);

-- What a photo belongs to; who may see the unit may see the photo.
create table evidence_links (
    sha256 text not null,
    subject text not null,          -- sighting | report | case
    subject_id text not null,
    unit text not null,
    primary key (sha256, subject, subject_id)
);
create index evidence_links_subject on evidence_links (subject, subject_id);

create table patrols (
    id text primary key,            -- made by the client, UUIDv7
    unit text not null,
    village text not null,          -- the unit's ancestors (itself at their level and above it), so that a
    township text not null,         -- scope of any level is one equality and pages need no sort
    county text not null,
    city text not null,
    level bigint not null,          -- of the person who patrolled
    account_id text not null,
    person_id text,
    name text not null,             -- as it was when filed
    started_at bigint not null,
    ended_at bigint not null,
    words text,
    track text,                     -- GeoJSON LineString, only if the person or the task wanted it
    body_hash text not null,
    received_at bigint not null
);
create index patrols_unit on patrols (unit, started_at, id);
create index patrols_village on patrols (village, started_at, id);
create index patrols_township on patrols (township, started_at, id);
create index patrols_county on patrols (county, started_at, id);
create index patrols_city on patrols (city, started_at, id);
create index patrols_person on patrols (person_id, unit, started_at);

create table sightings (
    patrol_id text not null references patrols (id),
    seq bigint not null,
    kind text not null,
    parcel_id bigint,
    unit text not null,             -- where it is, which may lie outside the patrol's unit
    lon double precision,
    lat double precision,
    accuracy double precision,      -- metres
    words text,
    seen_at bigint not null,
    case_id text,
    primary key (patrol_id, seq)
);
create index sightings_case on sightings (case_id);

create table patrol_actions (
    patrol_id text not null references patrols (id),
    seq bigint not null,
    action text not null,           -- found 发现 | stopped 制止 | reported 报告 | persuaded 劝耕
    at bigint not null,
    sighting bigint,
    words text,
    primary key (patrol_id, seq)
);
