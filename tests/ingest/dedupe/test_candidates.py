"""The stored entries that a new one is compared with."""

from collections import Counter
from dataclasses import replace

from aggregator.ingest.dedupe.candidates import choose_candidates
from tests.harness.builders import entry

FIRST_NEW_ID = 1000


def test_candidates_come_from_several_outlets() -> None:
    """A less similar entry of another outlet is compared too; of the entry's own outlet, only one
    that shares nearly everything."""
    new = replace(entry("Cranes", "commons"), entry_id=FIRST_NEW_ID, fingerprints=tuple(range(30)))
    near = {
        FIRST_NEW_ID: Counter(
            dict.fromkeys(range(1, 100), 9) | {100: 5, 7: 20, 8: 17, 9: 19, FIRST_NEW_ID: 30}
        )
    }
    outlets = dict.fromkeys(range(1, 100), "plains") | {100: "harbor", 8: "commons", 9: "commons"}

    found = choose_candidates([new], near, outlets)[FIRST_NEW_ID]

    assert found[0] == 7
    assert found[-1] == 100
    assert 9 in found
    assert found.count(8) == found.count(FIRST_NEW_ID) == 0
    assert len(found) == 7


def test_candidates_of_an_entry_are_limited() -> None:
    """A phrase of the day that a hundred outlets share makes forty comparisons."""
    new = replace(entry("Cranes", "commons"), entry_id=FIRST_NEW_ID)
    shared = {FIRST_NEW_ID: Counter({number: 200 - number for number in range(1, 101)})}
    outlets = {number: f"outlet{number}" for number in range(1, 101)}

    found = choose_candidates([new], shared, outlets)[FIRST_NEW_ID]

    assert found == list(range(1, 41))
