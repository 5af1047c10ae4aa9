-- The queue in its own order, whatever it is filtered by: what is due is found without reading a case's row, and whose
-- turn it is comes in the order of ids.
drop index cases_city_due;
drop index cases_county_due;
drop index cases_township_due;
create index cases_city_due on cases (city, due_at, id) where due_at is not null;
create index cases_county_due on cases (county, due_at, id) where due_at is not null;
create index cases_township_due on cases (township, due_at, id) where due_at is not null;
create index cases_holder_order on cases (holder, id);
