-- Parcels (地类图斑, 一地一码), their versions, lineage and where they belonged when.

create table imports (
    id text collate "C" primary key,
    kind text collate "C" not null,             -- divisions | roster | parcels | patches …
    file text collate "C" not null,
    sha256 text collate "C" not null,
    detail text collate "C" not null,           -- JSON: layer, crs, encoding, options
    started_at bigint not null,
    finished_at bigint,
    read bigint not null default 0,
    imported bigint not null default 0,
    updated bigint not null default 0,
    unchanged bigint not null default 0,
    rejected bigint not null default 0,
    account text collate "C" not null
);

-- The county leads the id: 6 digits, then a serial of 10, so that a cluster can shard by county.
create table parcels (
    id bigint primary key,
    code text collate "C" unique,               -- 20 characters; 耕地 only
    unit text collate "C" not null,             -- the village or group it belongs to now; scope reads this
    unit_since text collate "C" not null,
    bsm text collate "C",
    dlbm text collate "C" not null,
    zldwdm text collate "C",
    qsdwdm text collate "C",
    qsxz text collate "C",
    tbmj double precision,          -- imported, m², never overwritten
    kcmj double precision,
    tbdlmj double precision,
    area double precision not null, -- official ellipsoidal formula, m²
    permanent boolean not null,     -- 永久基本农田
    added boolean not null,         -- 新增耕地 (R27)
    crop text collate "C",                      -- ZZSXDM
    quality bigint,                 -- GDDB 耕地等别
    slope text collate "C",                     -- GDPDJB
    year bigint,                    -- SJNF
    rest text collate "C",                      -- JSON: further national fields, as imported
    crs bigint not null,            -- EPSG of `geometry`; 0 with `crs_text` for others
    geometry bytea not null,         -- WKB MultiPolygon, source coordinates
    shape bytea not null,            -- i32 at 1e-7°, for lookup and tiles only
    fingerprint bytea not null,      -- of what was imported; equal means unchanged
    import_id text collate "C" not null,
    version bigint not null,
    revision bigint not null,       -- of the topic `parcels`, for the in-memory index
    created_at bigint not null,
    updated_at bigint not null,
    retired_on text collate "C",
    retired_why text collate "C"
);
create index parcels_unit on parcels (unit, id);
create index parcels_bsm on parcels (bsm);
create index parcels_revision on parcels (revision);

-- What a parcel was before its present version.
create table parcel_versions (
    parcel_id bigint not null,
    version bigint not null,
    replaced_at bigint not null,
    import_id text collate "C" not null,
    attributes text collate "C" not null,       -- JSON of the columns
    crs bigint not null,
    geometry bytea not null,
    primary key (parcel_id, version)
);

-- Where it belonged before `parcels.unit_since`; the present assignment stands in `parcels`.
create table parcel_units (
    parcel_id bigint not null,
    starts text collate "C" not null,
    ends text collate "C" not null,
    unit text collate "C" not null,
    source text collate "C" not null,
    primary key (parcel_id, starts)
);

create table parcel_lineage (
    parent_id bigint not null,
    child_id bigint not null,
    reason text collate "C" not null,           -- split | merge | redraw
    on_date text collate "C" not null,
    area_share double precision not null, -- of the parent's area, 0 to 1
    recorded_at bigint not null,
    recorded_by text collate "C" not null,
    primary key (parent_id, child_id)
);
create index parcel_lineage_child on parcel_lineage (child_id);

-- DKBM and 不动产单元号, many to many. BSM stands in `parcels`.
create table parcel_aliases (
    alias text collate "C" not null,
    kind text collate "C" not null,             -- dkbm | bdcdyh
    parcel_id bigint not null,
    primary key (alias, kind, parcel_id)
);
create index parcel_aliases_parcel on parcel_aliases (parcel_id);

-- The next free numbers: of codes by village and group, of ids by county, of posts.
create table serials (
    prefix text collate "C" primary key,
    next bigint not null
);
