"""Subscribers as a CSV file (RFC 4180), from and for other programs."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TextIO

from aggregator.digest.addresses import check_address
from aggregator.digest.compose import FIRST_PERIODS, current_topics
from aggregator.digest.due_times import next_due
from aggregator.digest.sign_up import new_subscriber
from aggregator.digest.signed_links import LinkSigner
from aggregator.errors import BadAddress, CommandError
from aggregator.model import (
    WEEKDAYS,
    DigestPreferences,
    DigestSubscriber,
    SubscriberState,
    Topic,
)
from aggregator.render.interface import languages
from aggregator.store.base import Store
from aggregator.text.languages import main_language
from aggregator.text.time_zones import zone_names

__all__ = ["COLUMNS", "Imported", "import_subscribers", "write_subscribers"]

COLUMNS = ("address", "topics", "frequency", "weekday", "hour", "timezone", "language", "state",
           "confirmed_at")  # fmt: skip
FORMULAS = ("=", "+", "-", "@")
ADDRESS_COLUMNS = ("address", "email", "email address", "e-mail", "mail")
"""What other programs call the column, in small letters."""


@dataclass(slots=True)
class Imported:
    """What an import did: numbers, and what was left out, with the line and the reason."""

    added: int = 0
    known: int = 0
    left: int = 0
    problems: list[str] = field(default_factory=list)


def write_subscribers(
    subscribers: Iterable[DigestSubscriber], topics: Sequence[Topic], file: TextIO
) -> int:
    """Write confirmed subscribers with all that they have chosen; returns how many. Topics that
    were removed are left out. What a spreadsheet would take for a formula begins with a quote."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    count = 0
    for subscriber in subscribers:
        if subscriber.state is SubscriberState.PENDING:
            continue  # they have not agreed
        chosen, address = subscriber.preferences, subscriber.address
        current = current_topics(topics, chosen.topics)
        confirmed = subscriber.confirmed_at
        writer.writerow(
            (
                f"'{address}" if address.startswith(FORMULAS) else address,
                "" if current is None else " ".join(current) or "-",
                chosen.frequency,
                WEEKDAYS[chosen.weekday],
                chosen.hour,
                chosen.timezone,
                chosen.language,
                subscriber.state.value,
                confirmed.isoformat() if confirmed else "",
            )
        )
        count += 1
    return count


def import_subscribers(
    file: TextIO,
    store: Store,
    signer: LinkSigner,
    topics: Sequence[Topic],
    default: DigestPreferences,
    now: datetime,
) -> Imported:
    """Add the subscribers of a CSV file; a mail to confirm is not sent, since they have agreed
    elsewhere. What a row lacks is the default. Known addresses stay as they are; former subscribers
    are not added again. A bad row costs itself. Raises CommandError if there is no address column.
    """
    text = file.read()
    if not text.strip():
        raise CommandError("The file is empty.")
    first = text.partition("\n")[0]
    delimiter = ";" if ";" in first and "," not in first else ","  # as spreadsheets write it
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header = [name.strip().lower() for name in next(reader, [])]
    address_column = next((name for name in ADDRESS_COLUMNS if name in header), None)
    if address_column is None:
        raise CommandError(
            "The first line must name the columns, such as address,topics; there is no column "
            "named address."
        )
    imported = Imported()
    known = {id_: topic.id for topic in topics for id_ in (topic.id, *topic.was)}
    rows = _rows(reader, imported)
    for line, cells in rows:
        row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        if not any(row.values()):
            continue
        try:
            subscriber = _subscriber(row, address_column, known, default, now)
        except (BadAddress, ValueError) as error:
            imported.problems.append(f"line {line}: {error}")
            continue
        if store.digest_subscribers.has_left(signer.address_hash(subscriber.address)):
            imported.left += 1
        elif store.digest_subscribers.add(subscriber):
            imported.added += 1
        else:
            imported.known += 1
    return imported


def _rows(
    reader: "csv._reader",  # type: ignore[name-defined]  # its name in typeshed
    imported: Imported,
) -> Iterator[tuple[int, list[str]]]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            imported.problems.append(f"line {reader.line_num}: this is not CSV: {error}.")
            continue
        yield reader.line_num, cells


def _subscriber(
    row: Mapping[str, str],
    address_column: str,
    known: Mapping[str, str],
    default: DigestPreferences,
    now: datetime,
) -> DigestSubscriber:
    """The subscriber in a row. Raises BadAddress and ValueError, with a sentence."""
    address = check_address(row.get(address_column, "").removeprefix("'"))
    preferences = _preferences(row, known, default)
    subscriber = new_subscriber(address, preferences, now)
    state = row.get("state") or "active"
    if state not in list(SubscriberState):
        raise ValueError(f"the state {state!r} is unknown; use active, or leave it empty.")
    if state == SubscriberState.PENDING:
        raise ValueError("this address was never confirmed; its owner must sign up.")
    confirmed = row.get("confirmed_at", "")
    try:
        confirmed_at = datetime.fromisoformat(confirmed) if confirmed else now
    except ValueError:
        raise ValueError(f"{confirmed!r} is not a time such as 2026-11-30T10:00+01:00.") from None
    confirmed_at = confirmed_at if confirmed_at.tzinfo else confirmed_at.replace(tzinfo=UTC)
    return replace(
        subscriber,
        state=SubscriberState(state),
        confirmed_at=min(confirmed_at, now),
        covered_until=now - FIRST_PERIODS[preferences.frequency],
        next_at=next_due(preferences, now),
    )


def _preferences(
    row: Mapping[str, str], known: Mapping[str, str], default: DigestPreferences
) -> DigestPreferences:
    topics: tuple[str, ...] | None = default.topics
    if given := row.get("topics", "").replace(",", " ").split():
        chosen = [each for each in given if each != "-"]
        if unknown := [each for each in chosen if each not in known]:
            raise ValueError(f"there is no topic {unknown[0]!r}.")
        topics = tuple(dict.fromkeys(known[each] for each in chosen))
    frequency = row.get("frequency", "") or default.frequency
    if frequency not in ("daily", "weekly"):
        raise ValueError(f"the frequency {frequency!r} is neither daily nor weekly.")
    weekday = row.get("weekday", "").lower() or WEEKDAYS[default.weekday]
    if weekday not in WEEKDAYS:
        raise ValueError(f"{weekday!r} is not a day such as monday.")
    hour = row.get("hour", "") or str(default.hour)
    if not (hour.isascii() and hour.isdigit() and int(hour) < 24):
        raise ValueError(f"{hour!r} is not an hour from 0 to 23.")
    timezone = row.get("timezone", "") or default.timezone
    if timezone not in zone_names():
        raise ValueError(f"{timezone!r} is not a time zone such as Europe/Berlin.")
    language = row.get("language", "") or default.language
    if main_language(language) not in languages():
        known_tags = ", ".join(sorted(languages()))
        raise ValueError(f"there is no language {language!r}; use one of {known_tags}.")
    return DigestPreferences(
        topics=topics,
        frequency="weekly" if frequency == "weekly" else "daily",
        weekday=WEEKDAYS.index(weekday),
        hour=int(hour),
        timezone=timezone,
        language=main_language(language) if row.get("language") else language,
    )
