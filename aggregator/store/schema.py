"""The tables, as named migrations. Only ever append; a test opens yesterday's database."""

import sqlite3
from contextlib import closing

from sqlite_utils import Database, Migrations

from aggregator.errors import StoreTooNew, StoreUnavailable
from aggregator.text.tokens import fold

__all__ = ["BOOKS", "UNARCHIVED", "UNTOLD", "fresh_schema", "is_current", "migrate"]

BOOKS = ("received", "new", "updated", "known", "rejected")
"""What is counted of every source."""

_OF_LISTS = "scope not glob 'held *' and scope not glob '* #*' and scope != 'refiled'"
UNTOLD = f"number != told and {_OF_LISTS}"
UNARCHIVED = f"number != archived and {_OF_LISTS}"
"""Which lists have changed, as indexes know it; an archive document is no list."""

migrations = Migrations("aggregator")


@migrations()
def first_tables(db: Database) -> None:
    """Sources, entries with their keys, stories, where they are listed, and the books."""
    for statement in _FIRST_TABLES.split(";\n\n"):
        db.execute(statement)


# Inside, a story goes by its row number: rows that are added together then lie together. With
# the random letters of the public id as key, a save took a sixth longer.
_FIRST_TABLES = """
create table sources (
    id text primary key,
    name text not null, feed text not null, site text not null,
    show text not null, license text not null, precedence integer not null,
    etag text not null default '', last_modified text not null default '',
    body_hash text not null default '',
    next_fetch text, interval integer not null default 0, failures integer not null default 0,
    outcome text not null default 'never fetched', error text not null default '',
    failing_since text, last_fetch text, last_success text
);

create table stories (
    row integer primary key,
    id text not null unique,
    public_id text not null unique,
    lead integer not null,
    published text not null, updated text not null, arrived text not null,
    why text not null
);

create table entries (
    id integer primary key,
    source text not null references sources(id),
    story integer not null references stories(row),
    given_id text not null, link text not null, address text not null,
    title text not null, summary text not null, content text not null, author text not null,
    published text not null, updated text not null,
    tags text not null, language text not null, image text not null, enclosures text not null,
    digest text not null, face text not null, position integer not null
);

create index entries_by_story on entries(story);

create index entries_by_address on entries(address) where address != '';

create index entries_by_source on entries(source, published);

create table keys (
    source text not null,
    key text not null,
    entry integer not null references entries(id),
    primary key (source, key)
) without rowid;

create table listings (
    story integer not null references stories(row),
    scope text not null,
    arrived text not null,
    published text not null,
    why text not null,
    primary key (story, scope)
) without rowid;

create index listings_by_arrival on listings(scope, arrived desc, published desc, story);

create table rejections (
    source text not null, key text not null, title text not null, reason text not null,
    first_seen text not null, last_seen text not null,
    primary key (source, key)
) without rowid;

create table revisions (
    scope text primary key, number integer not null, changed text not null
) without rowid;

create table runs (
    id integer primary key, started text not null, report text not null
)"""


@migrations()
def outcome_is_called_changed(db: Database) -> None:
    """A fetch that brought something is "changed": it may have brought revisions only."""
    db.execute("update sources set outcome = 'changed' where outcome = 'new'")


@migrations()
def sources_know_their_pace_and_books(db: Database) -> None:
    """When a whole feed came last, where it moves to, what it asks for; and its books in sum."""
    for column in (
        "address text not null default ''",  # a digest of it, for the feed may be private
        "last_full text",
        "pace text not null default ''",
        "moved_to text not null default ''",
        "moved_since text",
        "moved_hits integer not null default 0",
        "hub text not null default ''",
        "hub_topic text not null default ''",
        "retired text",
        *(f"sum_{name} integer not null default 0" for name in BOOKS),
    ):
        db.execute(f"alter table sources add column {column}")
    db.execute(
        """update sources set
             sum_new = (select count(*) from entries where source = sources.id),
             sum_received = (select count(*) from entries where source = sources.id)"""
    )
    db.execute(
        """create table holds (domain text primary key, until text not null) without rowid"""
    )


@migrations()
def entries_count_their_revisions(db: Database) -> None:
    """How often an entry has changed, and when last."""
    db.execute("alter table entries add column revisions integer not null default 0")
    db.execute("alter table entries add column revised text")


@migrations()
def hubs_deliver(db: Database) -> None:
    """What hubs are asked for, and what they have brought."""
    db.execute(
        """create table subscriptions (
             source text primary key references sources(id),
             hub text not null, topic text not null,
             token text not null unique, secret text not null,
             asked text not null, lease_until text, missed integer not null default 0,
             error text not null default ''
           ) without rowid"""
    )
    db.execute(
        """create table deliveries (
             id integer primary key, source text not null references sources(id),
             content_type text not null, body blob not null, received text not null
           )"""
    )


