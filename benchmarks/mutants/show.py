"""What `docs/evidence.md` says of the mutants."""

from collections.abc import Container, Iterable, Iterator

from benchmarks.display.tables import NO_VALUE, Table
from benchmarks.mutants.results import MutantRecord, MutantResults
from parity.questions import RUNGS


def example_table(results: MutantResults) -> Table:
    """For each example and all: mutants rejected and in place; variants and seeds that passed."""
    names = dict.fromkeys(each.example for each in results.mutants)
    rows = [(name.replace("_", " "), *_shares(results, {name})) for name in names]
    rows.append(("all three", *_shares(results, names)))
    columns = ("mutants of", "rejected", "in place", "variants", "seeds float64", "seeds float32")
    return Table("mutants", "Mutants by example", columns, rows)


def rung_table(results: MutantResults) -> Table:
    """For each rung: how many mutants were expected there, and where they were found."""
    rows = []
    for rung in RUNGS:
        expected = [each for each in results.mutants if each.expected_rung == rung]
        found = [each for each in results.mutants if each.found_rung == rung and each.is_rejected]
        in_place = sum(each.is_in_place for each in expected)
        rows.append((rung, *map(str, (len(expected), in_place, len(found)))))
    columns = ("mutants at rung", "expected", "of these in place", "found in all")
    return Table("mutants-by-rung", "Mutants by rung", columns, rows)


def elsewhere_table(results: MutantResults) -> Table:
    """The mutants that escaped, or were found elsewhere than expected."""
    rows = [
        (each.mutant, each.expected_rung, each.found_rung if each.is_rejected else NO_VALUE)
        for each in out_of_place(results)
    ]
    columns = ("mutant out of place", "expected", "found")
    return Table("mutants-elsewhere", "Escaped or elsewhere", columns, rows, is_text=True)


def out_of_place(results: MutantResults) -> list[MutantRecord]:
    """Those that escaped or were found elsewhere."""
    return [each for each in results.mutants if not each.is_in_place]


def _shares(results: MutantResults, examples: Container[str]) -> Iterator[str]:
    mutants = [each for each in results.mutants if each.example in examples]
    seeds = [each for each in results.seeds if each.example in examples]
    yield _share(each.is_rejected for each in mutants)
    yield _share(each.is_in_place for each in mutants)
    yield _share(each.has_passed for each in results.variants if each.example in examples)
    for dtype in ("float64", "float32"):
        yield _share(each.has_passed for each in seeds if each.dtype == dtype)


def _share(passed: Iterable[bool]) -> str:
    given = list(passed)
    return f"{sum(given)} of {len(given)}"
