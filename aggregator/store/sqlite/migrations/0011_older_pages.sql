-- Pages of older stories for people, numbered from the oldest; a page that is full is closed.

alter table listings add column older_page integer;

alter table revisions add column older_page_count integer not null default 0;

create index listings_by_older_page on listings(list_kind, list_name, older_page, story_number)
    where older_page is not null;

create index listings_unpaged
    on listings(list_kind, list_name, listed_at, published, story_number desc)
    where older_page is null and visibility = 'published';
