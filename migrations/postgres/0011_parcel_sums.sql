-- Targets against what parcels add up to (R03): all that the sums need stands in the index, so that the
-- rows with their geometries are not read.
create index parcels_sums on parcels (unit, dlbm, permanent, tbmj, area, quality) where retired_on is null;
