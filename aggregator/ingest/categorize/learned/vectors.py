"""Texts become rows of numbers: their words, their letters, and what their words mean.

    (title, teaser) --> | words, pairs of words | letters, 3 to 5 | words of the title | meaning |

The meaning is the mean of word vectors that come with WordLlama, so that few examples say more
than their own words do. With them, ten examples a topic do what thirty do without.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import wordllama
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from aggregator.text.tokens import fold

__all__ = ["Matrix", "TextVectorizer", "TitleAndSummary"]

TitleAndSummary: TypeAlias = tuple[str, str]
"""Title and teaser."""
Matrix: TypeAlias = sparse.csr_matrix

MAX_TERMS = 40_000
"""Words and pairs of words, and as many runs of letters; what is rarer is left out."""
LETTER_WEIGHT, TITLE_WEIGHT = 0.7, 0.7
"""What they weigh beside words; found on one half of the open labelled sets."""
MEANING_WEIGHT, MAX_MEANING_WEIGHT, MIN_MEANING_WEIGHT = 12.0, 3.0, 0.5
"""The fewer the examples, the more the meaning weighs: by the cube root of their number, within
these bounds."""


class TextVectorizer:
    """What is looked for in texts. Made by `of` from examples, or by `load`."""

    def __init__(self, known: Mapping[str, Any] | None = None) -> None:
        kinds: dict[str, dict[str, Any]] = {
            "words": {"ngram_range": (1, 2), "max_features": MAX_TERMS},
            "letters": {
                "analyzer": "char_wb", "ngram_range": (3, 5), "min_df": 2, "max_features": MAX_TERMS,
            },
            "title": {},
        }  # fmt: skip
        self._kinds = {
            name: TfidfVectorizer(
                lowercase=False,  # it is folded
                sublinear_tf=True,
                dtype=np.float32,
                **(keys if known is None else {k: keys[k] for k in keys if k in _TRAINED_OPTIONS}),
                vocabulary=None if known is None else known[name]["terms"],
            )
            for name, keys in kinds.items()
        }
        self._meaning = 1.0 if known is None else float(known["meaning"])
        if known is not None:
            for name, kind in self._kinds.items():
                kind.idf_ = np.asarray(known[name]["idf"])

    @classmethod
    def fit(cls, texts: Sequence[TitleAndSummary]) -> "TextVectorizer":
        """What these examples have."""
        made = cls()
        for name, kind in made._kinds.items():
            kind.fit(_folded_texts(texts, name))
        made._meaning = min(
            MAX_MEANING_WEIGHT, max(MIN_MEANING_WEIGHT, MEANING_WEIGHT / len(texts) ** (1 / 3))
        )
        return made

    def state(self) -> dict[str, Any]:
        """What `Features(state)` makes the same of."""
        return {"meaning": self._meaning} | {
            name: {
                "terms": kind.get_feature_names_out().tolist(),
                "idf": [round(float(value), 4) for value in kind.idf_],
            }
            for name, kind in self._kinds.items()
        }

    @property
    def word_columns(self) -> int:
        """How many of the columns count words: the first ones."""
        return len(self._kinds["words"].vocabulary_) + len(self._kinds["title"].vocabulary_)

    def matrix(self, texts: Sequence[TitleAndSummary]) -> Matrix:
        """A row for each text."""
        words, letters, title = (
            self._kinds[name].transform(_folded_texts(texts, name))
            for name in ("words", "letters", "title")
        )
        whole = [f"{title} {teaser}" for title, teaser in texts]  # as it is: capitals tell names
        meaning = _word_vectors().embed(whole, norm=True) * self._meaning
        parts = [words, title * TITLE_WEIGHT, letters * LETTER_WEIGHT, sparse.csr_matrix(meaning)]
        return sparse.hstack(parts, format="csr", dtype=np.float32)


_TRAINED_OPTIONS = {"analyzer", "ngram_range"}
"""What also matters once the words are known."""


def _folded_texts(texts: Sequence[TitleAndSummary], kind: str) -> list[str]:
    return [fold(title if kind == "title" else f"{title} {teaser}") for title, teaser in texts]


@cache
def _word_vectors() -> Any:
    """The vectors in WordLlama's own package; it asks no server for them.

    Version 0.4 looks for its tokenizer in a folder of another name than it has, but finds it if
    the package is named as its cache.
    """
    here = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(cache_dir=here, disable_download=True)
