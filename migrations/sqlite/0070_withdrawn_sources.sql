-- A batch of patches that is withdrawn marks what it caused: its cases, and the notices of them.

alter table cases add column withdrawn_at bigint;
alter table notices add column withdrawn_at bigint;
update cases set withdrawn_at = (select min(p.withdrawn_at) from patches p where p.case_id = cases.id)
    where id in (select case_id from patches where withdrawn_at is not null);
create index notices_subject on notices (subject_id);
