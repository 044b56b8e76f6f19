"""`python -m tests.mutants`: climbs with all, and writes `benchmarks/results/mutants.json`.

`python -m tests.mutants NAME…` climbs with the mutants and variants in whose name one of these
is found, tells where each ended, and writes nothing.
"""

import sys
import time
from collections.abc import Iterator, Sequence

from benchmarks.docs_tables import RESULTS
from benchmarks.mutants.results import MutantRecord, MutantResults, SeedRecord, VariantRecord
from benchmarks.runner.records import write_json
from tests.mutants.climbs import (
    NUM_SEEDS,
    PORTS,
    climb_with_mutant,
    climb_with_seed,
    climb_with_variant,
)


def climb_with_all(words: Sequence[str]) -> Iterator[MutantRecord | VariantRecord | SeedRecord]:
    """Mutants and variants of each example, then the seeds, unless words choose."""
    for example, ports in PORTS.items():
        for mutant in ports.MUTANTS:
            if is_chosen(mutant.name, words):
                yield climb_with_mutant(example, mutant)
        for variant in ports.VARIANTS:
            if is_chosen(variant.name, words):
                yield climb_with_variant(example, variant)
    for example in () if words else PORTS:
        for dtype in ("float64", "float32"):
            for seed in range(1, NUM_SEEDS + 1):
                yield climb_with_seed(example, dtype, seed)


def is_chosen(name: str, words: Sequence[str]) -> bool:
    """Whether one of the words is in a name; any name, if there is none."""
    return not words or any(word in name for word in words)


def told(record: MutantRecord | VariantRecord | SeedRecord) -> str:
    """A record in one line."""
    match record:
        case MutantRecord():
            verdict = "in place" if record.is_in_place else "ELSEWHERE"
            verdict = verdict if record.is_rejected else "ESCAPED"
            found = f"{record.found_rung}, {record.found_tensor or record.sentence}"
            expected = f"{record.expected_rung}, {record.expected_layer}"
            return f"{verdict}: {record.example}, {record.mutant}: {found} (expected {expected})"
        case VariantRecord():
            verdict = "passed" if record.has_passed else "FALSE ALARM"
            return f"{verdict}: {record.example}, {record.variant} {record.sentence}"
        case SeedRecord():
            verdict = "passed" if record.has_passed else "FALSE ALARM"
            text = f"{record.dtype}, seed {record.seed}, {record.excess} of the tolerance"
            return f"{verdict}: {record.example}, {text} {record.sentence}"


def main(words: Sequence[str]) -> None:
    """Climbs, tells, and writes unless only some were chosen."""
    start, records = time.perf_counter(), []
    for record in climb_with_all(words):
        records.append(record)
        print(f"{time.perf_counter() - start:6.0f} s  {told(record)}", flush=True)
    if not words:
        results = MutantResults(
            mutants=tuple(each for each in records if isinstance(each, MutantRecord)),
            variants=tuple(each for each in records if isinstance(each, VariantRecord)),
            seeds=tuple(each for each in records if isinstance(each, SeedRecord)),
        )
        write_json(results, RESULTS / "mutants.json")


if __name__ == "__main__":
    main(sys.argv[1:])
