"""An export that is stopped anywhere is completed by the next one."""

from pathlib import Path

import pytest

from aggregator.render.compress import compress
from aggregator.site import export
from tests.harness.newsroom import Newsroom, article


@pytest.mark.parametrize("files", range(1, 9))
def test_a_stop_between_a_page_and_its_compressed_forms(
    newsroom: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int
) -> None:
    """The next run writes what is missing, wherever the first one was stopped."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Rain", "Long. " * 300))
    newsroom.ingests()
    left = iter(range(files))

    def stopping(body: bytes, encoding: str) -> bytes | None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return compress(body, encoding)

    monkeypatch.setattr("aggregator.site.export_files.compress", stopping)
    with pytest.raises(KeyboardInterrupt):
        export.export_site(newsroom.site, tmp_path / "stopped")
    monkeypatch.setattr("aggregator.site.export_files.compress", compress)
    for folder in ("stopped", "whole"):
        export.export_site(newsroom.site, tmp_path / folder)
    found, whole = (
        {file.relative_to(folder) for file in folder.rglob("*")}
        for folder in (tmp_path / "stopped", tmp_path / "whole")
    )
    assert found == whole
