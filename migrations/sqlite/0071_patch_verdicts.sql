-- A page of patches by verdict, however rare it is: a patch's row is long because of its outline.
create index patches_city_verdict on patches (city, verdict, id);
create index patches_county_verdict on patches (county, verdict, id);
create index patches_township_verdict on patches (township, verdict, id);
