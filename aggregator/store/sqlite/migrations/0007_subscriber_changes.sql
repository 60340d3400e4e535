-- Changes of a feed since its subscriber was last notified, so that one during a delivery is not lost.

alter table subscribers add column changes integer not null default 0;
