"""Text in one line: nothing in it reaches beyond its line."""

import pytest

from aggregator.text.html import one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Zalgo a" + "\u0301" * 300, "Zalgo a" + "\u0301" * 4),
        ("e\u0323\u0302", "e\u0323\u0302"),
        ("Tiếng Việt", "Tiếng Việt"),
        ("שָׁלוֹם", "שָׁלוֹם"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_towers_of_accents_are_cut(text: str, line: str) -> None:
    """They would cover the lines above; what languages write stays."""
    assert one_line(text) == line
