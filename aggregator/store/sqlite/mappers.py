"""Rows and the types of `model`: the only file that knows the columns of entries and stories.

Times are stored as UTC text of one width (`2026-11-23T02:45:47+00:00`), so that text order is time
order.
"""

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias

from aggregator.model import (
    LEARNED,
    Enclosure,
    Entry,
    EntryView,
    FailureKind,
    ListKind,
    ListScope,
    Match,
    MatchKind,
    PlacementReason,
    ReasonKind,
    SafeHtml,
    StoredEntry,
    Story,
    TopicOverride,
    Visibility,
)
from aggregator.store.sqlite.contents import read_text

Row: TypeAlias = Mapping[str, Any]


# ---- times and keys


@lru_cache(maxsize=1024)
def to_text(time: datetime) -> str:
    """A time as it is stored, to the second."""
    return time.astimezone(UTC).isoformat(timespec="seconds")


def to_text_or_none(time: datetime | None) -> str | None:
    """A time as it is stored, or None."""
    return to_text(time) if time else None


def to_time(text: str | None) -> datetime | None:
    """A stored time; None if there is none."""
    return datetime.fromisoformat(text) if text else None


def failure_kind_of(row: Row) -> FailureKind | None:
    """The kind of the last failure; None if there was none."""
    return FailureKind(row["failure_kind"]) if row["failure_kind"] else None


def scope_of(kind: str, name: str, page: int = 0) -> ListScope:
    """The scope of a published list, or of one of its pages (`ListScope.page`)."""
    return ListScope(ListKind(kind), name, Visibility.PUBLISHED, page)


def placed_by_to_text(reasons: Sequence[PlacementReason]) -> str:
    """Placement reasons as they are stored: JSON, or empty if there are none."""
    return json.dumps(reasons, ensure_ascii=False) if reasons else ""


LEARNED_TEXT = placed_by_to_text(LEARNED)
"""`placed_by` of a story that only a model has placed."""


def placed_by_from_text(text: str) -> tuple[PlacementReason, ...]:
    """Stored placement reasons."""
    rows = json.loads(text) if text else ()
    return tuple(PlacementReason(ReasonKind(kind), value, source) for kind, value, source in rows)


# ---- entries


def entry_row(entry: Entry) -> dict[str, Any]:
    """The columns of an entry, except its id, its story and its content."""
    return {
        "source_id": entry.source,
        "given_id": entry.id,
        "url": entry.url,
        "canonical_url": entry.canonical_url,
        "title": entry.title,
        "summary": entry.summary,
        "author": entry.author,
        "published": to_text(entry.published),
        "updated": to_text(entry.updated),
        "is_dated": entry.is_dated,
        "tags": json.dumps(entry.tags, ensure_ascii=False),
        "language": entry.language,
        "image": entry.image,
        "image_alt": entry.image_alt,
        "enclosures": json.dumps([[e.url, e.type, e.length] for e in entry.enclosures]),
        "source_urls": json.dumps(entry.source_urls, ensure_ascii=False),
        "raw_hash": entry.raw_hash,
        "content_hash": entry.content_hash,
        "feed_index": entry.feed_index,
    }


def entry_of(row: Row) -> Entry:
    """An entry, without its keys and fingerprints."""
    return Entry(
        source=row["source_id"],
        keys=(),
        id=row["given_id"],
        url=row["url"],
        canonical_url=row["canonical_url"],
        title=row["title"],
        summary=row["summary"],
        content=SafeHtml(read_text(row["content"])),
        author=row["author"],
        published=datetime.fromisoformat(row["published"]),
        updated=datetime.fromisoformat(row["updated"]),
        tags=tuple(json.loads(row["tags"])),
        language=row["language"],
        image=row["image"],
        image_alt=row["image_alt"],
        enclosures=tuple(
            Enclosure(url=url, type=type_, length=length)
            for url, type_, length in json.loads(row["enclosures"])
        ),
        raw_hash=row["raw_hash"],
        content_hash=row["content_hash"],
        feed_index=row["feed_index"],
        source_urls=tuple(json.loads(row["source_urls"])),
        is_dated=bool(row["is_dated"]),
        entry_id=row["id"],
    )


