-- Tallies: how many things of a sort a unit has, kept in the transaction that changes one, so that a queue's
-- counts cost the same however many cases there are. See server/src/db/tally.rs.

create table tallies (
    unit text collate "C" not null,
    name text collate "C" not null,             -- case.state, case.due …
    value text collate "C" not null,            -- a word of that list, or a day
    n bigint not null,
    primary key (unit, name, value)
);

-- Reminders of deadlines were raised for all cases due up to this moment, by the reminder's name.
create table case_reminders (
    name text collate "C" primary key,
    upto bigint not null
);

-- Cases from before; they have no deadline yet. `union` counts a case once where a unit is its own ancestor.
insert into tallies (unit, name, value, n)
with places as (
    select id, city as unit, state, source, kind, permanent from cases
    union select id, county, state, source, kind, permanent from cases
    union select id, township, state, source, kind, permanent from cases
    union select id, village, state, source, kind, permanent from cases
    union select id, unit, state, source, kind, permanent from cases
), counted as (
    select unit, 'case.state' as name, state as value from places
    union all select unit, 'case.source', source from places where state <> 'closed'
    union all select unit, 'case.kind', kind from places where state <> 'closed'
    union all select unit, 'case.permanent', 'true' from places where state <> 'closed' and permanent
    union all select holder, 'case.turn', state from cases where state <> 'closed'
)
select unit, name, value, count(*) from counted group by unit, name, value;
