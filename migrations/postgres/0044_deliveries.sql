-- What leaves the house (R30, R56): an outbox. `notices` and `cases` say by themselves what is still to be put
-- into it, so it is filled from the same transaction that changed them.

create table deliveries (
    id text collate "C" primary key,            -- UUIDv7; the idempotency key
    channel text collate "C" not null,
    unit text collate "C",                      -- whose matter it is, and its ancestors as in `cases`; null: an account's own
    village text collate "C",
    township text collate "C",
    county text collate "C",
    city text collate "C",
    subject text collate "C" not null,          -- case | notice
    subject_id text collate "C" not null,       -- the external id
    version bigint not null,
    body text collate "C" not null,             -- JSON, exactly as it is sent and signed
    state text collate "C" not null,            -- waiting | packed | delivered | dead | accepted | rejected
    attempts bigint not null default 0,
    next_at bigint not null,
    error text collate "C",                     -- of the last attempt
    package text collate "C",                   -- the file package that it went out in
    receipt text collate "C",                   -- what the other side calls it
    answer text collate "C",                    -- why it was rejected
    made_at bigint not null,
    updated_at bigint not null,
    unique (channel, subject, subject_id, version)
);
create index deliveries_due on deliveries (next_at, id) where state = 'waiting';
create index deliveries_package on deliveries (package, id) where package is not null;
create index deliveries_city on deliveries (city, id);
create index deliveries_county on deliveries (county, id);
create index deliveries_township on deliveries (township, id);
create index deliveries_village on deliveries (village, id);
create index deliveries_state on deliveries (state, id);
create index deliveries_subject on deliveries (subject_id, id);

-- The version that was put into the outbox; what is behind is found by the index.
alter table cases add column sent_version bigint not null default 0;
create index cases_unsent on cases (id) where sent_version < version;
alter table notices add column sent boolean not null default false;
create index notices_unsent on notices (id) where not sent;
