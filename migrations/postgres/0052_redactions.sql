-- Copies of photos in which a person has blackened faces and plates. Only an approved one that was not withdrawn is public;
-- the original never is. The copy's bytes lie beside the photos under their own SHA-256.

create table redactions (
    id text collate "C" primary key,
    sha256 text collate "C" not null references evidence (sha256),
    copy text collate "C" not null,             -- SHA-256 of the copy's bytes
    rectangles text collate "C" not null,       -- JSON: what was blackened, in shares of width and height
    account text collate "C" not null,
    name text collate "C" not null,             -- the person's, as it was then
    made_at bigint not null,
    approver text collate "C",                  -- the account that has looked at it
    approver_name text collate "C",
    approved_at bigint,
    withdrawn_at bigint
);
create index redactions_photo on redactions (sha256, made_at);
