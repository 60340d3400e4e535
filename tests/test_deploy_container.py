"""deploy/Containerfile and deploy/compose.yaml, judged by hadolint and the Compose Specification.

No image can be pulled in tests; docs/operating.md has the commands that build one.
"""

import json
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
CONTAINERFILE = ROOT / "deploy" / "Containerfile"
COMPOSE = ROOT / "deploy" / "compose.yaml"
BIN = Path(sys.executable).parent


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_hadolint_has_nothing_to_say(tmp_path: Path) -> None:
    """Neither an error nor a matter of style; a mistake would be found."""
    done = _run(BIN / "hadolint", CONTAINERFILE)
    assert (done.returncode, done.stdout) == (0, "")
    bad = tmp_path / "Containerfile"
    bad.write_text(CONTAINERFILE.read_text().replace("WORKDIR /srv", "WORKDIR srv"))
    assert _run(BIN / "hadolint", bad).returncode != 0


def test_the_compose_file_is_valid(tmp_path: Path) -> None:
    """By the schema of the Compose Specification; a misspelt key would be found."""
    check = (BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec")
    assert _run(*check, COMPOSE).returncode == 0
    bad = tmp_path / "compose.yaml"
    bad.write_text(COMPOSE.read_text().replace("restart:", "restarts:"))
    assert _run(*check, bad).returncode != 0


def _instructions() -> list[tuple[str, str]]:
    text = CONTAINERFILE.read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in lines]


def test_the_program_runs_as_nobody_special() -> None:
    """As a user without privileges, with one folder to write; the base can be chosen."""
    found = dict(_instructions())
    assert found["USER"] == "10001"
    assert found["VOLUME"] == found["WORKDIR"] == "/srv/aggregator"
    assert json.loads(found["ENTRYPOINT"]) == ["aggregator"]
    assert json.loads(found["CMD"])[0] == "run"
    bases = [value for name, value in _instructions() if name == "FROM"]
    assert all(base.startswith("${BASE}") for base in bases)


def test_the_parts_fit_together() -> None:
    """Port, volume and file are the same in both, and only this machine reaches the port."""
    service = yaml.safe_load(COMPOSE.read_text())["services"]["aggregator"]
    found = dict(_instructions())
    (port,) = service["ports"]
    assert port == f"127.0.0.1:8080:{found['EXPOSE']}"
    assert f":{found['EXPOSE']}/healthz/ready" in found["HEALTHCHECK"]
    assert service["volumes"] == [f"newsroom:{found['VOLUME']}"]
    build = service["build"]
    assert (COMPOSE.parent / build["context"]).resolve() == ROOT
    assert ROOT / build["dockerfile"] == CONTAINERFILE
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]


def test_the_build_gets_what_it_needs() -> None:
    """All that the wheel is made of, and no database or secret that lies in the folder."""
    lines = (ROOT / ".dockerignore").read_text().split()
    assert lines[0] == "**"
    kept = [line.removeprefix("!") for line in lines if line.startswith("!")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = ["aggregator", "requirements.txt", "pyproject.toml", project["project"]["readme"]]
    needed += [
        file.partition("/")[0]
        for files in project["tool"]["setuptools"]["data-files"].values()
        for file in files
    ]
    assert set(needed) <= set(kept)
    assert not any(fnmatch("feeds.toml", each) or fnmatch("aggregator.db", each) for each in kept)
    assert re.search(r"--require-hashes -r /src/requirements\.txt", CONTAINERFILE.read_text())
