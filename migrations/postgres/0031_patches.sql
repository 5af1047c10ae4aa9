-- Change patches (变化图斑): batches as the platform sends them down, what each patch touches, what is suggested.

create table patch_batches (
    id text collate "C" primary key,            -- UUIDv7
    unit text collate "C" not null,             -- whose: the unit of whoever imported it
    source text collate "C" not null,           -- as of cases: change_patch, imagery_enforcement …
    period text collate "C",                    -- 期数 as stated; without it each row's month of the later image counts
    before_on text collate "C",                 -- the images' days where rows do not say them
    after_on text collate "C",
    file text collate "C" not null,
    sha256 text collate "C" not null,
    options text collate "C" not null,          -- JSON: layer, encoding, crs, field map
    dry_run boolean not null,
    state text collate "C" not null,            -- waiting | running | done | failed | withdrawn
    progress double precision not null, -- of the file, 0 to 1
    read bigint not null,
    imported bigint not null,
    unchanged bigint not null,
    rejected bigint not null,
    said text collate "C" not null,             -- JSON list: warnings, or why it failed
    account text collate "C" not null,
    name text collate "C" not null,
    created_at bigint not null,
    ended_at bigint,
    withdrawn_at bigint,
    withdrawn_why text collate "C"
);
create index patch_batches_unit on patch_batches (unit, id);
create index patch_batches_file on patch_batches (sha256);
create index patch_batches_state on patch_batches (state);

create table patch_rejects (
    batch_id text collate "C" not null references patch_batches (id),
    line bigint not null,
    identifier text collate "C" not null,
    field text collate "C" not null,
    place text collate "C" not null,
    code text collate "C" not null,
    reason text collate "C" not null,
    primary key (batch_id, line)
);

create table patches (
    id text collate "C" primary key,            -- UUIDv7
    batch_id text collate "C" not null references patch_batches (id),
    period text collate "C" not null,
    number text collate "C" not null,           -- JCBH
    unit text collate "C" not null,             -- village or group by the largest share
    village text collate "C" not null,          -- its ancestors, as in `cases`
    township text collate "C" not null,
    county text collate "C" not null,
    city text collate "C" not null,
    kind text collate "C",                      -- TBLX
    seen text collate "C",                      -- TZ, or BGDL where there is none
    to_class text collate "C",                  -- the class it changed to, 三调工作分类
    stated_area double precision,   -- JCMJ, m²
    before_on text collate "C",
    after_on text collate "C",
    rest text collate "C",                      -- JSON: further fields, as imported
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
    geometry bytea not null,         -- WKB MultiPolygon, source coordinates
    shape bytea not null,            -- i32 at 1e-7°, for tiles only
    fingerprint bytea not null,      -- of what was imported; equal means unchanged
    verdict text collate "C" not null,          -- suggested, never decided, by the rules
    suggestion text collate "C" not null,       -- JSON: rule, version, sentence, article, inputs; never changed (R48)
    case_id text collate "C" not null,
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
    patch_id text collate "C" not null references patches (id),
    parcel_id bigint not null,
    code text collate "C",
    unit text collate "C" not null,
    dlbm text collate "C" not null,
    permanent boolean not null,
    area double precision not null,
    share_of_parcel double precision not null,
    share_of_patch double precision not null,
    primary key (patch_id, parcel_id)
);
create index patch_parcels_parcel on patch_parcels (parcel_id);

-- How a patch divides among villages and groups, by the parcels in it.
create table patch_units (
    patch_id text collate "C" not null references patches (id),
    unit text collate "C" not null,
    area double precision not null,
    share double precision not null,
    primary key (patch_id, unit)
);

create table patch_layers (
    patch_id text collate "C" not null references patches (id),
    area_id bigint not null,        -- of layer_areas
    kind text collate "C" not null,
    number text collate "C",
    purpose text collate "C",
    valid_to text collate "C",
    area double precision not null,
    share double precision not null,
    primary key (patch_id, area_id)
);
