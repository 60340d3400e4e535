"""Rows become nouns and nouns become rows; nothing else knows the columns of a noun.

Times stand as UTC text of one width (`2026-11-23T02:45:47+00:00`), so text order is time
order.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aggregator.model import (
    LEARNED,
    Batch,
    Enclosure,
    Entry,
    FetchState,
    HubLink,
    HubPing,
    Match,
    MatchKind,
    ModelInfo,
    Outcome,
    PermanentRedirect,
    PollingHints,
    RunReport,
    SafeHtml,
    Source,
    SourceHealth,
    StoredEntry,
    Story,
    Subscriber,
    Subscription,
    SubscriptionRequest,
    Takedown,
    TopicOverride,
    Validators,
    hash_values,
)

Row = Mapping[str, Any]


def time(moment: datetime) -> str:
    """A moment as text, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _text(moment: datetime | None) -> str | None:
    return time(moment) if moment else None


def moment(text: str | None) -> datetime | None:
    """The moment that a text stands for."""
    return datetime.fromisoformat(text) if text else None


def entry_row(entry: Entry) -> dict[str, Any]:
    """The columns of an entry, but for its row id and its story."""
    return {
        "source": entry.source,
        "given_id": entry.id,
        "link": entry.url,
        "address": entry.canonical_url,
        "title": entry.title,
        "summary": entry.summary,
        "content": entry.content,
        "author": entry.author,
        "published": time(entry.published),
        "updated": time(entry.updated),
        "tags": json.dumps(entry.tags, ensure_ascii=False),
        "language": entry.language,
        "image": entry.image,
        "enclosures": json.dumps([[e.url, e.type, e.length] for e in entry.enclosures]),
        "digest": entry.raw_hash,
        "face": entry.content_hash,
        "position": entry.feed_index,
        "originals": json.dumps(entry.source_urls, ensure_ascii=False),
        "is_dated": entry.is_dated,
    }


def entry_of(row: Row) -> Entry:
    """An entry; its keys and prints stay behind, since they are only looked for."""
    return Entry(
        source=row["source"],
        keys=(),
        id=row["given_id"],
        url=row["link"],
        canonical_url=row["address"],
        title=row["title"],
        summary=row["summary"],
        content=SafeHtml(row["content"]),
        author=row["author"],
        published=datetime.fromisoformat(row["published"]),
        updated=datetime.fromisoformat(row["updated"]),
        tags=tuple(json.loads(row["tags"])),
        language=row["language"],
        image=row["image"],
        enclosures=tuple(
            Enclosure(url=url, type=type_, length=length)
            for url, type_, length in json.loads(row["enclosures"])
        ),
        raw_hash=row["digest"],
        content_hash=row["face"],
        feed_index=row["position"],
        source_urls=tuple(json.loads(row["originals"])),
        is_dated=bool(row["is_dated"]),
        entry_id=row["id"],
    )


def bond_of(row: Row) -> Match:
    """A bond."""
    return Match(
        entry_a=row["a"],
        entry_b=row["b"],
        kind=MatchKind(row["kind"]),
        score=row["score"],
        reason=row["why"],
    )


def bond_row(bond: Match, row_of: Mapping[int, int]) -> tuple[int, int, str, float, str]:
    """The columns of a bond; `row_of` gives the rows of entries that were new."""
    a, b = sorted((row_of.get(bond.entry_a, bond.entry_a), row_of.get(bond.entry_b, bond.entry_b)))
    return a, b, bond.kind.value, bond.score, bond.reason


def prints_blob(prints: Sequence[int]) -> bytes:
    """Prints in a row, eight bytes each."""
    return b"".join(number.to_bytes(8) for number in prints)


def prints_of(blob: bytes) -> list[int]:
    """The prints again."""
    return [int.from_bytes(blob[start : start + 8]) for start in range(0, len(blob), 8)]


def known_of(row: Row) -> StoredEntry:
    """What recognising needs of an entry."""
    return StoredEntry(
        entry_id=row["entry"],
        raw_hash=row["digest"],
        content_hash=row["face"],
        id=row["given_id"],
        url=row["link"],
        title=row["title"],
        published=datetime.fromisoformat(row["published"]),
        revision_count=row["revisions"],
        revised_at=moment(row["revised"]),
        is_published=bool(row["is_published"]),
    )


def story_row(story: Story, lead: int) -> dict[str, Any]:
    """The columns of a story, but for its row; `lead` is the row of its leading entry."""
    return {
        "id": story.id,
        "public_id": story.public_id,
        "lead": lead,
        "published": time(story.published),
        "updated": time(story.updated),
        "arrived": time(story.listed_at),
        "begun": time(story.first_seen_at),
        "why": why_text(story),
    }


