"""What an article is known by: addresses and keys that outlive small changes.

An outlet's entry has several keys, strongest first: its id, its id without the host, its
address, its title with its date. `recognise` compares a whole file with what we have,
because a key that is enough for one entry can be wrong when two entries of the file share it:

    ParsedEntry... --name--> keys --recognise(known)--> new | changed | known

Each stored entry is claimed by at most one entry of a file, by the strongest key first, so
a feed whose items all link to its front page, or repeat one guid, keeps all of them.
When an outlet renames everything at once, `rebind` finds the old entries under new names.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from html import unescape
from urllib.parse import urlsplit

from w3lib.url import canonicalize_url, url_query_cleaner

from aggregator.model import Entry, Known, ParsedEntry, Rejected

__all__ = [
    "Named",
    "Recognised",
    "address_of",
    "is_home",
    "is_ours",
    "is_renamed",
    "keys_to_remember",
    "name",
    "rebind",
    "recognise",
    "settle",
    "story_id",
]

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
_NUMBERED = re.compile(
    r"/(?=[^/?#]*[a-z]{2})[^/?#]*[0-9]{5}|/[^?#]*[0-9]{7}", re.ASCII | re.IGNORECASE
)
"""A part of a path with words and a long number, or with a very long number, is that of one
article for ever; `?p=12345` and `/node/12345` stand on many sites."""
_OUR_PATH = re.compile(
    r"/(stories/[0-9a-f]{16}|(all|topics/[^/?#]+|sources/[^/?#]+)(\.(rss|atom|json))?)([?#]|$)"
)
_OUR_ID = re.compile(r"tag:([^,:]+),\d{4}:story/[0-9a-f]{16}")

REVISIONS = 24
"""How often an entry may change before it is looked at once a day only: some show the weather
in their text (the same limit as lemon24/reader's)."""
REVISED_AGAIN = timedelta(days=1)
LONG_PATH = 20
"""Characters of a path that hardly stands on two sites; `/briefing` does."""
FEW = 2
"""Entries that are new together need no suspicion."""


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
    the whole file. `claimed` are the rows of the stored entries that it lists, `renamed` is
    how many of them have another id than before. `doubtful` are rows of stored entries in
    `again` that must still prove to be the same by their text.
    """

    new: tuple[Named, ...]
    again: tuple[tuple[Named, Known], ...]
    known: int
    claimed: frozenset[int]
    renamed: int
    doubtful: frozenset[int] = frozenset()


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
    paths = [_paths(entry) for entry in entries]
    labels = [address or entry.id for address, entry in zip(addresses, entries, strict=True)]
    owners_of_address = _owners(addresses, [_telling(entry) for entry in entries])
    owners_of_title = _owners(titles, labels)
    owners_of_path = Counter(path for own in paths for path in own)
    named = []
    for position, entry in enumerate(entries):
        address, title = addresses[position], titles[position]
        keys = []
        if entry.id:
            suffix = f" {address or title}" if ids[entry.id] > 1 else ""
            keys.append(f"id {_without_scheme(entry.id)}{suffix}")
        keys += [f"path {path}" for path in paths[position] if owners_of_path[path] == 1]
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
        if named[position].entry.digest != match.digest and _may_change(match, now)
    )
    return Recognised(
        new=new,
        again=again,
        known=len(named) - len(new) - len(again),
        claimed=frozenset(match.entry for match in claims.values()),
        renamed=sum(named[position].entry.id != match.id for position, match in claims.items()),
    )


def _may_change(known: Known, now: datetime) -> bool:
    """False for an entry that changes at every fetch and did so today, and for one whose
    story was taken out: it is not to come back with its next comma."""
    if known.revised is None or known.revisions < REVISIONS:
        return known.is_published
    return known.is_published and now - known.revised >= REVISED_AGAIN


def is_renamed(found: Recognised) -> bool:
    """True if so much of a file has a new name that its outlet may have renamed everything."""
    strange = len(found.new) + found.renamed
    return bool(found.new) and strange > FEW and strange > len(found.claimed) - found.renamed


def rebind(found: Recognised, stored: Sequence[Known]) -> Recognised:
    """The same, with entries recognised that only their new names made new.

    All ids change at once when an outlet moves to another system (reader#322). Then an entry
    is a stored one that the file does not list by its old name, if the paths of their links
    are the same, or their titles are. This is believed only if most of what has a new name is
    old, since a title alone is never enough; and where the dates differ (a move makes local
    time out of UTC), it is doubtful until `settle` has compared the texts.
    """
    missing = [known for known in stored if known.entry not in found.claimed]
    by_path = _unique((path_of(known.link), known) for known in missing)
    by_title = _unique((_words(known.title), known) for known in missing)
    paths = Counter(path_of(item.entry.link) for item in found.new)
    titles = Counter(_title_words(item.entry) for item in found.new)
    bound: list[tuple[Named, Known]] = []
    rest: list[Named] = []
    taken: set[int] = set()
    doubtful: set[int] = set()
    for item in found.new:
        path, title = path_of(item.entry.link), _title_words(item.entry)
        match = by_path.get(path) if paths[path] == 1 and _is_telling(path) else None
        if match is None and titles[title] == 1:
            match = by_title.get(title)
            is_redated = isinstance(item.entry.published, datetime)
            if match and is_redated and not _is_of(match.published, item.entry):
                doubtful.add(match.entry)
        if match is None or match.entry in taken:
            rest.append(item)
        else:
            taken.add(match.entry)
            bound.append((item, match))
    if len(bound) + found.renamed <= len(rest):
        return found
    return replace(
        found,
        new=tuple(rest),
        again=(*found.again, *(pair for pair in bound if pair[1].is_published)),
        known=found.known + sum(not known.is_published for _, known in bound),
        claimed=found.claimed | taken,
        doubtful=frozenset(doubtful & taken),
    )


def settle(
    found: Recognised,
    cleaned: Sequence[Entry | Rejected],
    stored: Mapping[int, Entry],
) -> tuple[Recognised, list[Entry | Rejected]]:
    """The same without doubts: a doubtful entry is the stored one if it reads as that does,
    else it is new. `cleaned` are `found.new` and `found.again`, in order."""
    if not found.doubtful:
        return found, list(cleaned)
    count = len(found.new)
    new = list(zip(found.new, cleaned[:count], strict=True))
    again = []
    for (item, known), entry in zip(found.again, cleaned[count:], strict=True):
        if known.entry in found.doubtful and not _reads_as(entry, stored[known.entry]):
            new.append((item, entry))
        else:
            again.append(((item, known), entry))
    settled = replace(
        found, new=tuple(item for item, _ in new), again=tuple(pair for pair, _ in again)
    )
    return settled, [entry for _, entry in (*new, *again)]


def _reads_as(entry: Entry | Rejected, stored: Entry) -> bool:
    """True if title, teaser, text and files are the same, wherever their links lead."""
    return isinstance(entry, Entry) and _text_of(entry) == _text_of(stored)


def _text_of(entry: Entry) -> tuple[object, ...]:
    files = tuple(path_of(file.url) for file in entry.enclosures)
    return entry.title, entry.summary, _words(_TAG.sub(" ", entry.content)), files


def _is_telling(path: str) -> bool:
    """True for a path that another article of another system will hardly have."""
    return len(path) >= LONG_PATH or bool(_NUMBERED.search(path))


def _unique(pairs: Iterable[tuple[str, Known]]) -> dict[str, Known]:
    """What each name stands for, without empty names and names of several."""
    listed = [(name, known) for name, known in pairs if name]
    counts = Counter(name for name, _ in listed)
    return {name: known for name, known in listed if counts[name] == 1}


def _is_of(when: datetime | None, entry: ParsedEntry) -> bool:
    given = entry.published
    return isinstance(given, datetime) and given.replace(microsecond=0) == when


def keys_to_remember(item: Named, known: Known) -> tuple[str, ...]:
    """The keys that a known entry goes by from now on. A date that moves at every fetch makes
    no new key."""
    if _title_words(item.entry) != _words(known.title):
        return item.keys
    return tuple(key for key in item.keys if not key.startswith("title "))


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
        if free and _is_trusted(key, named[position].entry, known[key], now):
            claims[position] = known[key]
            taken.add(known[key].entry)
    return claims


def _is_trusted(key: str, entry: ParsedEntry, known: Known, now: datetime) -> bool:
    """True if nothing speaks against an entry being the one of that key."""
    if key.startswith("id "):
        return True
    if key.startswith("title "):
        return not _is_of_another(entry, known)
    if _NUMBERED.search(key) and _kind(entry.id) != _kind(known.id):
        return True  # another system gave it another id
    if key.startswith("path "):  # another blog in the same feed has a ?p=12 too
        return _title_words(entry) == _words(known.title) or _is_of(known.published, entry)
    return not _replaced(entry, known, now)


def _is_of_another(entry: ParsedEntry, known: Known) -> bool:
    """True if a title and a day are the same, but id and link are another's of their kind: a
    column that appears twice a day in a feed that gives no hours."""
    when = entry.published
    is_day = isinstance(when, datetime) and (when.hour, when.minute, when.second) == (0, 0, 0)
    return (
        is_day
        and _is_another_id(entry, known)
        and address_of(entry.link) != address_of(known.link)
        and _kind(entry.link) == _kind(known.link)
    )


def _is_another_id(entry: ParsedEntry, known: Known) -> bool:
    """True for another id of the same kind: it means another article, not another system."""
    return bool(entry.id and known.id and entry.id != known.id) and _kind(entry.id) == _kind(
        known.id
    )


def _kind(id_: str) -> str:
    """What an outlet's ids have in common: the host, or where letters and digits stand."""
    address = re.match(r"https?://([^/?#]*)", id_)
    return address[1] if address else re.sub(r"\w+", "w", id_)


def _replaced(entry: ParsedEntry, known: Known, now: datetime) -> bool:
    """True if another article stands at the address now: id and date are new, and the title
    is, or the address is that of a page (some outlets print every day's briefing at one)."""
    return (
        bool(entry.id and known.id and entry.id != known.id)
        and isinstance(entry.published, datetime)
        and entry.published <= now
        and not _is_of(known.published, entry)
        and (
            _words(known.title) != _title_words(entry)
            or (_is_another_id(entry, known) and not _is_telling(path_of(entry.link)))
        )
    )


def path_of(address: str) -> str:
    """A web address without scheme and host; empty if nothing but the front page is left."""
    found = re.match(r"https?://[^/?#]+(/?.*)", address.strip(), re.IGNORECASE)
    return found[1].rstrip("/") if found and len(found[1].strip("/")) > 1 else ""


def _paths(entry: ParsedEntry) -> tuple[str, ...]:
    """What id and link still have in common with themselves on another host."""
    link = path_of(entry.link)
    both = (path_of(entry.id), link if _NUMBERED.search(link) else "")
    return tuple(dict.fromkeys(path for path in both if path))


def is_ours(entry: ParsedEntry, home: str) -> bool:
    """True if an entry is one of the site at `home`, come back through a partner.

    It says so by its id, its link or the feed that it names as its origin (tt-rss: a feed of
    one's own makes duplicates at every update).
    """
    minted = _OUR_ID.fullmatch(entry.id)
    if minted and minted[1] == urlsplit(home).hostname:
        return True
    ours = address_of(f"{home.rstrip('/')}/x").removesuffix("/x")
    given = (address_of(address) for address in (entry.id, entry.link, *entry.origins))
    return any(
        address.startswith(f"{ours}/") and bool(_OUR_PATH.match(address.removeprefix(ours)))
        for address in given
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


def _title_words(entry: ParsedEntry) -> str:
    """The words of a title as a reader sees it, to be compared with one that is stored."""
    return _words(_TAG.sub("", unescape(entry.title.value))) if entry.title else ""


def _words(text: str) -> str:
    return _NOT_A_WORD.sub(" ", text.casefold()).strip()


def _without_scheme(id_: str) -> str:
    """http://a/b and https://a/b are one id (feedbin/support#515)."""
    return re.sub(r"^https?://", "", id_.strip())
