"""A few hundred mutated documents; `python -m benchmarks fuzz` tries 200,000."""

import pytest

from benchmarks.fuzz import fuzz, seeds

pytestmark = pytest.mark.slow


def test_mutated_documents_are_handled() -> None:
    """Each document is parsed or refused, each entry cleaned or rejected, and HTML stays safe."""
    found = fuzz(0, seeds(), 600)

    assert found["read"] + found["failed"] == 600
    assert found["read"] > 100
    assert found["entries"] > 20
