"""The words by which two reports of one event are recognised: names, and rare and long words."""

import re
from itertools import islice
from zlib import crc32

from aggregator.text.tokens import content_words, folded_words

__all__ = ["event_words"]

MAX_EVENT_WORDS = 10
"""Words of a report that are kept; with more, no more reports of one event are found."""
MAX_READ_WORDS = 30
"""Words of title and summary among which they are chosen."""
MAX_READ_CHARS = 500
EMPHASIS = 4
"""Bonus, in letters, for a word in the title or capitalised in the summary."""


def event_words(title: str, summary: str) -> tuple[int, ...]:
    """The 32-bit hashes of the words of a report that say most about its event, sorted."""
    title, summary = title[:MAX_READ_CHARS], summary[:MAX_READ_CHARS]
    headline = folded_words(title)
    found = content_words([*headline, *folded_words(summary)])
    words = list(islice(dict.fromkeys(found), MAX_READ_WORDS))
    names = folded_words(" ".join(w for w in re.findall(r"\w+", summary) if w[0].isupper()))
    worth = {word: len(word) for word in words}
    for emphasised in (set(headline), set(names)):
        for word in emphasised & worth.keys():
            worth[word] += EMPHASIS
    chosen = sorted(words, key=worth.__getitem__, reverse=True)[:MAX_EVENT_WORDS]
    return tuple(sorted({crc32(word.encode()) for word in chosen}))
