-- Who has sent a subscription request, and the canonical URL of the feed that it is for.

alter table subscription_requests add column client text not null default '';

alter table subscription_requests add column feed_url text not null default '';

alter table subscribers add column client text not null default '';

alter table subscribers add column feed_url text not null default '';

update subscription_requests set feed_url = topic;

update subscribers set feed_url = topic;

create index subscription_requests_by_client on subscription_requests(client);

create index subscribers_by_client on subscribers(client);