def why_text(story: Story) -> str:
    """Why its entries are one story."""
    return json.dumps(story.reasons, ensure_ascii=False)


def said_of(row: Row) -> TopicOverride:
    """An operator's word on a topic."""
    return TopicOverride(
        entry_id=row["entry"],
        topic=row["topic"],
        is_included=bool(row["is_in"]),
        decided_at=datetime.fromisoformat(row["at"]),
    )


def learned_of(row: Row) -> ModelInfo:
    """What was learned."""
    return ModelInfo(
        version=row["version"],
        trained_at=datetime.fromisoformat(row["made"]),
        training_hash=row["of"],
        scored_up_to=row["judged"],
    )


def by_text(by: Sequence[str]) -> str:
    """What places a story in a topic."""
    return json.dumps(by, ensure_ascii=False) if by else ""


LEARNED_TEXT = by_text(LEARNED)
"""How it is written that a story was placed by what was learned."""


def by_of(text: str) -> tuple[str, ...]:
    """The same, read back."""
    return tuple(json.loads(text)) if text else ()


def story_of(row: Row, entries: Iterable[Row], topics: Sequence[str]) -> Story:
    """A story with its entries, the lead apart from the others in order of arrival."""
    told = [entry_of(entry) for entry in entries]
    lead = next(entry for entry in told if entry.entry_id == row["lead"])
    return _story(row, lead, tuple(entry for entry in told if entry is not lead), topics)


def _story(row: Row, lead: Entry, others: tuple[Entry, ...], topics: Sequence[str]) -> Story:
    return Story(
        id=row["id"],
        public_id=row["public_id"],
        lead=lead,
        duplicates=others,
        published=datetime.fromisoformat(row["published"]),
        updated=datetime.fromisoformat(row["updated"]),
        listed_at=datetime.fromisoformat(row["arrived"]),
        first_seen_at=datetime.fromisoformat(row["begun"]),
        reasons=tuple(json.loads(row["why"])),
        topics=tuple(topics),
    )


def former_of(row: Row, lead: Entry) -> Story:
    """A story that turned out to be another one, with the entry that led it."""
    return _story(row, lead, (), ())


def intent_row(intent: SubscriptionRequest) -> dict[str, Any]:
    """What somebody has asked our hub for."""
    return {
        "mode": intent.mode,
        "callback": intent.callback,
        "host": intent.host,
        "topic": intent.topic,
        "secret": intent.secret,
        "lease": intent.lease_seconds,
        "asked": time(intent.requested_at),
    }


def intent_of(row: Row) -> SubscriptionRequest:
    own = {name: value for name, value in row.items() if name != "turn"}
    own["lease_seconds"], own["requested_at"] = own.pop("lease"), own.pop("asked")
    return SubscriptionRequest(**{**own, "requested_at": datetime.fromisoformat(row["asked"])})


def subscriber_of(row: Row) -> Subscriber:
    own = {name: value for name, value in row.items() if name != "turn"}
    del own["due"]
    return Subscriber(
        **{
            **own,
            "lease_until": datetime.fromisoformat(row["lease_until"]),
            "due_at": moment(row["due"]),
            "failing_since": moment(row["failing_since"]),
        }
    )


def ping_of(row: Row) -> HubPing:
    return HubPing(
        hub=row["hub"],
        feed_url=row["address"],
        due_at=datetime.fromisoformat(row["due"]),
        changes=row["news"],
        attempts=row["attempts"],
        error=row["error"],
    )


def hidden_of(row: Row) -> Takedown:
    """A story that was taken down."""
    return Takedown(
        id=row["id"],
        title=row["title"],
        url=row["link"],
        reason=row["why"],
        taken_down_at=datetime.fromisoformat(row["at"]),
    )


def source_row(source: Source) -> dict[str, Any]:
    """What is kept of a source, so that its news can be credited without feeds.toml."""
    return {
        "id": source.id,
        "name": source.name,
        "feed": source.published_feed,
        "site": source.site,
        "show": source.show,
        "license": source.license,
        "license_url": source.license_url,
        "uncut": source.uncut,
        "counter": source.counter,
        "precedence": source.precedence,
        "address": hash_values(source.feed),
        "topics": json.dumps(source.topics),
        "tags": json.dumps(dict(source.tags), ensure_ascii=False, sort_keys=True),
    }


def source_of(row: Row) -> Source:
    """A source as far as it is kept."""
    return Source(
        id=row["id"],
        name=row["name"],
        feed=row["feed"],
        site=row["site"],
        show=row["show"],
        license=row["license"],
        license_url=row["license_url"],
        uncut=bool(row["uncut"]),
        counter=row["counter"],
        precedence=row["precedence"],
        topics=tuple(json.loads(row["topics"])),
        tags=json.loads(row["tags"]),
    )