def entry_view_of(row: Row, source_names: Mapping[str, str]) -> EntryView:
    """An entry as rules see it."""
    return EntryView(
        entry_id=row["id"],
        story_number=row["story_number"],
        source=row["source_id"],
        source_name=source_names.get(row["source_id"], ""),
        title=row["title"],
        summary=row["summary"],
        content=read_text(row["content"]),
        tags=tuple(json.loads(row["tags"])),
        author=row["author"],
        language=row["language"],
        published=row["published"],
    )


def stored_entry_of(row: Row) -> StoredEntry:
    """A stored entry: what an entry is recognised by."""
    return StoredEntry(
        entry_id=row["id"],
        raw_hash=row["raw_hash"],
        content_hash=row["content_hash"],
        id=row["given_id"],
        url=row["url"],
        title=row["title"],
        published=datetime.fromisoformat(row["published"]),
        revision_count=row["revision_count"],
        revised_at=to_time(row["revised_at"]),
        is_published=bool(row["is_published"]),
    )


def match_row(match: Match) -> tuple[int, int, str, float, str]:
    """The columns of a match."""
    return match.entry_a, match.entry_b, match.kind.value, match.score, match.reason


def match_of(row: Row) -> Match:
    """A match."""
    return Match(
        entry_a=row["entry_a"],
        entry_b=row["entry_b"],
        kind=MatchKind(row["kind"]),
        score=row["score"],
        reason=row["reason"],
    )


def fingerprints_to_blob(fingerprints: Sequence[int]) -> bytes:
    """Fingerprints in a row, eight bytes each."""
    return struct.pack(f">{len(fingerprints)}Q", *fingerprints)


def fingerprints_from_blob(blob: bytes) -> list[int]:
    """Stored fingerprints."""
    return list(struct.unpack(f">{len(blob) // 8}Q", blob))


# ---- stories


def story_row(story: Story) -> dict[str, Any]:
    """The columns of a story, except its number."""
    return {
        "id": story.id,
        "public_id": story.public_id,
        "lead_entry_id": story.lead.entry_id,
        "published": to_text(story.published),
        "updated": to_text(story.updated),
        "listed_at": to_text(story.listed_at),
        "first_seen_at": to_text(story.first_seen_at),
        "reasons": reasons_to_text(story),
        "own_headline": story.own_headline,
        "editor_note": story.editor_note,
    }


def reasons_to_text(story: Story) -> str:
    """The reasons why the entries of a story are one article, as stored."""
    return json.dumps(story.reasons, ensure_ascii=False)


def story_of(
    row: Row, entries: Iterable[Entry], topics: Sequence[str] = (), *, is_complete: bool = True
) -> Story:
    """A story with its entries; duplicates are in the order in which they came."""
    listed = list(entries)
    lead = next(entry for entry in listed if entry.entry_id == row["lead_entry_id"])
    return Story(
        id=row["id"],
        public_id=row["public_id"],
        lead=lead,
        duplicates=tuple(entry for entry in listed if entry is not lead),
        published=datetime.fromisoformat(row["published"]),
        updated=datetime.fromisoformat(row["updated"]),
        listed_at=datetime.fromisoformat(row["listed_at"]),
        first_seen_at=datetime.fromisoformat(row["first_seen_at"]),
        reasons=tuple(json.loads(row["reasons"])),
        topics=tuple(topics),
        is_complete=is_complete,
        own_headline=row["own_headline"],
        editor_note=row["editor_note"],
    )


def override_of(row: Row) -> TopicOverride:
    """An operator's decision."""
    return TopicOverride(
        entry_id=row["entry_id"],
        topic=row["topic"],
        is_included=bool(row["is_included"]),
        decided_at=datetime.fromisoformat(row["decided_at"]),
    )
