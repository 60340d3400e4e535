-- What is wrong with a feed that can be read all the same, since when.

alter table sources add column note text not null default '';
alter table sources add column noted_since text;
