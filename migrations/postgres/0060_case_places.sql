-- Cases of a map tile or a box.
create index cases_place on cases (lon, lat);
