-- Devices (设备): the radios in posts and the tablets; their keys, how they fare, what they are told.

create table devices (
    number bigint primary key,      -- what a frame names
    kind text not null,             -- post | tablet
    name text not null,
    unit text not null,             -- of the post's parcel, of the account; for scope
    post bigint,                    -- the post that it sits in
    account_id text references accounts (id), -- the account that a tablet speaks for
    state text not null,            -- waiting | active | revoked | lost
    message bigint not null,        -- cursor of the last message meant for it, 0 for none
    created_at bigint not null,
    created_by text not null,
    updated_at bigint not null,
    enrolled_at bigint
);
create index devices_unit on devices (unit, number);
create index devices_post on devices (post);
create index devices_account on devices (account_id);

-- What keys are derived from; see server/src/devices/keys.rs. The keys themselves are stored nowhere.
create table device_keys (
    device bigint not null,
    key bigint not null,            -- 0 at enrolment, one more with each rotation
    suite bigint not null,
    salt blob not null,
    ring bigint not null,           -- version of the server's device key
    made_at bigint not null,
    ended_at bigint,                -- revoked, or the device speaks under a newer one
    primary key (device, key)
);

-- Codes that bring a device to its keys; each works once.
create table device_codes (
    digest text primary key,        -- SHA-256, hexadecimal
    device bigint not null,
    made_at bigint not null,
    made_by text not null,
    expires_at bigint not null,
    used_at bigint
);
create index device_codes_device on device_codes (device);

-- How a device fares, by its own records.
create table device_states (
    device bigint primary key,
    seen_at bigint not null,        -- when a frame came last
    epoch bigint not null,          -- of that frame
    counter bigint not null,
    battery_mv bigint,
    journal_percent bigint,
    firmware bigint,
    temperature_c bigint,
    signal_dbm bigint,
    config bigint,                  -- version in force
    config_refused bigint,          -- version that it refused last
    lost bigint not null,           -- records that it could never send
    silent_since bigint             -- a post from which nothing comes any more
);
create index device_states_seen on device_states (seen_at);

-- When a device booted, so that its time since boot can be placed.
create table device_boots (
    device bigint not null,
    epoch bigint not null,
    boot bigint not null,
    started_at bigint not null,
    primary key (device, epoch, boot)
);

-- Counters of answers handed out to processes, so that no nonce comes twice.
create table device_answers (
    device bigint primary key,
    reserved bigint not null
);

-- What a device shall be told, until it has taken it.
create table device_messages (
    device bigint not null,
    cursor bigint not null,
    body text not null,             -- JSON: settings of a post
    made_at bigint not null,
    primary key (device, cursor)
);

-- The life of this database: drawn anew when it was restored from a backup.
create table server_epoch (
    id bigint primary key,
    epoch bigint not null
);

-- A tablet's token is a session that rests on the device and not on a password.
alter table sessions add column device bigint;
