"""What an article is known by: addresses and keys that outlive small changes.

An outlet's entry has several keys, strongest first: its id, its address, its title with
its date. `recognise` compares a whole file with what we have, because a key that is enough
for one entry can be wrong when two entries of the file share it:

    ParsedEntry... --name--> keys --recognise(known)--> new | changed | known

Each stored entry is claimed by at most one entry of a file, by the strongest key first, so
a feed whose items all link to its front page, or repeat one guid, keeps all of them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from html import unescape
from urllib.parse import urlsplit

from w3lib.url import canonicalize_url, url_query_cleaner

from aggregator.model import Known, ParsedEntry

__all__ = ["Named", "Recognised", "address_of", "is_home", "name", "recognise", "story_id"]

TRACKING = (
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id",
    "fbclid", "gclid", "mc_cid", "mc_eid",
)  # fmt: skip
"""Query parameters that never choose an article. Kept short on purpose: `ref`, `source` and
`id` do choose one on some sites."""

_NOISE_FRAGMENT = re.compile(r"^(utm_\w+=|xtor=|comments?$|respond$|rss$)")
_TAG = re.compile(r"<[^<>]*>")
_NEVER = datetime.max.replace(tzinfo=UTC)
_NOT_A_WORD = re.compile(r"\W+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An entry as given and the keys it goes by, strongest first; `position` from 0."""

    entry: ParsedEntry
    keys: tuple[str, ...]
    address: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What a file holds, compared with what we have.

    `again` are known entries whose text differs from last time; `new + again + known` is
    the whole file.
    """

    new: tuple[Named, ...]
    again: tuple[tuple[Named, Known], ...]
    known: int


def address_of(link: str) -> str:
    """The same for all spellings of one article's address, empty if there is none.

    Scheme, `www.`, trailing slash, order of parameters, tracking parameters and noise
    behind # do not count; any other fragment does, since blogs with many items on one page
    tell them apart by nothing else. A front page is no article's address.
    """
    try:
        link, hash_, fragment = link.partition("#")
        parts = urlsplit(canonicalize_url(url_query_cleaner(link, TRACKING, remove=True)))
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    path = parts.path.rstrip("/")
    keeps_fragment = hash_ and fragment and not _NOISE_FRAGMENT.match(fragment)
    if not host or not (path or parts.query or keeps_fragment):
        return ""
    host = host.removeprefix("www.") + (f":{port}" if port not in (None, 80, 443) else "")
    query = f"?{parts.query}" if parts.query else ""
    return f"{host}{path}{query}" + (f"#{fragment}" if keeps_fragment else "")


def is_home(address: str, site: str) -> bool:
    """True if a canonical address lies on the site at this front page."""
    try:
        parts = urlsplit(canonicalize_url(site))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    home = host.removeprefix("www.") + (f":{port}" if port not in (None, 80, 443) else "")
    home += parts.path.rstrip("/")
    rest = address.removeprefix(home)
    return bool(host) and rest != address and rest[:1] in ("", "/", "?", "#")


def name(entries: Sequence[ParsedEntry]) -> list[Named]:
    """Give every entry of one file its keys.

    Ids repeated inside the file are told apart by address (miniflux#4197, reader#335), and
    an address or title that several different entries share is no key at all.
    """
    ids = Counter(entry.id for entry in entries if entry.id)
    addresses = [address_of(entry.link) for entry in entries]
    titles = [_title_key(entry) for entry in entries]
    labels = [address or entry.id for address, entry in zip(addresses, entries, strict=True)]
    owners_of_address = _owners(addresses, [_telling(entry) for entry in entries])
    owners_of_title = _owners(titles, labels)
    named = []
    for position, entry in enumerate(entries):
        address, title = addresses[position], titles[position]
        keys = []
        if entry.id:
            suffix = f" {address or title}" if ids[entry.id] > 1 else ""
            keys.append(f"id {_without_scheme(entry.id)}{suffix}")
        if address and owners_of_address[address] == 1:
            keys.append(f"address {address}")
        elif address and not entry.id:
            keys.append(f"address {address} {title}")
        if title and owners_of_title[title] == 1:
            keys.append(f"title {title}")
        is_something = entry.title or entry.summary or entry.content or entry.link
        keys = keys or [f"text {entry.digest}" if is_something else f"nothing {position}"]
        named.append(Named(entry=entry, keys=tuple(keys), address=address, position=position))
    return named


def recognise(
    named: Sequence[Named], known: Mapping[str, Known], now: datetime = _NEVER
) -> Recognised:
    """Which entries are new, which have changed, and how many are as they were.

    A date later than `now` says nothing; what is stored of such an entry is when it came.
    """
    claims = _claims(named, known, now)
    seen = {key for position in claims for key in named[position].keys}
    rest = _without_repeats((item for item in named if item.position not in claims), seen)
    new = tuple(own for item in rest if (own := _with_own_keys(item, known)).keys)
    again = tuple(
        (named[position], match)
        for position, match in sorted(claims.items(), key=lambda claim: claim[0])
        if named[position].entry.digest != match.digest
    )
    return Recognised(new=new, again=again, known=len(named) - len(new) - len(again))


def _claims(named: Sequence[Named], known: Mapping[str, Known], now: datetime) -> dict[int, Known]:
    """Position in the file -> the stored entry that it is, each claimed once at most."""
    candidates = sorted(
        (strength, item.position, key)
        for item in named
        for strength, key in enumerate(item.keys)
        if key in known
    )
    claims: dict[int, Known] = {}
    taken: set[int] = set()
    for _, position, key in candidates:
        free = position not in claims and known[key].entry not in taken
        if free and not (
            key.startswith("address ") and _replaced(named[position].entry, known[key], now)
        ):
            claims[position] = known[key]
            taken.add(known[key].entry)
    return claims


def _replaced(entry: ParsedEntry, known: Known, now: datetime) -> bool:
    """True if another article stands at the address now: id, title and date are all new.

    Some outlets print every day's briefing at one address.
    """
    title = entry.title.value if entry.title else ""
    return (
        bool(entry.id and known.id and entry.id != known.id)
        and isinstance(entry.published, datetime)
        and entry.published <= now
        and entry.published.replace(microsecond=0) != known.published
        and _words(known.title) != _words(_TAG.sub("", unescape(title)))
    )


def _with_own_keys(item: Named, known: Mapping[str, Known]) -> Named:
    """Without keys that belong to another entry; one that has no other is that entry."""
    return replace(item, keys=tuple(key for key in item.keys if key not in known))


def _without_repeats(items: Iterable[Named], seen: set[str]) -> tuple[Named, ...]:
    """The same article listed twice in one file is one article."""
    first = []
    for item in items:
        if seen.isdisjoint(item.keys):
            first.append(item)
        seen.update(item.keys)
    return tuple(first)


def story_id(source: str, keys: Sequence[str]) -> str:
    """16 letters and digits for a story's address, the same each time it is computed.

    It comes from the outlet and its strongest key, so an article that was deleted here and
    returns gets its old address.
    """
    digest = blake2b(f"{source}\n{keys[0]}".encode("utf-8", "surrogatepass"), digest_size=8)
    return digest.hexdigest()


def _owners(values: Sequence[str], labels: Sequence[str]) -> Counter[str]:
    """How many entries, told apart by their labels, share a value."""
    return Counter(value for value, _ in set(zip(values, labels, strict=True)))


def _title_key(entry: ParsedEntry) -> str:
    """Normalised title and exact date; a title alone is never enough."""
    title = _plain(entry)
    when = entry.published or entry.updated
    if not title or not when:
        return ""
    return f"{title} @ {when.isoformat() if isinstance(when, datetime) else when.strip()}"


def _telling(entry: ParsedEntry) -> str:
    """What tells two entries at one address apart: a briefing that appears daily under one
    title and address has another date."""
    return f"{_plain(entry) or entry.id} {entry.published}"


def _plain(entry: ParsedEntry) -> str:
    return _words(entry.title.value) if entry.title else ""


def _words(text: str) -> str:
    return _NOT_A_WORD.sub(" ", text.casefold()).strip()


def _without_scheme(id_: str) -> str:
    """http://a/b and https://a/b are one id (feedbin/support#515)."""
    return re.sub(r"^https?://", "", id_.strip())
