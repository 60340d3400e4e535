-- Sources can be renamed as topics can: the id under which a list was first published stays in its
-- Atom feed.
create table original_ids (
    list_kind text not null, list_name text not null, original_id text not null,
    primary key (list_kind, list_name)
) without rowid;

insert into original_ids select 'topic', topic, original_id from topic_original_ids;

drop table topic_original_ids;
