-- Copies of photos in which a person has blackened faces and plates. Only an approved one that was not withdrawn is public;
-- the original never is. The copy's bytes lie beside the photos under their own SHA-256.

create table redactions (
    id text primary key,
    sha256 text not null references evidence (sha256),
    copy text not null,             -- SHA-256 of the copy's bytes
    rectangles text not null,       -- JSON: what was blackened, in shares of width and height
    account text not null,
    name text not null,             -- the person's, as it was then
    made_at bigint not null,
    approver text,                  -- the account that has looked at it
    approver_name text,
    approved_at bigint,
    withdrawn_at bigint
);
create index redactions_photo on redactions (sha256, made_at);
