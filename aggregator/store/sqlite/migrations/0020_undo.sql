-- What undoes an action of the audit log, as JSON; empty if nothing does.
alter table audit_log add column undo text not null default '';
alter table audit_log add column undone_at text;
