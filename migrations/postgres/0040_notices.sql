-- Notices (通知): what somebody should know. A unit's notices are read by whoever holds office in it then, so none
-- is lost when an office passes on; who has read what is each account's own.

create table notices (
    id text collate "C" primary key,            -- UUIDv7
    recipient text collate "C" not null,        -- a unit's code, or an account's id
    subject text collate "C" not null,          -- what it is about: case | task | device | delivery | report
    subject_id text collate "C" not null,
    urgent boolean not null,
    title text collate "C" not null,
    words text collate "C",
    once text collate "C" unique,               -- raised once under this key
    raised_at bigint not null
);
create index notices_recipient on notices (recipient, id);

create table notice_reads (
    account text collate "C" not null,
    notice_id text collate "C" not null references notices (id),
    read_at bigint not null,
    primary key (account, notice_id)
);

-- Everything up to this notice is read; it spares counting what was read long ago.
create table notice_marks (
    account text collate "C" primary key,
    notice_id text collate "C" not null
);
