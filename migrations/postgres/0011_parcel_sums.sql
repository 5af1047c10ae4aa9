-- Targets against what parcels add up to (R03): all that the sums read stands in the index, `retired_on` too,
-- so that the rows with their geometries are not touched.
create index parcels_sums on parcels (unit, dlbm, permanent, tbmj, area, quality, retired_on)
    where retired_on is null;
