"""HTML as outlets write it becomes HTML that can be shown without scripts and style sheets."""

import pytest

from aggregator.ingest.clean.rewrite import rewrite
from aggregator.ingest.clean.rewrite.fragments import id_prefix
from aggregator.ingest.clean.sanitizer import sanitize

ARTICLE = "https://outlet.example/2026/11/post/"
PREFIX = id_prefix(ARTICLE)
REL = 'rel="noopener noreferrer"'

CASES = [
    # ---- images that a script would load
    ("a placeholder in the document", '<img src="data:image/gif;base64,R0" data-src="r.jpg">',
     f'<img src="{ARTICLE}r.jpg">'),
    ("a blank picture, and a copy for browsers without scripts",
     '<img src="/img/blank.gif" data-src="/m.jpg"><noscript><img src="/m.jpg"></noscript>',
     '<img src="https://outlet.example/m.jpg">'),
    ("only the copy has an address", '<img class="lazy"><noscript><img src="/m.jpg"></noscript>',
     '<img src="https://outlet.example/m.jpg">'),
    ("only a set of sizes", '<img data-srcset="/s.jpg 300w, /l.jpg 900w">',
     '<img srcset="https://outlet.example/s.jpg 300w, https://outlet.example/l.jpg 900w" '
     'src="https://outlet.example/l.jpg">'),
    ("a good address is kept", '<img src="/a.jpg" data-orig-file="/huge.tif">',
     '<img src="https://outlet.example/a.jpg">'),
    ("an attribute that nobody knows", '<img data-actualsrc="/r.jpg" src="/px.gif">',
     '<img src="https://outlet.example/r.jpg">'),
    ("an empty address", '<img src="" data-lazyload="/r.jpg">',
     '<img src="https://outlet.example/r.jpg">'),
    ("an empty address alone", 'a<img src="">b', "ab"),
    ("a turning wheel", '<img src="/spin.svg" data-src="/r.jpg">',
     '<img src="https://outlet.example/r.jpg">'),
    ("called like a placeholder", '<img src="img/trans-rights-march.jpg" data-src="">',
     f'<img src="{ARTICLE}img/trans-rights-march.jpg">'),
    ("an image that a style sheet hides", '<img src="/c.jpg" style="width:1px;height:1px">',
     '<img src="https://outlet.example/c.jpg" width="1" height="1">'),
    ("an image without a border",
     '<img data-a="" src="/c.jpg" width="200" style="border-width:0; max-height: 1px">',
     '<img src="https://outlet.example/c.jpg" width="200">'),
    ("an image without size", '<img src="/c.jpg" width="0" height="0">',
     '<img src="https://outlet.example/c.jpg" width="1" height="1">'),
    ("a preview text that cannot be seen",
     'a<div style="opacity:0;font-size:1px;color:#ffffff">preview</div>b', "ab"),
    ("no address at all", "a<img alt=x>b", "ab"),
    ("an address that a script has forgotten", '<img src="undefined">b', "b"),
    ("words for browsers without scripts", "a<noscript>Enable JavaScript.</noscript>b", "ab"),
    ("a poll for browsers without scripts", '<noscript><a href="/poll">Vote</a></noscript>',
     f'<a href="https://outlet.example/poll" {REL}>Vote</a>'),
    ("a counter is kept, a licence may demand it",
     '<img src="https://c.example/1.gif" width="1" style="display:none">',
     '<img src="https://c.example/1.gif" width="1">'),
    # ---- what cannot be shown
    ("a video", '<iframe src="https://www.youtube.com/embed/abc123" title="The speech"></iframe>',
     f'<p><a href="https://www.youtube.com/watch?v=abc123" {REL}>The speech</a></p>'),
    ("a video inside a paragraph", '<p>See <iframe src="//player.vimeo.com/video/7"></iframe>now',
     f'<p>See  <a href="https://vimeo.com/7" {REL}>vimeo.com</a> now</p>'),
    ("a chart in a frame", '<iframe src="/chart" title=""></iframe>',
     f'<p><a href="https://outlet.example/chart" {REL}>/chart</a></p>'),
    ("a frame without an address", "a<iframe></iframe>b", "a b"),
    ("a frame that runs a script", 'a<iframe src="javascript:alert(1)">x</iframe>b', "a x b"),
    ("a document", '<object data="/map.pdf">Map</object>',
     f'<p><a href="https://outlet.example/map.pdf" {REL}>Map</a></p>'),
    ("a formula", "is <math><mi>g</mi><mo>=</mo><mfrac><mi>a</mi><mi>b</mi></mfrac></math>.",
     "is  g = a / b ."),
    ("a formula with its source", '<math alttext="E=mc^2"><mi>E</mi></math>', " E=mc^2 "),
    ("a drawing with words", "<svg><title>Wages</title><text>12 %</text></svg>", " Wages 12 % "),
    ("an icon", 'a<svg><path d="M0"/></svg>b', "a b"),
    ("pictures of AMP", '<amp-img src="a.jpg" width="9" alt="Crowd"></amp-img>',
     f'<img src="{ARTICLE}a.jpg" alt="Crowd" width="9">  '),
    ("videos of AMP", '<amp-youtube data-videoid="q9"></amp-youtube>',
     f'<p><a href="https://www.youtube.com/watch?v=q9" {REL}>youtube.com</a></p>'),
    ("words on both sides of an unknown element", "<my-note>one</my-note><my-note>two</my-note>",
     " one  two "),
    ("forms", "a<form><select><option>1</select><button>Go</button>Name</form>b", "a Name b"),
    # ---- hidden
    ("the preview text of a newsletter",
     '<div style="display:none;mso-hide:all">Hi</div><p>The dam.</p>', "<p>The dam.</p>"),
    ("hidden inside hidden", "<div hidden>a<p hidden>b</p></div>c", "c"),
    ("words for screen readers", '<a href="/x"><b class="screen-reader-text">to x</b>more</a>',
     f'<a href="https://outlet.example/x" {REL}>more</a>'),
    ("everything is hidden", '<div style="opacity:1;display: none">All of it</div>',
     "<div>All of it</div>"),
    # ---- addresses
    ("a footnote", '<a href="#fn1">1</a><p id="fn1">Note</p><p id="x">',
     f'<a href="#{PREFIX}fn1" {REL}>1</a><p id="{PREFIX}fn1">Note</p><p></p>'),
    ("an old footnote", '<a href="#fn1">1</a><a name="fn1">Note</a>',
     f'<a href="#{PREFIX}fn1" {REL}>1</a><a id="{PREFIX}fn1" {REL}>Note</a>'),
    ("a place that is not in the text", '<a href="#comments">3</a>',
     f'<a href="{ARTICLE}#comments" {REL}>3</a>'),
    ("the article itself", '<a href="">here</a><a href="?p=2">on</a>',
     f'<a href="{ARTICLE}" {REL}>here</a><a href="{ARTICLE}?p=2" {REL}>on</a>'),
    ("a base inside the text", '<div xml:base="/z/"><a href="q">q</a></div><a href="q">q</a>',
     f'<div><a href="https://outlet.example/z/q" {REL}>q</a></div>'
     f'<a href="{ARTICLE}q" {REL}>q</a>'),
    ("an id that is none", '<a href="#a b">1</a><p id="a b">x',
     f'<a href="{ARTICLE}#a%20b" {REL}>1</a><p>x</p>'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_an_outlets_html(given: str, expected: str) -> None:
    """Every part of a text is shown as far as it can be, and nothing else is."""
    safe = sanitize(rewrite(given, ARTICLE), ARTICLE)

    assert safe == expected
    assert sanitize(rewrite(safe, ARTICLE), ARTICLE) == safe


def test_an_id_of_the_page_cannot_be_taken() -> None:
    """Whatever a text says, all its ids have the prefix of its own article."""
    text = f'<a href="#{PREFIX}x">1</a><p id="{PREFIX}x">a<p id="desk">b<a href="#desk">c</a>'
    safe = sanitize(rewrite(text, ARTICLE), ARTICLE)

    assert f'id="{PREFIX}x"' in safe
    assert f'id="{PREFIX}desk"' in safe
    assert 'id="desk"' not in safe
    assert id_prefix("https://outlet.example/another") != PREFIX


def test_the_words_of_an_embed_are_limited() -> None:
    """A frame's title is no article."""
    frame = f'<iframe src="https://v.example/1" title="{"word " * 100}"></iframe>'

    assert len(rewrite(frame, ARTICLE)) < 300


def test_a_text_of_placeholders_takes_time_in_proportion() -> None:
    """Thousands of hidden elements, frames and links, nested or side by side."""
    for piece in ("<div hidden>", '<iframe src="/a">', '<a href="#a"><p id=a>', "<noscript><img>"):
        assert len(sanitize(rewrite(piece * 3000, ARTICLE), ARTICLE)) < 2_000_000
