"""What an operator makes of the look: accent, typeface, logo, CSS and templates."""

import json
import re
from pathlib import Path

import pytest

from aggregator.config import read_config_file
from aggregator.render.page_templates import theme_problems
from aggregator.render.stylesheet import stylesheet
from aggregator.render.theme_files import theme_files
from aggregator.site.export import export_site
from tests.harness.builders import SITE
from tests.harness.newsroom import Newsroom

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50
PAPER, DARK_PAPER = "#fcfbf8", "#151412"


def _write(folder: Path, **files: str | bytes) -> None:
    (folder / "theme").mkdir(exist_ok=True)
    for name, content in files.items():
        file = folder / "theme" / name.replace("__", ".")
        file.write_bytes(content.encode() if isinstance(content, str) else content)


def _luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(colour: str, ground: str) -> float:
    light, dark = sorted((_luminance(colour), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    "accent", ["#9c2a10", "#ffff00", "#000000", "#ffffff", "#7f7f7f", "#0055ff"]
)
def test_an_accent_can_be_read(docks: Newsroom, accent: str) -> None:
    """On light and on dark ground; it is changed as little as that takes."""
    docks.change("[site]", f'[site]\naccent = "{accent}"')

    css = docks.get("/style.css").text

    light, dark = re.findall(r"--accent: (#[0-9a-f]{6}); }", css)[-2:]
    assert _contrast(light, PAPER) >= 4.5
    assert _contrast(dark, DARK_PAPER) >= 4.5
    assert light == accent or _contrast(accent, PAPER) < 4.5
    assert accent in docks.get("/favicon.svg").text


def test_the_typeface_of_the_device(docks: Newsroom) -> None:
    """Then no font is loaded."""
    assert "newsreader.woff2" in docks.get("/style.css").text
    docks.change("[site]", '[site]\nfont = "system"')

    assert "woff2" not in docks.get("/style.css").text
    assert "@font-face" not in docks.get("/style.css").text


def test_a_logo_stands_for_the_name(docks: Newsroom, tmp_path: Path) -> None:
    """It is served with its type, and screen readers get the name."""
    (tmp_path / "logo.png").write_bytes(PNG)
    docks.change("[site]", '[site]\nlogo = "logo.png"')

    page = docks.get("/").text

    assert '<img src="/logo.png" alt="The Commons">' in page
    answer = docks.get("/logo.png")
    assert (answer.data, answer.mimetype) == (PNG, "image/png")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    export_site(docks.site, tmp_path / "public")
    assert (tmp_path / "public/logo.png").read_bytes() == PNG
    assert docks.get("/logo.svg").status_code == 404


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "logo.png cannot be read: No such file"),
        (b"<html>", "logo.png is not a picture"),
        (b"", "logo.png is not a picture"),
        (PNG + b"0" * 2_000_000, "larger than 1,000,000 bytes"),
    ],
)
def test_a_broken_logo_is_left_out(
    docks: Newsroom, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    """Pages show the name, and `check` says why."""
    if content is not None:
        (tmp_path / "logo.png").write_bytes(content)
    docks.change("[site]", '[site]\nlogo = "logo.png"')

    assert ">The Commons</a></p>" in docks.get("/").text
    assert docks.get("/logo.png").status_code == 404
    (warning,) = (w for w in docks.config.warnings if w.key == "site.logo")
    assert reason in warning.message


def test_css_and_a_template_of_ones_own(docks: Newsroom, tmp_path: Path) -> None:
    """The other templates stay; an example is not in force."""
    _write(
        tmp_path,
        theme__css=".name { color: red }",
        gone__html='{% extends "base.html" %}{% block main %}<p>Lost.</p>{% endblock %}',
        list__html__example="nonsense",
    )
    docks.change("[site]", "[site]\n")

    assert docks.get("/style.css").text.endswith(".name { color: red }")
    (id_, *_) = docks.store.stories.ids()
    docks.store.stories.take_down(id_, "asked", docks.now)
    assert "<p>Lost.</p>" in docks.get(f"/stories/{id_}").text
    assert "Nothing here" in docks.get("/nowhere").text


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("one\n{% if %}", "theme/list.html, line 2: Expected an expression"),
        ("one\ntwo\n{{ nobody.name }}", "theme/list.html, line 3: 'nobody' is undefined"),
        ("{% for a in 1 %}{% endfor %}", "theme/list.html, line 1: 'int' object is not iterable"),
        (
            '{% include "nothing.html" %}',
            "theme/list.html, line 1: there is no template nothing.html",
        ),
    ],
)
def test_a_broken_template_is_not_used(
    docks: Newsroom,
    tmp_path: Path,
    template: str,
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The built-in one serves, and the log names the file and the line."""
    before = docks.get("/all").text
    _write(tmp_path, list__html=template)
    docks.change("[site]", "[site]\n")

    assert docks.get("/all").text == before
    logged = capsys.readouterr()
    assert sentence in logged.out + logged.err


def test_problems_of_templates_that_show_before_they_are_used(
    docks: Newsroom, tmp_path: Path
) -> None:
    """For `check`: syntax, and names that replace nothing."""
    _write(tmp_path, list__html="{% if %}", lst__html="x", gone__html="fine")
    docks.change("[site]", "[site]\n")

    problems = theme_problems(docks.config.theme)

    assert len(problems) == 2
    assert problems[0].startswith("theme/list.html, line 1: Expected an expression")
    assert problems[1].startswith("theme/lst.html has no effect")


def test_a_file_that_is_no_text(docks: Newsroom, tmp_path: Path) -> None:
    """It is left out with a warning."""
    _write(tmp_path, theme__css=b"\xff\xfe")
    docks.change("[site]", "[site]\n")

    assert docks.get("/style.css").status_code == 200
    assert any("theme.css is not in UTF-8" in w.message for w in docks.config.warnings)


def test_a_change_of_the_theme_is_exported(tmp_path: Path, docks: Newsroom) -> None:
    """Though feeds.toml is the same."""
    export_site(docks.site, tmp_path / "public")
    _write(tmp_path, theme__css=".name { color: red }")
    docks.change("[site]", "[site]\n")

    export_site(docks.site, tmp_path / "public")

    assert "color: red" in (tmp_path / "public/style.css").read_text()


def test_the_examples_of_a_new_theme_are_the_built_in_templates(
    docks: Newsroom, tmp_path: Path
) -> None:
    """Each works as it is, if it is put into force."""
    before = {path: docks.get(path).text for path in ("/", "/all", "/sources", "/search")}
    (tmp_path / "theme").mkdir()
    for name, text in theme_files():
        (tmp_path / "theme" / name.removesuffix(".example")).write_text(text)
    docks.change("[site]", "[site]\n")

    for path, page in before.items():
        assert docks.get(path).text.strip() == page.strip()


def test_the_web_app_manifest(docks: Newsroom) -> None:
    """With icons that exist."""
    manifest = json.loads(docks.get("/manifest.webmanifest").data)

    assert manifest["name"] == "The Commons"
    for icon in manifest["icons"]:
        answer = docks.get(icon["src"].removeprefix("https://commons.example"))
        assert (answer.status_code, answer.mimetype) == (200, icon["type"])


@pytest.mark.parametrize("accent", ["red", "#fff", "#12345g", "9c2a10"])
def test_a_colour_has_six_digits(tmp_path: Path, accent: str) -> None:
    """Anything else is an error of feeds.toml."""
    file = tmp_path / "feeds.toml"
    file.write_text(f'[site]\ntitle = "T"\nurl = "https://t.example"\naccent = "{accent}"\n')

    with pytest.raises(
        Exception, match=r'site.accent: found .*, expected a colour such as "#9c2a10"'
    ):
        read_config_file(file, {})


def test_the_default_look_has_no_rules_besides(docks: Newsroom) -> None:
    """Without accent and theme, the stylesheet is the built-in one."""
    assert docks.get("/style.css").data == stylesheet(SITE, docks.config.theme)
