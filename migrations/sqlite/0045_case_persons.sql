-- The register of persons of a case (既处理事、又处理人, R28): sealed, apart from the case, read by named roles
-- only; entries are only ever added.

create table case_persons (
    id text primary key,            -- UUIDv7
    case_id text not null references cases (id),
    about text,                     -- the entry that this one continues
    destination text not null,      -- enforcement | police | discipline | unit
    sealed blob not null,           -- JSON under the key of this purpose, bound to id and case
    recorded_at bigint not null,
    recorded_by text not null
);
create index case_persons_case on case_persons (case_id, id);
