-- The position as the device gave it and what it referred to; `lon` and `lat` are converted from it once.
alter table sightings add column datum text collate "C";
alter table sightings add column raw_lon double precision;
alter table sightings add column raw_lat double precision;
