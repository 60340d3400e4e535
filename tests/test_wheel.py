"""The wheel is complete: installed outside the checkout, the program does everything."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from tests.harness.command_line import free_port, wait_for_url

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel contains; the libraries are those of the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(source)], check=True)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*command, str(source)], check=True, capture_output=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def _run(installed: Path, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command of the installed program, in a folder of its own."""
    return subprocess.run(
        [sys.executable, "-m", "aggregator", *command],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"},
    )  # fmt: skip


def test_every_file_of_the_package_is_in_the_wheel(installed: Path) -> None:
    """Templates, stylesheets, catalogues, samples, migrations, types."""
    listed = subprocess.run(
        ["git", "ls-files", "aggregator"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    missing = [name for name in listed if not (installed / name).exists()]

    assert missing == []
    assert (installed / "aggregator" / "py.typed").exists()
    assert list(installed.glob("*.data/data/share/man/man1/aggregator.1")) != []


def test_a_newsroom_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """From an empty folder: a sample newsroom, checked; an operator; the site and the desk."""
    where = "import aggregator; print(aggregator.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )  # fmt: skip
    assert found.stdout.startswith(str(installed))

    assert _run(installed, tmp_path, "init", "--sample").returncode == 0
    checked = _run(installed, tmp_path, "check")
    assert "22 sources, 11 topics" in checked.stdout, checked.stderr
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "aggregator", "serve", "--port", str(port)],
        cwd=tmp_path, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"},
    ) as server:  # fmt: skip
        try:
            site = f"http://127.0.0.1:{port}"
            assert b"The Commons Reader" in wait_for_url(f"{site}/")
            assert b"--accent" in wait_for_url(f"{site}/style.css")
            assert b"--accent" in wait_for_url(f"{site}/desk/static/desk.css")
            link = _run(installed, tmp_path, "operator", "link").stdout.strip()
            browser = build_opener(HTTPCookieProcessor())
            with browser.open(f"{site}/desk/enter?{link.partition('?')[2]}") as page:
                assert b"<h1>" in page.read()
        finally:
            server.terminate()
            server.wait(timeout=20)
