"""A few hundred mutated documents; `python -m benchmarks fuzz` tries 200,000."""

import pytest

from benchmarks.fuzz import fuzz, seeds

pytestmark = pytest.mark.slow


def test_documents_that_nobody_meant_to_write() -> None:
    """Each is read or refused, each entry cleaned or rejected, and safe HTML is safe."""
    found = fuzz(0, seeds(), 600)

    assert found["read"] + found["failed"] == 600
    assert found["read"] > 100
    assert found["entries"] > 20
