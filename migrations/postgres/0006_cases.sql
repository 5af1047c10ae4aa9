-- Cases (线索): one workflow whatever the source; and the public's reports that open them.

create table cases (
    id text collate "C" primary key,
    unit text collate "C" not null,             -- village or group where it is
    village text collate "C" not null,          -- its ancestors, as in `patrols`
    township text collate "C" not null,
    county text collate "C" not null,
    city text collate "C" not null,
    source text collate "C" not null,
    kind text collate "C" not null,
    severity text collate "C" not null,         -- normal | grave
    state text collate "C" not null,
    holder text collate "C" not null,           -- the unit whose turn it is
    parcel_id bigint,
    lon double precision,
    lat double precision,
    words text collate "C",
    opened_at bigint not null,
    opened_by text collate "C" not null,
    version bigint not null,
    updated_at bigint not null
);
create index cases_unit on cases (unit, id);
create index cases_village on cases (village, id);
create index cases_township on cases (township, id);
create index cases_county on cases (county, id);
create index cases_city on cases (city, id);
create index cases_holder on cases (holder, state, id);
create index cases_parcel on cases (parcel_id);

create table case_events (
    case_id text collate "C" not null references cases (id),
    seq bigint not null,
    at bigint not null,
    account text collate "C" not null,
    name text collate "C" not null,
    action text collate "C" not null,
    from_state text collate "C" not null,
    to_state text collate "C" not null,
    words text collate "C",
    detail text collate "C" not null,           -- JSON
    primary key (case_id, seq)
);

create table reports (
    tracking text collate "C" primary key,
    case_id text collate "C" not null references cases (id),
    parcel_id bigint not null,
    unit text collate "C" not null,
    post bigint,
    place text collate "C" not null,
    words text collate "C" not null,
    lon double precision,
    lat double precision,
    phone bytea,                     -- sealed
    received_at bigint not null,
    answer text collate "C",                    -- what the public is told
    answered_at bigint
);
create index reports_case on reports (case_id);
