-- What devices sent: every record as its bytes, once; and what stands between a record and the ledger.

create table inbox (
    device bigint not null,
    epoch bigint not null,
    seq bigint not null,
    kind bigint not null,           -- of the record; -1 when it could not be read
    at bigint not null,             -- when it happened
    spread bigint,                  -- seconds by which that may be off; null: it may have been any time before
    received_at bigint not null,
    record blob not null,
    primary key (device, epoch, seq)
) without rowid;

-- Records that could not be applied: acknowledged, kept, shown to somebody who can mend them.
create table quarantine (
    id text primary key,
    device bigint not null,
    epoch bigint not null,
    seq bigint not null,
    unit text not null,             -- the device's, for scope
    kind bigint not null,
    at bigint not null,
    reason text not null,           -- unknown_kind | malformed | conflict | refused
    detail text not null,
    record blob not null,
    mended blob,                    -- what is applied in its place
    state text not null,            -- waiting | applied | dismissed
    received_at bigint not null,
    decided_at bigint,
    decided_by text
);
create index quarantine_state on quarantine (state, id);

-- What posts noticed.
create table post_events (
    device bigint not null,
    epoch bigint not null,
    seq bigint not null,
    post bigint,
    kind bigint not null,           -- as on the wire: 1 tamper, 2 tilt, 3 button, 4 motion, 5 vibration, 6 battery
    value bigint,
    at bigint not null,
    primary key (device, epoch, seq)
);
create index post_events_post on post_events (post, at);

-- Patrols that tablets report piece by piece; filed in `patrols` once they have begun and ended.
create table field_patrols (
    id text primary key,
    device bigint not null,
    account_id text not null,
    unit text,
    started_at bigint,
    ended_at bigint,
    words text,
    filed_at bigint
);

create table field_tracks (
    device bigint not null,
    epoch bigint not null,
    seq bigint not null,
    patrol text not null,
    at bigint not null,             -- what the points' seconds count from
    points blob not null,           -- as on the wire
    primary key (device, epoch, seq)
);
create index field_tracks_patrol on field_tracks (patrol, at);

create table field_sightings (
    id text primary key,
    patrol text,
    case_id text not null,
    kind text not null,
    parcel_id bigint,
    unit text not null,
    lon double precision,
    lat double precision,
    accuracy double precision,      -- metres
    words text,
    seen_at bigint not null,
    stopped boolean,                -- 制止
    seq bigint                      -- its number in `sightings` once the patrol is filed
);
create index field_sightings_patrol on field_sightings (patrol, seen_at);

-- Photos that tablets named, by what they show; linked once that is known.
create table field_photos (
    subject text not null,          -- a sighting's, patrol's or task's id
    sha256 text not null,
    azimuth bigint,                 -- 方位角, degrees from north
    lon double precision,
    lat double precision,
    primary key (subject, sha256)
);
