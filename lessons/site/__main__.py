"""The edge of `make lessons` and `make notebooks`: reads arguments, sets the exit status."""

import argparse
import sys
from pathlib import Path

from lessons.catalogue import choose_lessons, find_lessons
from lessons.site.build import build_site, write_notebooks
from shared.errors import InputError, RunFailedError


def main() -> int:
    """Builds the site, or renews notebooks; returns the exit status."""
    options = _parser().parse_intermixed_args()
    try:
        entries = choose_lessons(tuple(options.numbers)) or find_lessons()
        if options.only_notebooks:
            write_notebooks(options.folder, entries, _tell)
        else:
            build_site(options.folder, entries, _tell, notebooks=not options.without_notebooks)
    except InputError as error:
        print(f"lessons: {error}", file=sys.stderr)
        return 2
    except RunFailedError as error:
        print(f"lessons: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lessons: interrupted; nothing was changed", file=sys.stderr)
        return 130
    print(f"{len(entries)} lessons are in {options.folder}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lessons.site", description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write")
    parser.add_argument("numbers", type=int, nargs="*", help="lessons to build; all, if none given")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--only-notebooks", action="store_true", help="write notebooks, no pages")
    what.add_argument("--without-notebooks", action="store_true", help="write pages only")
    return parser


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
