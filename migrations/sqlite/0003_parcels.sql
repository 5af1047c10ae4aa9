-- Parcels (地类图斑, 一地一码), their versions, lineage and where they belonged when.

create table imports (
    id text primary key,
    kind text not null,             -- divisions | roster | parcels | patches …
    file text not null,
    sha256 text not null,
    detail text not null,           -- JSON: layer, crs, encoding, options
    started_at bigint not null,
    finished_at bigint,
    read bigint not null default 0,
    imported bigint not null default 0,
    updated bigint not null default 0,
    unchanged bigint not null default 0,
    rejected bigint not null default 0,
    account text not null
);

-- The county leads the id: 6 digits, then a serial of 10, so that a cluster can shard by county.
create table parcels (
    id bigint primary key,
    code text unique,               -- 20 characters; 耕地 only
    unit text not null,             -- the village or group it belongs to now; scope reads this
    unit_since text not null,
    bsm text,
    dlbm text not null,
    zldwdm text,
    qsdwdm text,
    qsxz text,
    tbmj double precision,          -- imported, m², never overwritten
    kcmj double precision,
    tbdlmj double precision,
    area double precision not null, -- official ellipsoidal formula, m²
    permanent boolean not null,     -- 永久基本农田
    added boolean not null,         -- 新增耕地 (R27)
    crop text,                      -- ZZSXDM
    quality bigint,                 -- GDDB 耕地等别
    slope text,                     -- GDPDJB
    year bigint,                    -- SJNF
    rest text,                      -- JSON: further national fields, as imported
    crs bigint not null,            -- EPSG of `geometry`; 0 with `crs_text` for others
    geometry blob not null,         -- WKB MultiPolygon, source coordinates
    shape blob not null,            -- i32 at 1e-7°, for lookup and tiles only
    fingerprint blob not null,      -- of what was imported; equal means unchanged
    import_id text not null,
    version bigint not null,
    revision bigint not null,       -- of the topic `parcels`, for the in-memory index
    created_at bigint not null,
    updated_at bigint not null,
    retired_on text,
    retired_why text
);
create index parcels_unit on parcels (unit, id);
create index parcels_bsm on parcels (bsm);
create index parcels_revision on parcels (revision);

-- What a parcel was before its present version.
create table parcel_versions (
    parcel_id bigint not null,
    version bigint not null,
    replaced_at bigint not null,
    import_id text not null,
    attributes text not null,       -- JSON of the columns
    crs bigint not null,
    geometry blob not null,
    primary key (parcel_id, version)
);

-- Where it belonged before `parcels.unit_since`; the present assignment stands in `parcels`.
create table parcel_units (
    parcel_id bigint not null,
    starts text not null,
    ends text not null,
    unit text not null,
    source text not null,
    primary key (parcel_id, starts)
);

create table parcel_lineage (
    parent_id bigint not null,
    child_id bigint not null,
    reason text not null,           -- split | merge | redraw
    on_date text not null,
    area_share double precision not null, -- of the parent's area, 0 to 1
    recorded_at bigint not null,
    recorded_by text not null,
    primary key (parent_id, child_id)
);
create index parcel_lineage_child on parcel_lineage (child_id);

-- DKBM and 不动产单元号, many to many. BSM stands in `parcels`.
create table parcel_aliases (
    alias text not null,
    kind text not null,             -- dkbm | bdcdyh
    parcel_id bigint not null,
    primary key (alias, kind, parcel_id)
);
create index parcel_aliases_parcel on parcel_aliases (parcel_id);

-- The next free numbers: of codes by village and group, of ids by county, of posts.
create table serials (
    prefix text primary key,
    next bigint not null
);
