"""`python -m aggregator`: the command line."""

import os
import sys

if not sys.flags.safe_path:  # Python puts the current folder first, where anything may lie
    try:
        here = os.getcwd()  # noqa: PTH109 - pathlib would be imported from there
    except FileNotFoundError:
        here = ""
    if sys.path and sys.path[0] in ("", here):
        del sys.path[0]

from aggregator.cli import main

if __name__ == "__main__":
    main()
