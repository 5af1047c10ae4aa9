-- Tasks (任务): what a village or a group is asked to look at in the field, and no more than it needs for that.

create table tasks (
    id text primary key,            -- UUIDv7
    case_id text not null references cases (id),
    unit text not null,             -- village or group that does it
    village text not null,          -- its ancestors, as in `cases`
    township text not null,
    county text not null,
    city text not null,
    state text not null,            -- open | done | withdrawn
    kind text not null,             -- what is wrong there
    words text,                     -- what is asked for
    due_on text not null,
    photos bigint not null,         -- at least
    outline text,                   -- GeoJSON, degrees
    parcels text not null,          -- JSON: codes
    assigned_at bigint not null,
    assigned_by text not null,
    result_id text unique,          -- made by the client, so that a result sent twice is one
    result_hash text,
    done_at bigint,
    done_by text,
    revision bigint not null        -- of the topic `tasks`: in the order of commits
);
create unique index tasks_revision on tasks (revision);
create index tasks_unit on tasks (unit, revision);
create index tasks_village on tasks (village, revision);
create index tasks_township on tasks (township, revision);
create index tasks_county on tasks (county, revision);
create index tasks_city on tasks (city, revision);
create index tasks_case on tasks (case_id);