def state_of(row: Row) -> FetchState:
    """The state of fetching a source."""
    return FetchState(
        validators=Validators(
            etag=row["etag"], last_modified=row["last_modified"], body_hash=row["body_hash"]
        ),
        next_fetch=moment(row["next_fetch"]),
        interval=row["interval"],
        failures=row["failures"],
        failing_since=moment(row["failing_since"]),
        last_success=moment(row["last_success"]),
        last_full_fetch=moment(row["last_full"]),
        polling_hints=_pace_of(row["pace"]),
        redirect=_move_of(row),
        hub_link=HubLink(hub=row["hub"], topic=row["hub_topic"]),
        retired_at=moment(row["retired"]),
    )


def _move_of(row: Row) -> PermanentRedirect:
    return PermanentRedirect(
        url=row["moved_to"], since=moment(row["moved_since"]), hits=row["moved_hits"]
    )


def _pace_of(text: str) -> PollingHints:
    if not text:
        return PollingHints()
    every, covers, hours, days = json.loads(text)
    return PollingHints(
        interval=every, covered_seconds=covers, skip_hours=tuple(hours), skip_days=tuple(days)
    )


def fetch_row(batch: Batch, state: FetchState, now: datetime) -> dict[str, Any]:
    """What a fetch changes in the row of its source; one that was not asked was not fetched."""
    asked = {} if batch.outcome is Outcome.WAITING else {"last_fetch": time(now)}
    return asked | {
        "etag": state.validators.etag,
        "last_modified": state.validators.last_modified,
        "body_hash": state.validators.body_hash,
        "next_fetch": _text(state.next_fetch),
        "interval": state.interval,
        "failures": state.failures,
        "outcome": batch.outcome.value,
        "error": batch.error,
        "failing_since": _text(state.failing_since),
        "last_success": _text(state.last_success),
        "last_full": _text(state.last_full_fetch),
        "pace": json.dumps(
            [
                state.polling_hints.interval,
                state.polling_hints.covered_seconds,
                state.polling_hints.skip_hours,
                state.polling_hints.skip_days,
            ]
        ),
        "moved_to": state.redirect.url,
        "moved_since": _text(state.redirect.since),
        "moved_hits": state.redirect.hits,
        "hub": state.hub_link.hub,
        "hub_topic": state.hub_link.topic,
        "retired": _text(state.retired_at),
    }


FORGOTTEN = fetch_row(
    Batch(source="", state=None, outcome=Outcome.NEVER),
    FetchState(),
    datetime.fromtimestamp(0, UTC),
) | {"last_fetch": None}
del FORGOTTEN["last_success"]
"""What is forgotten of a source whose address is another now: all but that we know it."""


def health_of(row: Row, recent: Iterable[datetime]) -> SourceHealth:
    """How a source is doing; `recent` are the dates of its last articles."""
    return SourceHealth(
        source=row["id"],
        outcome=Outcome(row["outcome"]),
        error=row["error"],
        failing_since=moment(row["failing_since"]),
        last_fetch=moment(row["last_fetch"]),
        last_success=moment(row["last_success"]),
        next_fetch=moment(row["next_fetch"]),
        entries=row["entries"],
        rejected=row["rejected"],
        recent_dates=tuple(recent),
        retired_at=moment(row["retired"]),
        redirect=_move_of(row),
        held_stories=row["held"],
        pushed_until=moment(row["lease_until"]),
        push_error=row["push_error"] or "",
    )


def subscription_row(subscription: Subscription) -> dict[str, Any]:
    """The columns of a subscription that has just been asked for."""
    return {
        "source": subscription.source,
        "hub": subscription.hub,
        "topic": subscription.topic,
        "token": subscription.token,
        "secret": subscription.secret,
        "asked": time(subscription.requested_at),
        "lease_until": _text(subscription.lease_until),
        "error": subscription.error,
    }


def subscription_of(row: Row) -> Subscription:
    """A subscription."""
    return Subscription(
        source=row["source"],
        hub=row["hub"],
        topic=row["topic"],
        token=row["token"],
        secret=row["secret"],
        requested_at=datetime.fromisoformat(row["asked"]),
        lease_until=moment(row["lease_until"]),
        error=row["error"],
    )


def report_row(report: RunReport) -> dict[str, Any]:
    """A run's report, for the record."""
    total = report.total
    return {
        "started": time(report.started),
        "report": json.dumps(
            {
                "received": total.received,
                "new": total.new,
                "updated": total.updated,
                "known": total.known,
                "rejected": total.rejected,
                "failed": {failure.source: failure.error for failure in report.failed},
            }
        ),
    }
