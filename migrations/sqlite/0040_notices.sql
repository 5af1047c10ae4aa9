-- Notices (通知): what somebody should know. A unit's notices are read by whoever holds office in it then, so none
-- is lost when an office passes on; who has read what is each account's own.

create table notices (
    id text primary key,            -- UUIDv7
    recipient text not null,        -- a unit's code, or an account's id
    subject text not null,          -- what it is about: case | task | device | delivery | report
    subject_id text not null,
    urgent boolean not null,
    title text not null,
    words text,
    once text unique,               -- raised once under this key
    raised_at bigint not null
);
create index notices_recipient on notices (recipient, id);

create table notice_reads (
    account text not null,
    notice_id text not null references notices (id),
    read_at bigint not null,
    primary key (account, notice_id)
);

-- Everything up to this notice is read; it spares counting what was read long ago.
create table notice_marks (
    account text primary key,
    notice_id text not null
);
