-- Change patches (变化图斑): batches as the platform sends them down, what each patch touches, what is suggested.

create table patch_batches (
    id text primary key,            -- UUIDv7
    unit text not null,             -- whose: the unit of whoever imported it
    source text not null,           -- as of cases: change_patch, imagery_enforcement …
    period text,                    -- 期数 as stated; without it each row's month of the later image counts
    before_on text,                 -- the images' days where rows do not say them
    after_on text,
    file text not null,
    sha256 text not null,
    options text not null,          -- JSON: layer, encoding, crs, field map
    dry_run boolean not null,
    state text not null,            -- waiting | running | done | failed | withdrawn
    progress double precision not null, -- of the file, 0 to 1
    read bigint not null,
    imported bigint not null,
    unchanged bigint not null,
    rejected bigint not null,
    said text not null,             -- JSON list: warnings, or why it failed
    account text not null,
    name text not null,
    created_at bigint not null,
    ended_at bigint,
    withdrawn_at bigint,
    withdrawn_why text
);
create index patch_batches_unit on patch_batches (unit, id);
create index patch_batches_file on patch_batches (sha256);
create index patch_batches_state on patch_batches (state);

create table patch_rejects (
    batch_id text not null references patch_batches (id),
    line bigint not null,
    identifier text not null,
    field text not null,
    place text not null,
    code text not null,
    reason text not null,
    primary key (batch_id, line)
);

create table patches (
    id text primary key,            -- UUIDv7
    batch_id text not null references patch_batches (id),
    period text not null,
    number text not null,           -- JCBH
    unit text not null,             -- village or group by the largest share
    village text not null,          -- its ancestors, as in `cases`
    township text not null,
    county text not null,
    city text not null,
    kind text,                      -- TBLX
    seen text,                      -- TZ, or BGDL where there is none
    to_class text,                  -- the class it changed to, 三调工作分类
    stated_area double precision,   -- JCMJ, m²
    before_on text,
    after_on text,
    rest text,                      -- JSON: further fields, as imported
    area double precision not null, -- official ellipsoidal formula, m², as all that follow
    farmland double precision not null,
    permanent double precision not null,
    added double precision not null,
    outside double precision not null, -- in no parcel at all
    lon double precision not null,  -- a place inside it
    lat double precision not null,
    west double precision not null,
    south double precision not null,
    east double precision not null,
    north double precision not null,
    crs bigint not null,            -- EPSG of `geometry`; 0 for others
    geometry blob not null,         -- WKB MultiPolygon, source coordinates
    shape blob not null,            -- i32 at 1e-7°, for tiles only
    fingerprint blob not null,      -- of what was imported; equal means unchanged
    verdict text not null,          -- suggested, never decided, by the rules
    suggestion text not null,       -- JSON: rule, version, sentence, article, inputs; never changed (R48)
    case_id text not null,
    imported_at bigint not null,
    withdrawn_at bigint
);
create unique index patches_number on patches (number, period) where withdrawn_at is null;
create index patches_batch on patches (batch_id, id);
create index patches_case on patches (case_id);
create index patches_unit on patches (unit, id);
create index patches_village on patches (village, id);
create index patches_township on patches (township, id);
create index patches_county on patches (county, id);
create index patches_city on patches (city, id);
create index patches_place on patches (lon, lat);

-- Every parcel that a patch meets, as the parcel was at the import; what it has in common with each is kept.
create table patch_parcels (
    patch_id text not null references patches (id),
    parcel_id bigint not null,
    code text,
    unit text not null,
    dlbm text not null,
    permanent boolean not null,
    area double precision not null,
    share_of_parcel double precision not null,
    share_of_patch double precision not null,
    primary key (patch_id, parcel_id)
);
create index patch_parcels_parcel on patch_parcels (parcel_id);

-- How a patch divides among villages and groups, by the parcels in it.
create table patch_units (
    patch_id text not null references patches (id),
    unit text not null,
    area double precision not null,
    share double precision not null,
    primary key (patch_id, unit)
);

create table patch_layers (
    patch_id text not null references patches (id),
    area_id bigint not null,        -- of layer_areas
    kind text not null,
    number text,
    purpose text,
    valid_to text,
    area double precision not null,
    share double precision not null,
    primary key (patch_id, area_id)
);
