-- The kind of a failure of a delivery or ping, beside its sentence.

alter table subscribers add column failure_kind text not null default '';

alter table hub_pings add column failure_kind text not null default '';
