"""Time zones in dates: offsets, names, and abbreviations, which mean one thing here and another
there.

No library decides those: zoneinfo knows only what a zone is called in its own country.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

__all__ = [
    "is_ambiguous_zone",
    "is_noteworthy_zone",
    "is_zone_name",
    "offset_minutes",
    "to_utc",
    "zone_names",
]

_HOURS: Mapping[str, float] = {
    "": 0, "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "wat": 1,
    "cet": 1, "mez": 1, "met": 1, "cest": 2, "mesz": 2, "mest": 2, "eet": 2, "sast": 2, "cat": 2,
    "eest": 3, "msk": 3, "мск": 3, "trt": 3, "eat": 3, "msd": 4, "irst": 3.5, "irdt": 4.5, "pkt": 5,
    "uzt": 5, "npt": 5.75, "ict": 7, "wib": 7, "wita": 8, "hkt": 8, "sgt": 8, "myt": 8, "pht": 8,
    "awst": 8, "jst": 9, "kst": 9, "wit": 9, "acst": 9.5, "aest": 10, "acdt": 10.5, "aedt": 11,
    "nzst": 12, "nzdt": 13, "brt": -3, "brst": -2, "art": -3, "uyt": -3, "clt": -4, "clst": -3,
    "bot": -4, "vet": -4, "pyt": -4, "cot": -5, "pet": -5, "nst": -3.5, "ndt": -2.5,
    "akst": -9, "akdt": -8, "hst": -10, "edt": -4, "mdt": -6, "pdt": -7, "et": -5, "ct": -6,
    "mt": -7, "pt": -8,
}  # fmt: skip
"""Abbreviation -> hours east of Greenwich."""
_BY_COUNTRY: Mapping[str, Mapping[str, float]] = {
    "bst": {"": 1, "bd": 6},
    "ist": {"": 5.5, "ie": 1, "il": 2},
    "idt": {"": 3},
    "est": {"": -5, "au": 10},
    "cst": {"": -6, "cn": 8, "tw": 8, "cu": -5},
    "cdt": {"": -5, "cu": -4},
    "mst": {"": -7, "my": 8, "mm": 6.5},
    "pst": {"": -8, "ph": 8},
    "ast": {"": -4, "sa": 3, "iq": 3, "kw": 3, "bh": 3, "qa": 3, "ye": 3, "eg": 3},
    "adt": {"": -3},
    "amt": {"": -4, "am": 4},
    "gst": {"": 4},
    "sst": {"": -11, "sg": 8},
}
"""Abbreviation -> country -> hours; without the country, as most outlets mean it, or RFC 822."""
_RFC822 = frozenset({"est", "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt"})
_OFFSET = re.compile(r"(?:gmt|utc)?\s?([+-])\s?(\d{1,2}):?(\d{2})?")
MAX_OFFSET_MINUTES = 15 * 60
"""Minutes east or west of Greenwich; the farthest zone is at 14 hours."""


def offset_minutes(zone: str, country: str = "") -> int | None:
    """Minutes east of Greenwich of an offset or an abbreviation; None if it is unknown.

    An abbreviation that has several meanings is read as in this country (two letters, in lower
    case), else as most outlets mean it.
    """
    name = zone.strip(" ().").lower()
    if name in _HOURS:
        return int(60 * _HOURS[name])
    if name in _BY_COUNTRY:
        hours = _BY_COUNTRY[name]
        return int(60 * hours.get(country, hours[""]))
    found = _OFFSET.fullmatch(name)
    if not found:
        return None
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    return (minutes if found[1] == "+" else -minutes) if minutes <= MAX_OFFSET_MINUTES else None


def to_utc(local: datetime, zone: str, country: str = "") -> datetime:
    """A time without a zone as UTC; an unknown zone is UTC (RFC 2822, section 4.3). Raises
    OverflowError at the ends of the calendar."""
    minutes = offset_minutes(zone, country)
    if minutes is None and is_zone_name(zone):
        return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return local.replace(tzinfo=UTC) - timedelta(minutes=minutes or 0)


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """The names of all time zones; reading them from the disk takes milliseconds."""
    return frozenset(available_timezones())


def is_zone_name(zone: str) -> bool:
    """True for the name of a zone such as `Europe/Berlin` or `EST5EDT`."""
    if not ("/" in zone or any(map(str.isdigit, zone))) or zone[0] in "+-":
        return False
    try:
        ZoneInfo(zone)
    except (ValueError, KeyError, OSError):
        return False
    return True


def is_ambiguous_zone(zone: str) -> bool:
    """True for an abbreviation with several meanings."""
    return len(_BY_COUNTRY.get(zone.strip(" ().").lower(), ())) > 1


def is_noteworthy_zone(zone: str, country: str = "") -> bool:
    """True for an abbreviation that may have been misread: unknown, or ambiguous and not read as
    RFC 822 defines it."""
    if offset_minutes(zone) is None:
        return not is_zone_name(zone)
    is_standard = zone.strip(" ().").lower() in _RFC822
    is_as_standard = is_standard and offset_minutes(zone, country) == offset_minutes(zone)
    return is_ambiguous_zone(zone) and not is_as_standard
