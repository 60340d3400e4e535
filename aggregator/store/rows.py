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
    Bond,
    Enclosure,
    Entry,
    FetchState,
    Hidden,
    Intent,
    Kind,
    Known,
    Learned,
    Move,
    Outcome,
    Pace,
    Ping,
    Push,
    RunReport,
    SafeHtml,
    Said,
    Source,
    SourceHealth,
    Story,
    Subscriber,
    Subscription,
    Validators,
    digest_of,
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
        "link": entry.link,
        "address": entry.address,
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
        "digest": entry.digest,
        "face": entry.face,
        "position": entry.position,
        "originals": json.dumps(entry.originals, ensure_ascii=False),
        "is_dated": entry.is_dated,
    }


def entry_of(row: Row) -> Entry:
    """An entry; its keys and prints stay behind, since they are only looked for."""
    return Entry(
        source=row["source"],
        keys=(),
        id=row["given_id"],
        link=row["link"],
        address=row["address"],
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
        digest=row["digest"],
        face=row["face"],
        position=row["position"],
        originals=tuple(json.loads(row["originals"])),
        is_dated=bool(row["is_dated"]),
        row=row["id"],
    )


def bond_of(row: Row) -> Bond:
    """A bond."""
    return Bond(a=row["a"], b=row["b"], kind=Kind(row["kind"]), score=row["score"], why=row["why"])


def bond_row(bond: Bond, row_of: Mapping[int, int]) -> tuple[int, int, str, float, str]:
    """The columns of a bond; `row_of` gives the rows of entries that were new."""
    a, b = sorted((row_of.get(bond.a, bond.a), row_of.get(bond.b, bond.b)))
    return a, b, bond.kind.value, bond.score, bond.why


def prints_blob(prints: Sequence[int]) -> bytes:
    """Prints in a row, eight bytes each."""
    return b"".join(number.to_bytes(8) for number in prints)


def prints_of(blob: bytes) -> list[int]:
    """The prints again."""
    return [int.from_bytes(blob[start : start + 8]) for start in range(0, len(blob), 8)]


def known_of(row: Row) -> Known:
    """What recognising needs of an entry."""
    return Known(
        entry=row["entry"],
        digest=row["digest"],
        face=row["face"],
        id=row["given_id"],
        link=row["link"],
        title=row["title"],
        published=datetime.fromisoformat(row["published"]),
        revisions=row["revisions"],
        revised=moment(row["revised"]),
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
        "arrived": time(story.arrived),
        "begun": time(story.begun),
        "why": why_text(story),
    }


def why_text(story: Story) -> str:
    """Why its entries are one story."""
    return json.dumps(story.why, ensure_ascii=False)


def said_of(row: Row) -> Said:
    """An operator's word on a topic."""
    return Said(
        entry=row["entry"],
        topic=row["topic"],
        is_in=bool(row["is_in"]),
        at=datetime.fromisoformat(row["at"]),
    )


def learned_of(row: Row) -> Learned:
    """What was learned."""
    return Learned(
        version=row["version"],
        made=datetime.fromisoformat(row["made"]),
        of=row["of"],
        judged=row["judged"],
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
    lead = next(entry for entry in told if entry.row == row["lead"])
    return _story(row, lead, tuple(entry for entry in told if entry is not lead), topics)


def _story(row: Row, lead: Entry, others: tuple[Entry, ...], topics: Sequence[str]) -> Story:
    return Story(
        id=row["id"],
        public_id=row["public_id"],
        lead=lead,
        others=others,
        published=datetime.fromisoformat(row["published"]),
        updated=datetime.fromisoformat(row["updated"]),
        arrived=datetime.fromisoformat(row["arrived"]),
        begun=datetime.fromisoformat(row["begun"]),
        why=tuple(json.loads(row["why"])),
        topics=tuple(topics),
    )


def former_of(row: Row, lead: Entry) -> Story:
    """A story that turned out to be another one, with the entry that led it."""
    return _story(row, lead, (), ())


def intent_row(intent: Intent) -> dict[str, Any]:
    """What somebody has asked our hub for."""
    return {
        "mode": intent.mode,
        "callback": intent.callback,
        "host": intent.host,
        "topic": intent.topic,
        "secret": intent.secret,
        "lease": intent.lease,
        "asked": time(intent.asked),
    }


def intent_of(row: Row) -> Intent:
    own = {name: value for name, value in row.items() if name != "turn"}
    return Intent(**{**own, "asked": datetime.fromisoformat(row["asked"])})


def subscriber_of(row: Row) -> Subscriber:
    own = {name: value for name, value in row.items() if name != "turn"}
    return Subscriber(
        **{
            **own,
            "lease_until": datetime.fromisoformat(row["lease_until"]),
            "due": moment(row["due"]),
            "failing_since": moment(row["failing_since"]),
        }
    )


def ping_of(row: Row) -> Ping:
    return Ping(**{**row, "due": datetime.fromisoformat(row["due"])})


def hidden_of(row: Row) -> Hidden:
    """A story that was taken down."""
    return Hidden(**{**row, "at": datetime.fromisoformat(row["at"])})


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
        "address": digest_of(source.feed),
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
        last_full=moment(row["last_full"]),
        pace=_pace_of(row["pace"]),
        move=_move_of(row),
        push=Push(hub=row["hub"], topic=row["hub_topic"]),
        retired=moment(row["retired"]),
    )


def _move_of(row: Row) -> Move:
    return Move(to=row["moved_to"], since=moment(row["moved_since"]), hits=row["moved_hits"])


def _pace_of(text: str) -> Pace:
    if not text:
        return Pace()
    every, covers, hours, days = json.loads(text)
    return Pace(every=every, covers=covers, skip_hours=tuple(hours), skip_days=tuple(days))


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
        "last_full": _text(state.last_full),
        "pace": json.dumps(
            [state.pace.every, state.pace.covers, state.pace.skip_hours, state.pace.skip_days]
        ),
        "moved_to": state.move.to,
        "moved_since": _text(state.move.since),
        "moved_hits": state.move.hits,
        "hub": state.push.hub,
        "hub_topic": state.push.topic,
        "retired": _text(state.retired),
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
        recent=tuple(recent),
        retired=moment(row["retired"]),
        move=_move_of(row),
        held=row["held"],
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
        "asked": time(subscription.asked),
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
        asked=datetime.fromisoformat(row["asked"]),
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
