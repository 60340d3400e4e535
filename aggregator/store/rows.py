"""Rows become nouns and nouns become rows; nothing else knows the columns of a noun.

Times stand as UTC text of one width (`2026-11-23T02:45:47+00:00`), so text order is time
order.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aggregator.model import (
    Batch,
    Enclosure,
    Entry,
    FetchState,
    Known,
    Outcome,
    RunReport,
    SafeHtml,
    Source,
    SourceHealth,
    Story,
    Validators,
)

Row = Mapping[str, Any]


def time(moment: datetime) -> str:
    """A moment as text, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


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
    }


def entry_of(row: Row) -> Entry:
    """An entry; its keys stay behind, since only `known` asks for them."""
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
    )


def known_of(row: Row) -> Known:
    """What recognising needs of an entry."""
    return Known(
        entry=row["entry"],
        digest=row["digest"],
        face=row["face"],
        id=row["given_id"],
        title=row["title"],
        published=datetime.fromisoformat(row["published"]),
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
        "why": json.dumps(story.why, ensure_ascii=False),
    }


def story_of(row: Row, entries: Iterable[Row], topics: Sequence[str]) -> Story:
    """A story with its entries, the lead apart from the others in order of arrival."""
    told = list(entries)
    return Story(
        id=row["id"],
        public_id=row["public_id"],
        lead=next(entry_of(entry) for entry in told if entry["id"] == row["lead"]),
        others=tuple(entry_of(entry) for entry in told if entry["id"] != row["lead"]),
        published=datetime.fromisoformat(row["published"]),
        updated=datetime.fromisoformat(row["updated"]),
        arrived=datetime.fromisoformat(row["arrived"]),
        why=tuple(json.loads(row["why"])),
        topics=tuple(topics),
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
        "precedence": source.precedence,
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
        precedence=row["precedence"],
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
    )


def fetch_row(batch: Batch, now: datetime) -> dict[str, Any]:
    """What a fetch changes in the row of its source."""
    state = batch.state
    return {
        "etag": state.validators.etag,
        "last_modified": state.validators.last_modified,
        "body_hash": state.validators.body_hash,
        "next_fetch": state.next_fetch and time(state.next_fetch),
        "interval": state.interval,
        "failures": state.failures,
        "outcome": batch.outcome.value,
        "error": batch.error,
        "failing_since": state.failing_since and time(state.failing_since),
        "last_fetch": time(now),
        "last_success": state.last_success and time(state.last_success),
    }


def health_of(row: Row) -> SourceHealth:
    """How a source is doing."""
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
        newest=moment(row["newest"]),
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
