"""`python -m benchmarks [ingest] [memory] [week] [fuzz]`: measure, print, and write down.

Each benchmark has its section of docs/measurements.md, and writes that alone.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import fuzz, ingest, memory, week

DOCUMENT = Path(__file__).parent.parent / "docs" / "measurements.md"

SECTIONS: dict[str, Callable[[], str]] = {
    "ingest": ingest.report,
    "memory": memory.report,
    "week": week.report,
    "fuzz": fuzz.report,
}


def main() -> None:
    """Run the benchmarks that are named, or all."""
    names = sys.argv[1:] or list(SECTIONS)
    if unknown := set(names) - set(SECTIONS):
        raise SystemExit(
            f"There is no benchmark {unknown.pop()!r}; there are {', '.join(SECTIONS)}."
        )
    for name in names:
        text = SECTIONS[name]()
        print(text)
        page = DOCUMENT.read_text(encoding="utf-8")
        DOCUMENT.write_text(_with_section(page, name, text), encoding="utf-8")


def _with_section(page: str, name: str, text: str) -> str:
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    section = f"{begin}\n{text.strip()}\n\n{end}"
    if begin not in page:
        return f"{page.rstrip()}\n\n{section}"
    return re.sub(f"{begin}.*?{end}", lambda _: section, page, flags=re.DOTALL)


if __name__ == "__main__":
    main()
