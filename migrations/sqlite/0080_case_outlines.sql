-- What a case is about as somebody drew it on the map: every outline is a version, the latest counts, none is ever
-- changed. What it meets is measured when it is drawn, as for patches.

create table case_outlines (
    case_id text not null references cases (id),
    seq bigint not null,            -- of the event that it came with
    geometry blob not null,         -- WKB MultiPolygon, CGCS2000 longitude and latitude
    shape blob not null,            -- i32 at 1e-7°, for distances and tiles
    west double precision not null,
    south double precision not null,
    east double precision not null,
    north double precision not null,
    area double precision not null, -- official ellipsoidal formula, m², as all that follow
    farmland double precision not null,
    permanent double precision not null,
    added double precision not null,
    outside double precision not null, -- in no parcel at all
    parcels text not null,          -- JSON: every parcel that it meets, as it was
    drawn_at bigint not null,
    drawn_by text not null,         -- his name then
    primary key (case_id, seq)
);
