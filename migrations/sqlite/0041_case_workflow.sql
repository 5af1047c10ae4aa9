-- The whole workflow of cases: deadlines, supervision, extensions, the three clocks (R33), rounds (R32).

alter table cases add column permanent boolean not null default false;  -- its parcel is 永久基本农田
alter table cases add column due_at bigint;             -- the moment from which the present step is overdue
alter table cases add column supervised text;           -- the unit that supervises it (挂牌督办)
alter table cases add column extensions bigint not null default 0;      -- granted in this round
alter table cases add column round bigint not null default 1;           -- 2 after the first reopening
alter table cases add column found_at bigint not null default 0;        -- of this round
alter table cases add column stopped_at bigint;
alter table cases add column rectified_at bigint;
alter table cases add column closed_at bigint;
update cases set found_at = opened_at;
update cases set state = 'rectifying' where state = 'confirmed';
update cases set permanent = true where parcel_id in (select id from parcels where permanent);

create index cases_city_state on cases (city, state, id);
create index cases_county_state on cases (county, state, id);
create index cases_township_state on cases (township, state, id);
create index cases_city_kind on cases (city, kind, id);
create index cases_county_kind on cases (county, kind, id);
create index cases_city_source on cases (city, source, id);
create index cases_county_source on cases (county, source, id);
-- Closed and suspended cases have no deadline, so these stay small.
create index cases_city_due on cases (city, due_at) where due_at is not null;
create index cases_county_due on cases (county, due_at) where due_at is not null;
create index cases_township_due on cases (township, due_at) where due_at is not null;
create index cases_due on cases (due_at) where due_at is not null;
