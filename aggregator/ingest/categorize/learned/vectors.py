"""Texts as vectors: their words, character n-grams, and the meaning of their words.

    (title, summary) --> | words, title words | character n-grams | embedding |

The embedding is the mean of the word vectors that come with WordLlama. With it, ten examples a
topic do as well as thirty without it.
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
"""The title and the summary of an entry."""
Matrix: TypeAlias = sparse.csr_matrix

MAX_TERMS = 40_000
"""Words and pairs of words, and as many character n-grams; rarer ones are left out."""
CHARACTER_WEIGHT, TITLE_WEIGHT = 0.7, 0.7
"""Weights relative to words; tuned on the development halves of the labelled sets."""
EMBEDDING_WEIGHT, MAX_EMBEDDING_WEIGHT, MIN_EMBEDDING_WEIGHT = 12.0, 3.0, 0.5
"""The fewer the examples, the more the embedding weighs: the first value is divided by the cube
root of their number, within these bounds."""


class TextVectorizer:
    """Turns texts into vectors; made by `fit` from examples, or from the `state` of another."""

    def __init__(self, state: Mapping[str, Any] | None = None) -> None:
        options: dict[str, dict[str, Any]] = {
            "words": {"ngram_range": (1, 2), "max_features": MAX_TERMS},
            "letters": {
                "analyzer": "char_wb", "ngram_range": (3, 5), "min_df": 2,
                "max_features": MAX_TERMS,
            },
            "title": {},
        }  # fmt: skip
        if state is not None:  # the others only matter while fitting
            options = {
                name: {key: value for key, value in given.items() if key in _TRANSFORM_OPTIONS}
                for name, given in options.items()
            }
        self._vectorizers = {
            name: TfidfVectorizer(
                lowercase=False,  # texts are folded
                sublinear_tf=True,
                dtype=np.float32,
                vocabulary=None if state is None else state[name]["terms"],
                **given,
            )
            for name, given in options.items()
        }
        self._embedding_weight = 1.0 if state is None else float(state["meaning"])
        if state is not None:
            for name, vectorizer in self._vectorizers.items():
                vectorizer.idf_ = np.asarray(state[name]["idf"])

    @classmethod
    def fit(cls, texts: Sequence[TitleAndSummary]) -> "TextVectorizer":
        """A vectorizer for the terms of these examples."""
        fitted = cls()
        for name, vectorizer in fitted._vectorizers.items():
            vectorizer.fit(_folded_texts(texts, name))
        weight = EMBEDDING_WEIGHT / len(texts) ** (1 / 3)
        fitted._embedding_weight = min(MAX_EMBEDDING_WEIGHT, max(MIN_EMBEDDING_WEIGHT, weight))
        return fitted

    def state(self) -> dict[str, Any]:
        """The state as JSON, from which `TextVectorizer(state)` makes an equal vectorizer."""
        return {"meaning": self._embedding_weight} | {
            name: {
                "terms": vectorizer.get_feature_names_out().tolist(),
                "idf": [round(float(value), 4) for value in vectorizer.idf_],
            }
            for name, vectorizer in self._vectorizers.items()
        }

    @property
    def word_columns(self) -> int:
        """The number of columns that count words, which come first."""
        vectorizers = self._vectorizers["words"], self._vectorizers["title"]
        return sum(len(vectorizer.vocabulary_) for vectorizer in vectorizers)

    def matrix(self, texts: Sequence[TitleAndSummary]) -> Matrix:
        """A matrix with a row for each text."""
        words, characters, title = (
            self._vectorizers[name].transform(_folded_texts(texts, name))
            for name in ("words", "letters", "title")
        )
        unfolded = [f"{title} {summary}" for title, summary in texts]  # capitals mark names
        embedding = _word_vectors().embed(unfolded, norm=True) * self._embedding_weight
        blocks = [
            words,
            title * TITLE_WEIGHT,
            characters * CHARACTER_WEIGHT,
            sparse.csr_matrix(embedding),
        ]
        return sparse.hstack(blocks, format="csr", dtype=np.float32)


_TRANSFORM_OPTIONS = {"analyzer", "ngram_range"}
"""Options that a vectorizer still needs when its vocabulary is known."""


def _folded_texts(texts: Sequence[TitleAndSummary], name: str) -> list[str]:
    return [fold(title if name == "title" else f"{title} {summary}") for title, summary in texts]


@cache
def _word_vectors() -> Any:
    """The word vectors in WordLlama's own package; nothing is downloaded.

    Version 0.4 looks for its tokenizer in the wrong folder, but finds it if its cache is the folder
    of the package.
    """
    package = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(cache_dir=package, disable_download=True)
