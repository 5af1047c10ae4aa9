-- The register of persons of a case (既处理事、又处理人, R28): sealed, apart from the case, read by named roles
-- only; entries are only ever added.

create table case_persons (
    id text collate "C" primary key,            -- UUIDv7
    case_id text collate "C" not null references cases (id),
    about text collate "C",                     -- the entry that this one continues
    destination text collate "C" not null,      -- enforcement | police | discipline | unit
    sealed bytea not null,           -- JSON under the key of this purpose, bound to id and case
    recorded_at bigint not null,
    recorded_by text collate "C" not null
);
create index case_persons_case on case_persons (case_id, id);
