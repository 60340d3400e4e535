"""The stored entries that a new one is compared with."""

from collections import Counter
from dataclasses import replace

from aggregator.ingest.dedupe.candidates import choose_candidates
from tests.harness.builders import entry

FIRST_NEW_ID = 1000


def test_candidates_come_from_several_outlets() -> None:
    """A less similar entry of another outlet is compared too; the entry's own outlet is not."""
    new = replace(entry("Cranes", "commons"), entry_id=FIRST_NEW_ID)
    near = {
        FIRST_NEW_ID: Counter(
            dict.fromkeys(range(1, 100), 9) | {100: 5} | dict.fromkeys((7, 8), 20)
        )
    }
    outlets = dict.fromkeys(range(1, 100), "plains") | {100: "harbor", 8: "commons"}

    found = choose_candidates([new], near, outlets)[FIRST_NEW_ID]

    assert found[0] == 7
    assert found[-1] == 100
    assert 8 not in found
    assert len(found) == 6


def test_candidates_of_an_entry_are_limited() -> None:
    """A phrase of the day that a hundred outlets share makes forty comparisons."""
    new = replace(entry("Cranes", "commons"), entry_id=FIRST_NEW_ID)
    shared = {FIRST_NEW_ID: Counter({number: 200 - number for number in range(1, 101)})}
    outlets = {number: f"outlet{number}" for number in range(1, 101)}

    found = choose_candidates([new], shared, outlets)[FIRST_NEW_ID]

    assert found == list(range(1, 41))
