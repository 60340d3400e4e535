"""Remove what readers of the outlet's own page would not see."""

import re

from selectolax.lexbor import LexborNode

from aggregator.ingest.clean.rewrite.tree import outermost

__all__ = ["remove_hidden"]

_HIDING_STYLE = re.compile(
    r"(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all"
    r"|(?:max-height|font-size|line-height|opacity)\s*:\s*0(?:\.0)?(?:px|em|%|pt)?\s*(?:;|!|$)"
    r"|font-size\s*:\s*1px)",
    re.IGNORECASE,
)
_HIDDEN = (
    "[hidden], [style], [class~=screen-reader-text], [class~=sr-only], [class~=visually-hidden]"
)
_CONTROLS = "button, select, textarea, input, template, datalist"
"""Parts of forms, which do nothing in a feed reader."""


def remove_hidden(body: LexborNode) -> None:
    """Remove hidden elements, such as the preview text of a newsletter, and form controls.

    If all words are hidden, none are removed: a script of the outlet's page would show them.
    """
    hidden = outermost(node for node in body.css(_HIDDEN) if _is_hidden(node))
    count = sum(len(node.text().strip()) for node in hidden)
    if count and count >= len(body.text().strip()):
        hidden = []
    for node in hidden:
        node.decompose()
    for control in outermost(body.css(_CONTROLS)):
        control.decompose()


def _is_hidden(node: LexborNode) -> bool:
    if node.tag == "img":  # a counter, which a licence may demand
        return False
    style = node.attrs.get("style")
    is_marked = style is None or "hidden" in node.attrs
    return is_marked or bool(_HIDING_STYLE.search(style or ""))
