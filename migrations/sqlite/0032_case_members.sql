-- Cases about the same spot, joined by a person; a member follows the leading case until it is split off.

create table case_members (
    case_id text not null references cases (id),   -- the one that leads
    member_id text not null references cases (id),
    distance double precision,      -- m, when they were joined
    reason text not null,
    joined_at bigint not null,
    joined_by text not null,
    joined_name text not null,
    left_at bigint,
    left_by text,
    left_why text,
    primary key (member_id, joined_at)
);
create index case_members_case on case_members (case_id);
create unique index case_members_member on case_members (member_id) where left_at is null;