@migrations()
def stories_know_their_copies(db: Database) -> None:
    """What binds entries of several outlets, by what copies are found, and which stories turned
    out to be one: `merged` is the row of the other, which their ids stand for from then on."""
    db.execute("alter table entries add column originals text not null default '[]'")
    db.execute("alter table entries add column is_dated integer not null default 1")
    db.execute("alter table stories add column begun text not null default ''")
    db.execute("update stories set begun = arrived")
    db.execute("alter table stories add column merged integer references stories(row)")
    db.execute("create index stories_by_merged on stories(merged) where merged is not null")
    db.execute(
        """create table bonds (
             a integer not null references entries(id), b integer not null references entries(id),
             kind text not null, score real not null, why text not null,
             primary key (a, b)
           ) without rowid"""
    )
    db.execute("create index bonds_by_b on bonds(b)")
    db.execute(
        """insert into bonds
             select min(entries.id, lead), max(entries.id, lead), 'address', 1.0,
                    'same address ' || address
             from entries join stories on stories.row = entries.story where entries.id != lead"""
    )
    db.execute(
        """create table prints (
             print integer not null, entry integer not null references entries(id),
             primary key (print, entry)
           ) without rowid"""
    )
    db.execute(
        """create table printed (
             entry integer primary key references entries(id), seen text not null,
             prints blob not null
           )"""
    )
    db.execute("create index printed_by_seen on printed(seen)")


@migrations()
def entries_are_found_by_words(db: Database) -> None:
    """An index of the words of titles and teasers, kept by triggers as SQLite's manual has it
    (FTS5, external content tables)."""
    for statement in _WORDS.split(";\n\n"):
        db.execute(statement)
    db.execute("insert into words(words) values ('rebuild')")


_WORDS = """
create virtual table words using fts5(
    title, summary, content = 'entries', content_rowid = 'id', detail = none,
    tokenize = 'unicode61 remove_diacritics 2'
);

create trigger words_of_new after insert on entries begin
    insert into words(rowid, title, summary) values (new.id, new.title, new.summary);
end;

create trigger words_of_gone after delete on entries begin
    insert into words(words, rowid, title, summary)
    values ('delete', old.id, old.title, old.summary);
end;

create trigger words_of_changed after update of title, summary on entries begin
    insert into words(words, rowid, title, summary)
    values ('delete', old.id, old.title, old.summary);
    insert into words(rowid, title, summary) values (new.id, new.title, new.summary);
end"""


@migrations()
def words_are_folded(db: Database) -> None:
    """The index of words has them as rules compare them, and tags and authors too. It is made
    of a view (FTS5, external content tables), so that it can be made anew; a save keeps it, and
    what is changed by hand is only found by its old words."""
    for name in ("words_of_new", "words_of_gone", "words_of_changed"):
        db.execute(f"drop trigger {name}")
    db.execute("drop table words")
    for statement in _FOLDED_WORDS.split(";\n\n"):
        db.execute(statement)
    db.execute("insert into words(words) values ('rebuild')")


_FOLDED_WORDS = """
create view entry_words as
    select id, folded(title || ' ' || summary || ' ' || tags || ' ' || author) as folded
    from entries;

create virtual table words using fts5(
    folded, content = 'entry_words', content_rowid = 'id', detail = none,
    tokenize = 'unicode61 remove_diacritics 0'
);

create virtual table words_terms using fts5vocab(words, row)"""


@migrations()
def placements_say_by_what(db: Database) -> None:
    """Which clause, outlet or category placed a story in a topic, or which operator's word."""
    db.execute("alter table listings add column placed_by text not null default ''")
    db.execute(
        """create table said (
             entry integer not null references entries(id), topic text not null,
             is_in integer not null, at text not null,
             primary key (entry, topic)
           ) without rowid"""
    )


@migrations()
def topics_learn(db: Database) -> None:
    """What was learned, by version, and what it suggests."""
    db.execute(
        """create table models (
             version integer primary key, made text not null, of text not null,
             judged integer not null, model blob not null
           )"""
    )
    db.execute(
        """create table suggestions (
             topic text not null, story integer not null references stories(row),
             probability real not null, why text not null,
             primary key (topic, story)
           ) without rowid"""
    )
    db.execute("create index suggestions_by_story on suggestions(story)")
    # so that what an outlet was filed under outlives its place in feeds.toml
    db.execute("alter table sources add column topics text not null default '[]'")
    db.execute("alter table sources add column tags text not null default '{}'")


