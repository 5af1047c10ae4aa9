-- Cases about the same spot, joined by a person; a member follows the leading case until it is split off.

create table case_members (
    case_id text collate "C" not null references cases (id),   -- the one that leads
    member_id text collate "C" not null references cases (id),
    distance double precision,      -- m, when they were joined
    reason text collate "C" not null,
    joined_at bigint not null,
    joined_by text collate "C" not null,
    joined_name text collate "C" not null,
    left_at bigint,
    left_by text collate "C",
    left_why text collate "C",
    primary key (member_id, joined_at)
);
create index case_members_case on case_members (case_id);
create unique index case_members_member on case_members (member_id) where left_at is null;
