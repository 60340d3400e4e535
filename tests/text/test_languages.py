"""One spelling for each language."""

import pytest

from aggregator.text.languages import canonical_language, is_same_language, main_language

TAGS = [
    ("iw", "he"), ("in", "id"), ("ji", "yi"), ("sh", "sr"), ("nb", "no"), ("nb-NO", "no-no"),
    ("zh_CN", "zh-hans"), ("zh-Hans-CN", "zh-hans"), ("cmn-Hant", "zh-hant"), ("zh-HK", "zh-hant"),
    ("zh", "zh"), ("PT-br", "pt-br"), (" en_US ", "en-us"), ("", ""), ("not a tag", "not a tag"),
]  # fmt: skip


@pytest.mark.parametrize(("tag", "expected"), TAGS)
def test_a_tag(tag: str, expected: str) -> None:
    """Old, macro and regional tags are one; doing it twice changes nothing."""
    assert canonical_language(tag) == expected
    assert canonical_language(expected) == expected


def test_a_variant_is_the_language() -> None:
    """The other way round it is not."""
    assert is_same_language("pt-BR", "pt")
    assert is_same_language("iw", "he")
    assert is_same_language("zh-CN", "zh-hans")
    assert not is_same_language("pt", "pt-BR")
    assert not is_same_language("pts", "pt")
    assert main_language("zh-TW") == "zh"
