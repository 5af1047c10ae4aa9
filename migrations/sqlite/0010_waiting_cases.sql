-- What the job that forwards overdue cases looks for.
create index cases_waiting on cases (state, opened_at);
