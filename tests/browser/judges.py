"""What the tests here need besides Python: Chromium, Java, and the packages of package.json."""

import os
import shutil
from pathlib import Path

import pytest

__all__ = ["AXE", "CHROMIUM", "LIGHTHOUSE", "VNU", "require"]

MODULES = Path(__file__).parent / "node_modules"
AXE = MODULES / "axe-core" / "axe.min.js"
VNU = MODULES / "vnu-jar" / "build" / "dist" / "vnu.jar"
LIGHTHOUSE = MODULES / "lighthouse" / "cli" / "index.js"
CHROMIUM = shutil.which("chromium") or ""


def require(*needed: str | Path) -> None:
    """Skip the test if one of these is missing; where CI runs, fail."""
    missing = [str(each) for each in needed if not (shutil.which(each) or Path(each).is_file())]
    if missing and os.environ.get("CI_JUDGES"):
        pytest.fail(f"missing: {', '.join(missing)}")
    if missing:
        pytest.skip(f"missing: {', '.join(missing)} (see .ci/run)")
