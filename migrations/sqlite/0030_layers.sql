-- Layers that change patches are held against: 永久基本农田, 新增耕地, approvals (批准), filings (备案).

create table layer_areas (
    id bigint primary key,
    kind text not null,             -- pbf | new | approval | filing
    key text not null,              -- hash of number and geometry: the same area again changes nothing
    number text,                    -- 批准文号, 备案编号, 永农图斑编号 …
    purpose text,
    approved_on text,
    valid_to text,                  -- the last day of a temporary approval
    area double precision not null, -- official ellipsoidal formula, m²
    crs bigint not null,            -- EPSG of `geometry`; 0 for others
    geometry blob not null,         -- WKB MultiPolygon, source coordinates
    shape blob not null,            -- i32 at 1e-7°, for lookup only
    import_id text not null,
    created_at bigint not null,
    updated_at bigint not null,
    ended_at bigint,                -- since a file came that no longer had it (--replace)
    unique (kind, key)
);
