"""The questions that may be asked of a store and the acts that change it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from aggregator.model import (
    Backoff,
    Batch,
    Delivery,
    FetchState,
    HubLink,
    HubPing,
    Issue,
    ListChange,
    Match,
    ModelInfo,
    PlacementChange,
    Predictions,
    Rejected,
    Revision,
    RunReport,
    Share,
    Source,
    SourceHealth,
    StoredEntry,
    Story,
    StoryNeighbourhood,
    Subscriber,
    Subscription,
    SubscriptionRequest,
    Suggestion,
    Takedown,
    Tombstone,
    Topic,
    TopicOverride,
    TrainingExample,
)
from aggregator.query import EntryView, Hits, Node, Query
from aggregator.store.placing import StoryPlacements
from aggregator.store.yields import SampledStory

__all__ = ["Store"]


class Store(Protocol):
    """What we keep. Every method may raise StoreUnavailable.

    A `scope` is `model.ALL`, `topic_scope(id)` or `source_scope(id)`.
    """

    # ---- fetching

    def sync(self, sources: Sequence[Source], now: datetime) -> None:
        """Take over what feeds.toml says of the sources; forget none that it leaves out."""

    def due(self, sources: Sequence[Source], now: datetime) -> list[Source]:
        """The sources that should be fetched now, longest overdue first; no retired ones."""

    def next_due(self, sources: Sequence[Source]) -> datetime | None:
        """When the next of them falls due; None if one has never been fetched, or all are
        retired."""

    def state(self, source: str) -> FetchState:
        """What we remember of fetching a source."""

    def recent(self, source: str, limit: int) -> list[datetime]:
        """The dates of a source's last articles, newest first."""

    def holds(self, now: datetime) -> dict[str, Backoff]:
        """The domains that want to be left alone now, by name."""

    # ---- recognising

    def known(self, source: str, keys: Collection[str]) -> dict[str, StoredEntry]:
        """Those of the keys that name an entry of this source."""

    def latest_known(self, source: str, limit: int) -> list[StoredEntry]:
        """The entries of a source that came last, the last first."""

    def standing(self, addresses: Collection[str]) -> dict[str, list[int]]:
        """The rows of the entries at these canonical addresses, by address."""

    def sharing(self, prints: Collection[int]) -> dict[int, list[int]]:
        """The rows of the entries that have these prints, by print. Entries that came longer
        ago than the window for which prints are kept have none."""

    def outlets(self, entries: Collection[int]) -> dict[int, str]:
        """The id of the source of each entry row."""

    def kin(self, entries: Collection[int]) -> StoryNeighbourhood:
        """The stories of these entry rows, and all that bonds connect with them, whole."""

    def newest_bonds(self, limit: int) -> list[Match]:
        """What binds the entries that came last, but for those that were told apart."""

    def told_in(self, entries: Collection[int]) -> dict[int, Story]:
        """The story of each entry row."""

    def taken(self, public_ids: Collection[str]) -> set[str]:
        """Those of the public ids that a story has already."""

    # ---- saving

    def save(self, batch: Batch, now: datetime) -> None:
        """Save everything that one fetch changed, in one transaction."""

    def forget_prints(self, before: datetime, limit: int) -> int:
        """Forget by what entries are found that came before that, the oldest first and so many
        at most, and say how many."""

    def release(self, source: str, now: datetime) -> int:
        """Publish what is held of a source, and say how many stories."""

    def drop(self, source: str) -> int:
        """Never publish what is held of a source, and say how many stories."""

    def purge(self, keep: timedelta, now: datetime) -> int:
        """Take out the stories that are older than that, and say how many. They are still
        recognised, so they do not come again."""

    def record(self, report: RunReport) -> None:
        """Keep the report of a run."""

    def ingesting(self) -> AbstractContextManager[None]:
        """Held during a run, so that two of them on one database take turns.

        Raises StoreBusy at once if another one holds it.
        """

    # ---- being told

    def is_pushed(self, source: str, now: datetime) -> bool:
        """True while the source's hub delivers what is new."""

    def announced(self) -> dict[str, HubLink]:
        """The hubs that sources announce, by source."""

    def subscriptions(self) -> list[Subscription]:
        """What hubs were asked for."""

    def subscription(self, token: str) -> Subscription | None:
        """The one whose callback has this token."""

    def subscribe(self, subscription: Subscription) -> None:
        """Remember what a hub is asked for, before it is asked."""

    def confirm(self, token: str, until: datetime) -> None:
        """The hub delivers until then."""

    def deny(self, token: str, error: str) -> None:
        """The hub does not deliver, and why."""

    def unanswered(self, token: str, error: str) -> None:
        """The hub could not be asked, and why; a lease that runs goes on."""

    def unsubscribe(self, source: str) -> None:
        """Forget a subscription."""

    def missed(self, source: str) -> None:
        """News came by polling that the hub should have brought."""

    def receive(self, source: str, content_type: str, body: bytes, now: datetime) -> None:
        """Put down what a hub delivers."""

    def waiting(self, source: str) -> tuple[int, int]:
        """How many deliveries of a source nobody has taken in yet, and their bytes."""

    def deliveries(self, limit: int) -> list[Delivery]:
        """The oldest deliveries that nobody has taken in yet."""

    def taken_in(self, delivery: int) -> None:
        """Forget a delivery."""

    # ---- telling others

    def intend(self, intent: SubscriptionRequest) -> None:
        """Note what somebody asks our hub for, in place of what was asked for the same callback
        and topic before."""

    def intents(self, limit: int) -> list[SubscriptionRequest]:
        """The oldest that are to be verified, of each host a few."""

    def intended(self) -> tuple[int, int]:
        """How many are to be verified, and how many subscribe."""

    def subscribed_from(self, host: str) -> int:
        """How many subscriptions a host has, or asks for."""

    def is_subscribed(self, callback: str, topic: str) -> bool:
        """True if there is such a subscription, or one that is to be verified."""

    def telling(self, act: str) -> AbstractContextManager[None]:
        """Held while one of the hub's acts goes on, so that nobody is told twice. Raises
        StoreBusy."""

    def forget_intent(self, intent: SubscriptionRequest) -> None:
        """It was not meant, or has been met."""

    def subscribe_to_us(self, intent: SubscriptionRequest, subscriber: Subscriber) -> None:
        """The intent was meant: a new subscription, or another lease and secret for an old one."""

    def leave_us(self, callback: str, topic: str) -> None:
        """End a subscription, if there is one."""

    def end_leases(self, now: datetime) -> int:
        """Forget the subscriptions whose lease has ended; gives how many."""

    def subscribers(self, topic: str | None = None) -> list[Subscriber]:
        """Those of a topic, or all."""

    def topics_subscribed(self) -> list[str]:
        """The topics that have a subscriber."""

    def news(self) -> list[ListChange]:
        """The lists that have changed since those who want to know were told."""

    def tell(
        self,
        news: Sequence[ListChange],
        owed: Collection[int],
        pings: Sequence[HubPing],
        now: datetime,
    ) -> None:
        """Note, in one transaction, to which subscribers a delivery is owed because of this news,
        and which pings; from now on it is no news any more."""

    def owed(self, now: datetime, limit: int) -> list[Subscriber]:
        """Those to whom a delivery is due, of each host a few: those that do not fail first, and
        of them the longest overdue."""

    def delivered(self, subscriber: Subscriber, etag: str) -> None:
        """It has what has this ETag, and is owed nothing."""

    def undelivered(self, subscriber: Subscriber) -> None:
        """Keep when it is tried again, since when it fails, and why."""

    def pings(self, now: datetime | None = None) -> list[HubPing]:
        """Those that are due, or all."""

    def pinged(self, pings: Sequence[HubPing]) -> None:
        """The hub knows; forget them, unless there has been more news since."""

    def unpinged(self, pings: Sequence[HubPing]) -> None:
        """Keep when they are tried again, and why."""

    # ---- publishing

    def latest(
        self,
        scope: str,
        limit: int,
        *,
        joined: Sequence[str] = (),
        language: str = "",
        without: Sequence[str] = (),
        share: Share | None = None,
    ) -> list[Story]:
        """The newest arrivals of a scope, and of others that are `joined` to it, ordered by
        publication, newest first; in one language only, if there is one, none that one of the
        outlets `without` which the list is wanted tells, and no outlet with more than its share."""

    def found(
        self, query: Query, limit: int, *, language: str = "", without: Sequence[str] = ()
    ) -> list[Story]:
        """The newest stories that a query matches, ordered by publication, newest first. Of those
        that may match by their words, only so many are looked at as anybody waits for."""

    def archive(self, size: int, now: datetime) -> int:
        """Close the archive documents of `size` stories that are full, in all lists; gives how
        many."""

    def pages(self, scope: str) -> tuple[int, int]:
        """The number of the oldest archive document of a scope that still holds something, and of
        the newest; 0 if there is none."""

    def first_names(self) -> dict[str, str]:
        """The id under which a topic was first published, of those that were renamed."""

    def archived(self, scope: str, page: int) -> list[Story]:
        """The stories of an archive document, ordered by publication, newest first."""

    def removed(self, scope: str, page: int | None = None) -> list[Tombstone]:
        """What operators have taken down of a scope, or of one of its archive documents, the last
        first."""

    def hide(self, id_: str, why: str, now: datetime) -> None:
        """Take a published story down, wherever it stands, until `unhide`."""

    def unhide(self, id_: str, now: datetime) -> None:
        """Put a story back to where it stood, and what is down because of it."""

    def hidden(self) -> list[Takedown]:
        """All that was taken down, the last first."""

    def taken_down(self, entries: Collection[int]) -> set[int]:
        """Those of the entry rows whose story an operator has taken down, not one that is down
        because of another."""

    def is_hidden(self, id_: str) -> bool:
        """True for a story that was taken down, and for one that turned out to be such a one."""

    def rename_topics(self, topics: Sequence[Topic], now: datetime) -> None:
        """Move what stands under former ids of topics, and what operators have said of them."""

    def story(self, id_: str) -> Story | None:
        """One story."""

    def page_scopes(self, id_: str) -> tuple[str, ...]:
        """On what the page of a story depends: while it is news, on all that comes in."""

    def related(self, story: Story, limit: int) -> list[Story]:
        """Other stories that seem to report the same event, the likest first."""

    def search(self, query: Query) -> Iterator[tuple[EntryView, Hits]]:
        """The published entries that a query matches, oldest first, and where."""

    def said(self, entries: Collection[int]) -> list[TopicOverride]:
        """What operators have said of the topics of these entry rows."""

    def standings(
        self, topics: Sequence[str], clauses: Sequence[Node], sources: Collection[str]
    ) -> Iterator[StoryPlacements]:
        """The stories that stand in these topics or may belong there, oldest first: one of the
        clauses may match them, one of these outlets tells them, or an operator has said so."""

    def standing_of(self, entry: int, topics: Sequence[str]) -> StoryPlacements | None:
        """The story of an entry row as filing sees it, and where it stands of these topics."""

    def refile(
        self, refilings: Iterable[PlacementChange], said: Sequence[TopicOverride], now: datetime
    ) -> None:
        """Bring stored stories into topics and out of them, and keep what an operator said with
        it, in one transaction; ids and order do not change."""

    # ---- learning

    def taught(self, topics: Sequence[str]) -> list[TrainingExample]:
        """The stories that topics learn from, the oldest first: the newest of all, the newest of
        each of these topics, and all of which an operator has said something about them."""

    def newest(self, limit: int) -> list[TrainingExample]:
        """The newest published stories, the oldest first."""

    def unjudged(self, limit: int) -> list[TrainingExample]:
        """The oldest published stories that the newest model has not judged."""

    def learning(self) -> AbstractContextManager[None]:
        """Held while topics learn or judge, so that no two do at once. Raises StoreBusy."""

    def words_said(self, topics: Sequence[str]) -> str:
        """A digest of all that operators have said of these topics."""

    def learned(self) -> ModelInfo:
        """What the newest model is of; version 0 if there is none."""

    def model(self, version: int) -> bytes:
        """The model of a version that is kept."""

    def is_news(self) -> bool:
        """True if stories have come that the newest model has not judged."""

    def keep_model(self, model: bytes, of: str, verdict: Predictions, now: datetime) -> None:
        """A new version, with what it says of the newest stories."""

    def judged(self, version: int, verdict: Predictions, now: datetime) -> None:
        """What a version says of stories that have come since."""

    def suggestions(self, topic: str, limit: int) -> list[Suggestion]:
        """What looks most like a topic's stories, stands not in it, and was not taken out."""

    # ---- publishing, of one story

    def heir(self, id_: str) -> str:
        """The id of the story that a story's id stands for now, since both turned out to be
        one; empty if it stands for none but itself."""

    def why(self, story: str) -> dict[str, str]:
        """The topics that a story stands in, each with its why."""

    def story_ids(self) -> Iterator[str]:
        """The ids of all stories, and of those that turned out to be one of them, newest first."""

    def sources(self) -> Mapping[str, Source]:
        """Every source that ever had an entry here, for its credit."""

    def revision(self, *scopes: str) -> Revision:
        """How often these scopes have changed in all, and when last; number 0 if never."""

    # ---- operators

    def health(self) -> list[SourceHealth]:
        """How each source is doing."""

    def held(self, source: str, limit: int) -> list[Story]:
        """What is held of a source, newest first."""

    def rejected(self, source: str, limit: int) -> list[Rejected]:
        """What was rejected from a source, newest first."""

    def counts(self) -> dict[str, int]:
        """The number of stories in every scope."""

    def yields(self, since: datetime) -> Iterator[tuple[int, str, Sequence[str], datetime]]:
        """Each story in a topic that arrived since then, by its row: topic, by what, when."""

    def outlet_yields(self, since: datetime) -> Iterator[tuple[str, datetime]]:
        """Each story that some topic has and that arrived since then: whose it is, when."""

    def shared(self) -> list[tuple[str, str, int]]:
        """Pairs of topics and how many stories both have, most first."""

    def look(
        self, limit: int, topics: Sequence[str], *, with_content: bool
    ) -> Iterator[SampledStory]:
        """The newest published stories, as rules see them, and whether each has one of these
        topics."""

    def categories(self, source: str, limit: int) -> list[tuple[str, int]]:
        """The categories that an outlet gave its newest articles, the most frequent first."""

    def last_stamp(self) -> datetime | None:
        """The time of the last fetch, which may lie ahead if the clock has gone back."""

    def rewind(self, now: datetime) -> None:
        """Bring every time that lies in the future back to the present."""

    # ---- keeping it well

    def backup(self, file: Path) -> None:
        """Copy everything as it is at one moment into a file, whole or not at all, while
        others read and write. Raises WriteError."""

    def examine(self, now: datetime) -> list[Issue]:
        """Everything that is wrong: integrity, schema, orphans, listings, books, clock."""

    def repair(self, now: datetime) -> None:
        """Mend of that what can be mended, whole or not at all."""

    def close(self) -> None:
        """Let go of the database."""
