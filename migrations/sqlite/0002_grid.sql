-- The net of five levels: units, who is responsible in them, their targets.

-- A re-zoned unit keeps its row; `successor` says where its code resolves to today.
create table regions (
    code text not null,             -- 12 digits, 14 for a village group
    valid_from text not null,
    valid_to text,
    name text not null,
    level bigint not null,          -- 2 city, 3 county, 4 township, 5 village, 6 group
    parent text,
    takes_part boolean not null,    -- has farmland tasks (R12)
    successor text,
    office_phone text,              -- shown to the public
    primary key (code, valid_from)
);
create index regions_parent on regions (parent);

-- Terms of office; never deleted, `ends` is set once (R04).
create table appointments (
    id text primary key,
    person_id text not null references people (id),
    unit text not null,
    role text not null,
    title text,                     -- 职务, as published: 市委副书记、市长
    portfolio text,                 -- 自然资源 | 农业农村, for a deputy
    basis text,                     -- 组长 | 村委会确定 (R16)
    department text,                -- for members and liaisons of the eight departments (R18)
    starts text not null,
    ends text,
    source text not null,           -- the document it rests on
    recorded_at bigint not null,
    recorded_by text not null
);
create index appointments_unit on appointments (unit, starts);
create index appointments_person on appointments (person_id);

-- Targets by unit and year (R03). 亩, exact.
create table targets (
    unit text not null,
    year bigint not null,
    kind text not null,             -- cropland 耕地保有量 | permanent 永久基本农田
    mu double precision not null,
    document text not null,
    recorded_at bigint not null,
    recorded_by text not null,
    primary key (unit, year, kind)
);
