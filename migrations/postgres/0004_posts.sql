-- QR warning posts (二维码警示桩) and signs.

create table posts (
    number bigint primary key,
    parcel_id bigint not null,
    unit text collate "C" not null,             -- of the parcel, for scope
    place text collate "C",                     -- where it stands, in words
    lon double precision,
    lat double precision,
    state text collate "C" not null,            -- planned | installed | damaged | removed
    installed_on text collate "C",
    device text collate "C",
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null
);
create index posts_parcel on posts (parcel_id);
create index posts_unit on posts (unit, number);

-- Which parcel a post stood for, when; append-only.
create table post_moves (
    number bigint not null,
    version bigint not null,
    parcel_id bigint not null,
    at bigint not null,
    account text collate "C" not null,
    why text collate "C" not null,
    primary key (number, version)
);
