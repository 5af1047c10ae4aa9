-- Cases (线索): one workflow whatever the source; and the public's reports that open them.

create table cases (
    id text primary key,
    unit text not null,             -- village or group where it is
    village text not null,          -- its ancestors, as in `patrols`
    township text not null,
    county text not null,
    city text not null,
    source text not null,
    kind text not null,
    severity text not null,         -- normal | grave
    state text not null,
    holder text not null,           -- the unit whose turn it is
    parcel_id bigint,
    lon double precision,
    lat double precision,
    words text,
    opened_at bigint not null,
    opened_by text not null,
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
    case_id text not null references cases (id),
    seq bigint not null,
    at bigint not null,
    account text not null,
    name text not null,
    action text not null,
    from_state text not null,
    to_state text not null,
    words text,
    detail text not null,           -- JSON
    primary key (case_id, seq)
);

create table reports (
    tracking text primary key,
    case_id text not null references cases (id),
    parcel_id bigint not null,
    unit text not null,
    post bigint,
    place text not null,
    words text not null,
    lon double precision,
    lat double precision,
    phone blob,                     -- sealed
    received_at bigint not null,
    answer text,                    -- what the public is told
    answered_at bigint
);
create index reports_case on reports (case_id);
