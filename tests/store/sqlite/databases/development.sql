-- A database as the first development version wrote it, with one story. Never change this file.
BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'aggregator','first_tables','2026-11-23 04:33:34.142685+00:00');
CREATE TABLE entries (
    id integer primary key,
    source text not null references sources(id),
    story integer not null references stories(row),
    given_id text not null, link text not null, address text not null,
    title text not null, summary text not null, content text not null, author text not null,
    published text not null, updated text not null,
    tags text not null, language text not null, image text not null, enclosures text not null,
    digest text not null, face text not null, position integer not null
);
INSERT INTO "entries" VALUES(1,'harbor',1,'https://harbor.example/?p=cranes','https://harbor.example/cranes','harbor.example/cranes','Cranes','Cranes in short.','<p>Cranes in full.</p>','','2026-10-05T10:00:00+00:00','2026-10-05T10:00:00+00:00','[]','en','','[]','126a2d7e06a886860dd9568d','e7e552b55194cd69a4592673',0);
CREATE TABLE keys (
    source text not null,
    key text not null,
    entry integer not null references entries(id),
    primary key (source, key)
) without rowid;
INSERT INTO "keys" VALUES('harbor','address harbor.example/cranes',1);
INSERT INTO "keys" VALUES('harbor','id harbor cranes',1);
CREATE TABLE listings (
    story integer not null references stories(row),
    scope text not null,
    arrived text not null,
    published text not null,
    why text not null,
    primary key (story, scope)
) without rowid;
INSERT INTO "listings" VALUES(1,'all','2026-10-05T10:00:00+00:00','2026-10-05T10:00:00+00:00','');
INSERT INTO "listings" VALUES(1,'source:harbor','2026-10-05T10:00:00+00:00','2026-10-05T10:00:00+00:00','');
INSERT INTO "listings" VALUES(1,'topic:labor','2026-10-05T10:00:00+00:00','2026-10-05T10:00:00+00:00','because labor');
CREATE TABLE rejections (
    source text not null, key text not null, title text not null, reason text not null,
    first_seen text not null, last_seen text not null,
    primary key (source, key)
) without rowid;
CREATE TABLE revisions (
    scope text primary key, number integer not null, changed text not null
) without rowid;
INSERT INTO "revisions" VALUES('all',1,'2026-10-05T12:00:00+00:00');
INSERT INTO "revisions" VALUES('source:harbor',1,'2026-10-05T12:00:00+00:00');
INSERT INTO "revisions" VALUES('topic:labor',1,'2026-10-05T12:00:00+00:00');
CREATE TABLE runs (
    id integer primary key, started text not null, report text not null
);
CREATE TABLE sources (
    id text primary key,
    name text not null, feed text not null, site text not null,
    show text not null, license text not null, precedence integer not null,
    etag text not null default '', last_modified text not null default '',
    body_hash text not null default '',
    next_fetch text, interval integer not null default 0, failures integer not null default 0,
    outcome text not null default 'never fetched', error text not null default '',
    failing_since text, last_fetch text, last_success text
);
INSERT INTO "sources" VALUES('harbor','Harbor','https://harbor.example/feed','https://harbor.example/','excerpt','',0,'','','',NULL,0,0,'new','',NULL,'2026-10-05T12:00:00+00:00','2026-10-05T12:00:00+00:00');
CREATE TABLE stories (
    row integer primary key,
    id text not null unique,
    public_id text not null unique,
    lead integer not null,
    published text not null, updated text not null, arrived text not null,
    why text not null
);
INSERT INTO "stories" VALUES(1,'17b5273436a23aa1','https://harbor.example/?p=cranes',1,'2026-10-05T10:00:00+00:00','2026-10-05T10:00:00+00:00','2026-10-05T10:00:00+00:00','[]');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX entries_by_story on entries(story);
CREATE INDEX entries_by_address on entries(address) where address != '';
CREATE INDEX entries_by_source on entries(source, published);
CREATE INDEX listings_by_arrival on listings(scope, arrived desc, published desc, story);
COMMIT;
