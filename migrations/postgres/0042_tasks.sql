-- Tasks (任务): what a village or a group is asked to look at in the field, and no more than it needs for that.

create table tasks (
    id text collate "C" primary key,            -- UUIDv7
    case_id text collate "C" not null references cases (id),
    unit text collate "C" not null,             -- village or group that does it
    village text collate "C" not null,          -- its ancestors, as in `cases`
    township text collate "C" not null,
    county text collate "C" not null,
    city text collate "C" not null,
    state text collate "C" not null,            -- open | done | withdrawn
    kind text collate "C" not null,             -- what is wrong there
    words text collate "C",                     -- what is asked for
    due_on text collate "C" not null,
    photos bigint not null,         -- at least
    outline text collate "C",                   -- GeoJSON, degrees
    parcels text collate "C" not null,          -- JSON: codes
    assigned_at bigint not null,
    assigned_by text collate "C" not null,
    result_id text collate "C" unique,          -- made by the client, so that a result sent twice is one
    result_hash text collate "C",
    done_at bigint,
    done_by text collate "C",
    revision bigint not null        -- of the topic `tasks`: in the order of commits
);
create unique index tasks_revision on tasks (revision);
create index tasks_unit on tasks (unit, revision);
create index tasks_village on tasks (village, revision);
create index tasks_township on tasks (township, revision);
create index tasks_county on tasks (county, revision);
create index tasks_city on tasks (city, revision);
create index tasks_case on tasks (case_id);
