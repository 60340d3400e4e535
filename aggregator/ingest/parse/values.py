"""Read text, tags and mappings from parsed documents, whatever types outlets use."""

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = [
    "MAX_ENCLOSURES", "MAX_TAGS", "mappings_in", "person_name", "to_mapping", "to_text",
    "unique_tags",
]  # fmt: skip

MAX_TAGS = 50
MAX_ENCLOSURES = 20


def unique_tags(given: Iterable[str]) -> tuple[str, ...]:
    """The distinct tags that are not blank."""
    return tuple(dict.fromkeys(tag for tag in given if tag.strip()))[:MAX_TAGS]


def to_text(value: object) -> str:
    """A string or whole number as text; "" for anything else."""
    if isinstance(value, str):
        return value if value.isascii() else without_surrogates(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def without_surrogates(text: str) -> str:
    """The text with halves of surrogate pairs, which UTF-8 cannot encode, replaced by "?"."""
    return text.encode("utf-8", "replace").decode()


def to_mapping(value: object) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty mapping."""
    return value if isinstance(value, Mapping) else {}


def mappings_in(item: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The mappings in the list of this name, if there is one."""
    value = item.get(name)
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def person_name(name: str) -> str:
    """The name in `a@b.org (Name)`, the form that RSS requires, without the mail address."""
    address, _, rest = name.strip().partition("(")
    if rest.endswith(")") and len(address.split()) == 1 and "@" in address.strip()[1:-1]:
        return rest[:-1].strip()
    return " ".join(word for word in name.split() if not _is_mail_address(word))


def _is_mail_address(word: str) -> bool:
    at = word.find("@", 1)
    return at > 0 and "." in word[at + 2 : -1]
