"""`twins speed`: checks every rung, times it, and holds it against the machine's limit."""

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.display.style import save_figure
from benchmarks.options import Context
from benchmarks.runner.output_folder import output_folder
from benchmarks.speed.against import against_table, read_comparable
from benchmarks.speed.campaign import Campaign
from benchmarks.speed.command import SpeedCommand
from benchmarks.speed.figure import GrowthCurve, SpeedBar, draw_growth, draw_speed
from benchmarks.speed.ladder import chosen_rungs, why_not
from benchmarks.speed.machine import find_accelerator
from benchmarks.speed.results import GrowthPoint, Omission, RungResult, SpeedResults
from benchmarks.speed.table import describe_device, growth_table, ladder_table, notes
from shared.errors import InputError
from shared.timing import SpeedRung

BILLION = 1e9


def run_speed(command: SpeedCommand, context: Context) -> SpeedResults:
    """Measures everything and writes the outputs; `speed.json` after every measurement.

    Raises:
        InputError: a rung or device is unknown or not there, or the data or the
            output folder cannot be used.
        RunFailedError: not one rung could be measured.
    """
    rungs, omitted = _runnable(command)
    with output_folder(command.out, "speed") as folder:
        raw = context.load_images(command.images)
        campaign = Campaign(command, context, raw, folder)
        earlier = command.against and read_comparable(command.against, campaign.blank)
        results = campaign.measure(rungs, omitted)
        figures = folder / "figures"
        figures.mkdir()
        _draw(results, figures)
    _conclude(context, results, folder)
    if earlier:
        context.console.print(against_table(earlier, results))
    return results


def _runnable(command: SpeedCommand) -> tuple[tuple[SpeedRung, ...], tuple[Omission, ...]]:
    """The rungs to measure, and those that were not asked for by name and cannot run here.

    Raises:
        InputError: there is no such device; or a rung that was named cannot run here.
    """
    if command.device == "gpu" and find_accelerator() is None:
        raise InputError("no GPU answers nvidia-smi here: use --device cpu")
    chosen = chosen_rungs(command.rungs)
    reasons = {rung.name: why_not(rung, command.device) for rung in chosen}
    omitted = tuple(Omission(name=name, reason=why) for name, why in reasons.items() if why)
    if omitted and command.rungs:
        text = "; ".join(f"{each.name}: {each.reason}" for each in omitted)
        raise InputError(
            f"rungs that cannot run here ({text}): leave them out of --rungs, or install what is "
            "missing (pip install 'fashion-twins[peers]')"
        )
    return tuple(rung for rung in chosen if reasons[rung.name] is None), omitted


def _draw(results: SpeedResults, figures: Path) -> None:
    device, dataset = describe_device(results), results.dataset.name
    figure = draw_speed(tuple(map(_bar, results.rungs)), _limit_seconds(results), title=device)
    save_figure(figure, figures / "speed.png", dataset)
    if results.by_batch_size:
        curves = _curves(results.by_batch_size, lambda point: point.experiment.batch_size)
        figure = draw_growth(curves, label="batch size", title=device)
        save_figure(figure, figures / "batch-sizes.png", dataset)
    if results.by_width:
        curves = _curves(results.by_width, lambda point: point.experiment.hidden_sizes[0])
        figure = draw_growth(curves, label="units of the first hidden layer", title=device)
        save_figure(figure, figures / "widths.png", dataset)


def _bar(rung: RungResult) -> SpeedBar:
    return SpeedBar(
        label=f"{rung.framework}: {rung.idea}",
        framework=rung.framework,
        median=rung.median,
        low=rung.low,
        high=rung.high,
        samples=rung.epoch_seconds,
    )


def _limit_seconds(results: SpeedResults) -> dict[str, float]:
    if results.environment.accelerator is not None:
        return {}
    billions = results.rungs[0].operations / BILLION
    return {
        "limit of one core": billions / results.limits.one_core.large_product,
        "limit of the machine": billions / results.limits.machine.large_product,
    }


def _curves(
    points: Sequence[GrowthPoint], value_of: Callable[[GrowthPoint], float]
) -> tuple[GrowthCurve, ...]:
    """A curve for each rung."""
    names = dict.fromkeys(point.rung.name for point in points)
    return tuple(
        _curve(sorted((p for p in points if p.rung.name == name), key=value_of), value_of)
        for name in names
    )


def _curve(points: Sequence[GrowthPoint], value_of: Callable[[GrowthPoint], float]) -> GrowthCurve:
    rung = points[0].rung
    return GrowthCurve(
        label=f"{rung.framework}: {rung.idea}",
        framework=rung.framework,
        values=[value_of(point) for point in points],
        medians=[point.rung.median for point in points],
        lows=[point.rung.low for point in points],
        highs=[point.rung.high for point in points],
    )


def _conclude(context: Context, results: SpeedResults, folder: Path) -> None:
    context.console.print(ladder_table(results))
    for points, heading in (
        (results.by_batch_size, "batch size"),
        (results.by_width, "first hidden layer"),
    ):
        if points:
            context.console.print(growth_table(points, heading))
    for note in notes(results):
        context.console.print(note, soft_wrap=True)
    context.say(f"outputs: {folder}")
