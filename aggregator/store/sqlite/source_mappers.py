"""Rows and the types of `model`: the only file that knows the columns of sources and their fetch
state."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from aggregator.model import (
    Batch,
    FetchState,
    HubLink,
    Outcome,
    PermanentRedirect,
    PollingHints,
    Source,
    SourceHealth,
    Validators,
    hash_values,
)
from aggregator.store.sqlite.mappers import (
    Row,
    failure_kind_of,
    to_text,
    to_text_or_none,
    to_time,
)


def source_row(source: Source) -> dict[str, Any]:
    """The columns of a source, kept so that its stories can be credited without feeds.toml."""
    return {
        "id": source.id,
        "name": source.name,
        "feed": source.published_feed,
        "site": source.site,
        "show": source.show,
        "images": source.images,
        "license": source.license,
        "license_url": source.license_url,
        "uncut": source.uncut,
        "counter": source.counter,
        "precedence": source.precedence,
        "feed_hash": hash_values(source.feed),
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
        images=row["images"],
        license=row["license"],
        license_url=row["license_url"],
        uncut=bool(row["uncut"]),
        counter=row["counter"],
        precedence=row["precedence"],
        topics=tuple(json.loads(row["topics"])),
        tags=json.loads(row["tags"]),
    )


def fetch_state_of(row: Row) -> FetchState:
    """The fetch state of a source."""
    return FetchState(
        validators=Validators(
            etag=row["etag"], last_modified=row["last_modified"], body_hash=row["body_hash"]
        ),
        next_fetch=to_time(row["next_fetch"]),
        interval=row["interval"],
        failures=row["failures"],
        failing_since=to_time(row["failing_since"]),
        last_success=to_time(row["last_success"]),
        last_full_fetch=to_time(row["last_full_fetch"]),
        polling_hints=_polling_hints_of(row["polling_hints"]),
        redirect=_redirect_of(row),
        hub_link=HubLink(hub=row["hub"], topic=row["hub_topic"]),
        retired_at=to_time(row["retired_at"]),
        note=row["note"],
        noted_since=to_time(row["noted_since"]),
    )


def _redirect_of(row: Row) -> PermanentRedirect:
    return PermanentRedirect(
        url=row["redirect_url"], since=to_time(row["redirect_since"]), hits=row["redirect_hits"]
    )


def _polling_hints_of(text: str) -> PollingHints:
    if not text:
        return PollingHints()
    interval, covered_seconds, hours, days = json.loads(text)
    return PollingHints(
        interval=interval,
        covered_seconds=covered_seconds,
        skip_hours=tuple(hours),
        skip_days=tuple(days),
    )


def fetch_state_row(batch: Batch, state: FetchState, now: datetime) -> dict[str, Any]:
    """The columns of a source that a fetch changes; one that only waited was not fetched."""
    hints = state.polling_hints
    fetched = {} if batch.outcome is Outcome.WAITING else {"last_fetch": to_text(now)}
    return fetched | {
        "etag": state.validators.etag,
        "last_modified": state.validators.last_modified,
        "body_hash": state.validators.body_hash,
        "next_fetch": to_text_or_none(state.next_fetch),
        "interval": state.interval,
        "failures": state.failures,
        "outcome": batch.outcome.value,
        "failure_kind": batch.failure_kind or "",
        "error": batch.error,
        "failing_since": to_text_or_none(state.failing_since),
        "last_success": to_text_or_none(state.last_success),
        "last_full_fetch": to_text_or_none(state.last_full_fetch),
        "polling_hints": json.dumps(
            [hints.interval, hints.covered_seconds, hints.skip_hours, hints.skip_days]
        ),
        "redirect_url": state.redirect.url,
        "redirect_since": to_text_or_none(state.redirect.since),
        "redirect_hits": state.redirect.hits,
        "hub": state.hub_link.hub,
        "hub_topic": state.hub_link.topic,
        "retired_at": to_text_or_none(state.retired_at),
        "note": state.note,
        "noted_since": to_text_or_none(state.noted_since),
    }


NEVER_FETCHED = fetch_state_row(
    Batch(source="", state=None, outcome=Outcome.NEVER),
    FetchState(),
    datetime.fromtimestamp(0, UTC),
) | {"last_fetch": None}
del NEVER_FETCHED["last_success"]
"""The columns of a source whose feed has changed: everything is forgotten except that it has been
read before."""


def health_of(row: Row, recent_dates: Iterable[datetime]) -> SourceHealth:
    """The health of a source."""
    return SourceHealth(
        source=row["id"],
        outcome=Outcome(row["outcome"]),
        failure_kind=failure_kind_of(row),
        error=row["error"],
        failing_since=to_time(row["failing_since"]),
        last_fetch=to_time(row["last_fetch"]),
        last_success=to_time(row["last_success"]),
        next_fetch=to_time(row["next_fetch"]),
        rejected=row["rejection_count"],
        recent_dates=tuple(recent_dates),
        retired_at=to_time(row["retired_at"]),
        redirect=_redirect_of(row),
        held_stories=row["held_count"],
        pushed_until=to_time(row["lease_until"]),
        push_error=row["push_error"] or "",
        note=row["note"],
        noted_since=to_time(row["noted_since"]),
    )
