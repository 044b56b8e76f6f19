"""What a sweep says: means, equivalence, and where the documented figures lie among the seeds."""

from collections.abc import Iterator

from benchmarks.display.parts import Chart, Finding, Notes, Paragraph, Part
from benchmarks.display.tables import NO_VALUE, Cell, Outcome, Table
from benchmarks.display.words import plural
from benchmarks.implementations import title_of
from benchmarks.seeds.figure import draw_seeds
from benchmarks.seeds.results import SweepResults

TITLE = "Many seeds"
OUTCOMES: dict[str, Outcome] = {"equivalent": "good", "not shown": "plain"}


def findings(results: SweepResults) -> Iterator[Finding]:
    """Whether each implementation is as accurate as the reference."""
    for pair in results.statistics.equivalence:
        paired = pair.paired
        claim, reason = "Equal accuracy not shown", "too uncertain for a margin of"
        if paired.verdict == "equivalent":
            claim, reason = "Equally accurate", "equivalent within"
        apart = f"{100 * paired.difference:+.3f} points".replace("-", "−")
        yield Finding(
            text=f"{claim}: over {paired.num_seeds} seeds {title_of(pair.other)} and "
            f"{title_of(pair.reference)} are {apart} apart, {reason} "
            f"±{100 * paired.margin:.1f} percentage points (paired, p = {paired.p:.1g}).",
            outcome=OUTCOMES[paired.verdict],
        )


def parts(results: SweepResults) -> Iterator[Part]:
    """Every seed's accuracy, the differences with their margin, and the statistics."""
    yield Paragraph(
        text=f"Each implementation trained on the same {len(results.seeds)} seeds, "
        f"{plural(results.experiment.num_epochs, 'epoch')} each. Which seed one draws is a matter "
        "of chance; whether the framework matters is asked of the differences."
    )
    yield Chart(
        key="seeds",
        title="Test accuracy of every seed, and the differences with their margin",
        description="A dot for each seed, means with their intervals; the tables hold the numbers.",
        figure=draw_seeds(results),
    )
    yield accuracy_table(results)
    yield equivalence_table(results)
    if results.statistics.documented:
        yield documented_table(results)
    else:
        why = results.statistics.why_not_applicable
        yield Notes(items=(f"documented figures: not applicable, {why}",))
    if results.lost:
        yield Notes(
            items=tuple(
                f"seed {seed} is left out: a training of it was lost with its worker"
                for seed in results.lost
            )
        )
    yield values_table(results)


def accuracy_table(results: SweepResults) -> Table:
    """One row an implementation; per cent."""
    return Table(
        "accuracy",
        f"Test accuracy over {len(results.seeds)} seeds, {results.dataset.name}, "
        f"{plural(results.experiment.num_epochs, 'epoch')}, "
        f"randomness {results.experiment.randomness}",
        ("test accuracy", "mean", "95 % interval of the mean", "sd", "lowest", "highest"),
        [
            (
                title_of(name),
                f"{summary.mean:.2%}",
                f"{summary.mean_low:.2%} to {summary.mean_high:.2%}",
                f"{100 * summary.standard_deviation:.2f} pp",
                f"{summary.minimum:.2%}",
                f"{summary.maximum:.2%}",
            )
            for name, summary in results.statistics.test_accuracy.items()
        ],
    )


def equivalence_table(results: SweepResults) -> Table:
    """Two rows for each implementation but the reference; percentage points."""
    first = results.statistics.equivalence[0].paired
    return Table(
        "equivalence",
        f"Equally accurate within ±{100 * first.margin:.1f} percentage points (pp)? "
        f"Two one-sided tests, alpha {first.alpha}",
        ("difference", "mean", "90 % interval", "p", "verdict"),
        [
            (
                f"{title_of(pair.other)} − {title_of(pair.reference)}, {design}",
                f"{100 * test.difference:+.3f} pp",
                f"{100 * test.low:+.3f} to {100 * test.high:+.3f}",
                f"{test.p:.2g}",
                Cell(text=test.verdict, outcome=OUTCOMES[test.verdict]),
            )
            for pair in results.statistics.equivalence
            for design, test in (("paired by seed", pair.paired), ("unpaired", pair.unpaired))
        ],
    )


def documented_table(results: SweepResults) -> Table:
    """One row for each documented figure and implementation; shares, as they are documented."""
    return Table(
        "documented",
        "Where the documented figures lie among the seeds",
        ("figure", "documented", "seeds of", "mean ± sd", "z", "per cent below"),
        [
            (
                each.figure,
                f"{each.documented:.4f}",
                title_of(each.implementation),
                f"{each.sample.mean:.4f} ± {each.sample.standard_deviation:.4f}",
                NO_VALUE if each.position.z is None else f"{each.position.z:+.1f}",
                f"{each.position.percentile:.0f}",
            )
            for each in results.statistics.documented
        ],
    )


def values_table(results: SweepResults) -> Table:
    """One row a seed."""
    names = tuple(results.statistics.test_accuracy)
    columns = ([f"{each.test.accuracy:.4f}" for each in results.of(name)] for name in names)
    return Table(
        "values",
        "Test accuracy, seed by seed",
        ("seed", *map(title_of, names)),
        list(zip(map(str, results.seeds), *columns, strict=True)),
        is_hidden=True,
    )
