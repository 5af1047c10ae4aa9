-- What a camera knew when it took a photo, as it was handed in; never changed. Each account's (and device's) photos form
-- a chain: a link's hash covers the photo's hashes, the facts and the hash before it, so that none can be altered, taken
-- out or put in between afterwards.

create table capture_facts (
    sha256 text collate "C" not null references evidence (sha256),
    account text collate "C" not null,
    name text collate "C" not null,             -- the person's, as it was then
    chain text collate "C" not null,            -- the account, with the device where one is named
    seq bigint not null,            -- 1, 2, 3 … within the chain
    hash text collate "C" not null,             -- SM3, hexadecimal
    body text collate "C" not null,             -- JSON, exactly as hashed
    received_at bigint not null,
    primary key (sha256, account),
    unique (chain, seq)
);
