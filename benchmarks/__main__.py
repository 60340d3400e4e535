"""`python -m benchmarks [ingest]`: measure, print, and write docs/measurements.md."""

import sys
from pathlib import Path

from benchmarks import ingest

DOCUMENT = Path(__file__).parent.parent / "docs" / "measurements.md"


def main() -> None:
    """Run the benchmark that is named, or all."""
    names = sys.argv[1:] or ["ingest"]
    if names != ["ingest"]:
        raise SystemExit("usage: python -m benchmarks [ingest]")
    text = ingest.report()
    DOCUMENT.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