@migrations()
def licences_have_requirements(db: Database) -> None:
    """What an outlet's licence asks for: its address, no cuts, a counter pixel."""
    db.execute("alter table sources add column license_url text not null default ''")
    db.execute("alter table sources add column uncut integer not null default 0")
    db.execute("alter table sources add column counter text not null default ''")


@migrations()
def lists_have_a_history(db: Database) -> None:
    """The archive document that a story stands in, for good; none as long as it is news. And at
    which revision a list was looked through for what is to be archived."""
    db.execute("alter table listings add column page integer")
    db.execute(
        """create index listings_by_page on listings(scope, page, story) where page is not null"""
    )
    db.execute(
        """create index listings_unarchived on listings(scope, arrived, published, story desc)
           where page is null"""
    )
    db.execute("alter table revisions add column archived integer not null default 0")
    db.execute("alter table revisions add column pages integer not null default 0")
    db.execute(f"create index revisions_unarchived on revisions(scope) where {UNARCHIVED}")


@migrations()
def topics_have_first_names(db: Database) -> None:
    """Under which id a topic was first published, which names its feeds for ever."""
    db.execute(
        """create table topic_names (topic text primary key, first text not null) without rowid"""
    )


@migrations()
def stories_are_taken_down(db: Database) -> None:
    """What an operator has taken down, when and why; and what is down because `of` another one,
    by its id: a new one that is like it and was never told, or one that it turned out to be part
    of."""
    db.execute(
        """create table hidden (
             story integer primary key references stories(row),
             why text not null, at text not null,
             of text not null default '', was_told integer not null default 1
           )"""
    )
    db.execute("create index hidden_by_of on hidden(of) where of != ''")


@migrations()
def we_are_a_hub(db: Database) -> None:
    """Who wants to be told of changes, and which hubs of others are to be told. `told` is the
    revision of a list that they have been told of."""
    db.execute("alter table revisions add column told integer not null default 0")
    db.execute("update revisions set told = number")
    db.execute(f"create index revisions_untold on revisions(scope) where {UNTOLD}")
    db.execute(
        """create table intents (
             id integer primary key autoincrement, mode text not null, callback text not null,
             host text not null, topic text not null, secret text not null, lease integer not null,
             asked text not null, unique (callback, topic)
           )"""
    )
    db.execute(
        """create table subscribers (
             id integer primary key, callback text not null, host text not null,
             topic text not null, secret text not null, lease_until text not null,
             etag text not null, due text, attempts integer not null default 0, failing_since text,
             error text not null default '', unique (callback, topic)
           )"""
    )
    db.execute("create index intents_by_host on intents(host)")
    db.execute("create index subscribers_by_host on subscribers(host)")
    db.execute("create index subscribers_by_topic on subscribers(topic)")
    db.execute("create index subscribers_by_due on subscribers(due) where due is not null")
    db.execute(
        """create table pings (
             hub text not null, address text not null, due text not null,
             news integer not null default 1, attempts integer not null default 0,
             error text not null default '',
             primary key (hub, address)
           ) without rowid"""
    )


def with_functions(connection: sqlite3.Connection) -> sqlite3.Connection:
    """The connection, with the function that the index of words is made with."""
    connection.create_function("folded", 1, fold, deterministic=True)
    return connection


def fresh_schema() -> list[tuple[str, str, str]]:
    """Kind, name and SQL of every table and index that an empty database has."""
    with closing(Database(with_functions(sqlite3.connect(":memory:")))) as db:
        migrations.apply(db)
        sql = "select type, name, sql from sqlite_master where sql is not null order by name"
        found = db.execute(sql).fetchall()
    return [(kind, name, text) for kind, name, text in found if not name.startswith("_sqlite")]


def is_current(db: Database) -> bool:
    """True if the tables are those of this version; nothing is written to find out."""
    if "_sqlite_migrations" not in db.table_names():
        return False
    ours = {migration.name for migration in migrations._migrations}
    return ours == {migration.name for migration in migrations.applied(db)}


def migrate(db: Database, path: str) -> None:
    """Bring the tables up to this version. Raises StoreTooNew if they are from a later one."""
    ours = {migration.name for migration in migrations._migrations}
    theirs = {migration.name for migration in migrations.applied(db)}
    if unknown := theirs - ours:
        raise StoreTooNew(
            f"The database {path} was written by a later version of aggregator "
            f"(it has {', '.join(sorted(unknown))}); install that version, or use another file."
        )
    foreign = set(db.table_names()) - {"_sqlite_migrations"}
    if not theirs and foreign:
        raise StoreUnavailable(
            f"The database {path} holds tables of another program; use another file."
        )
    if migrations.pending(db):
        migrations.apply(db)
