"""deploy/aggregator.service, judged by systemd."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
UNIT = ROOT / "deploy" / "aggregator.service"
ANALYZE = shutil.which("systemd-analyze")

MAX_EXPOSURE = "15"
"""Of 100, where 100 is a service without any protection."""

pytestmark = pytest.mark.skipif(not ANALYZE, reason="systemd is not installed (apt-get systemd)")


def _analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    assert ANALYZE is not None
    return subprocess.run(
        [ANALYZE, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"], "COLUMNS": "200"},
    )


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    """No key is unknown, misspelt or in the wrong section."""
    (tmp_path / "aggregator").symlink_to("/bin/true")
    text = UNIT.read_text().replace("/opt/aggregator/bin", str(tmp_path))
    unit = tmp_path / "aggregator.service"

    def complaints(written: str) -> list[str]:
        unit.write_text(written)
        said = _analyze("verify", "--man=no", "--recursive-errors=no", unit).stderr
        return [line for line in said.splitlines() if "aggregator.service" in line]

    assert complaints(text) == []
    assert complaints(text.replace("PrivateTmp", "PrivatTmp")) != []


def test_the_service_is_confined() -> None:
    """Nearly everything that systemd can take from a service is taken."""
    done = _analyze("security", "--offline=yes", f"--threshold={MAX_EXPOSURE}", UNIT)

    assert done.returncode == 0, done.stdout


def test_the_documented_commands_prepare_what_it_runs() -> None:
    """The program and the folder are those of docs/operating.md, and it writes only the folder."""
    text, docs = UNIT.read_text(), (ROOT / "docs" / "operating.md").read_text()
    (folder,) = re.findall(r"^WorkingDirectory=(.+)$", text, re.MULTILINE)
    (program,) = re.findall(r"^ExecStart=(.+)/bin/aggregator run$", text, re.MULTILINE)

    assert re.findall(r"^ReadWritePaths=(.+)$", text, re.MULTILINE) == [folder]
    assert f"--home-dir {folder} " in docs
    assert f"python3 -m venv {program}\n" in docs
