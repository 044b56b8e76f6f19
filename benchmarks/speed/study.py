"""`twins speed`: checks every rung, times it, and holds it against the machine's limit."""

from pathlib import Path

from benchmarks.display.style import save_figure
from benchmarks.display.tables import to_terminal
from benchmarks.options import Context
from benchmarks.runner.output_folder import output_folder
from benchmarks.speed.against import against_table, read_comparable
from benchmarks.speed.campaign import Campaign
from benchmarks.speed.command import SpeedCommand
from benchmarks.speed.figure import draw_growth, draw_speed
from benchmarks.speed.ladder import chosen_rungs, why_not
from benchmarks.speed.machine import find_accelerator
from benchmarks.speed.results import Omission, SpeedResults
from benchmarks.speed.table import (
    describe_device,
    growth_tables,
    ladder_table,
    notes,
    rungs_by_batch_size,
    rungs_by_width,
    short_name,
    title,
)
from shared.errors import InputError
from shared.timing import SpeedRung


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
        context.console.print(to_terminal(against_table(earlier, results)))
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
    drawn = {"speed": draw_speed(results)}
    device = describe_device(results)
    if results.by_batch_size:
        rungs = rungs_by_batch_size(results, title)
        drawn["batch-sizes"] = draw_growth(rungs, label="batch size", device=device)
    if results.by_width:
        rungs = rungs_by_width(results, title)
        label = "units of the first hidden layer"
        drawn["widths"] = draw_growth(rungs, label=label, device=device)
    for name, figure in drawn.items():
        save_figure(figure, figures / f"{name}.png", results.dataset.name)


def _conclude(context: Context, results: SpeedResults, folder: Path) -> None:
    for table in (ladder_table(results, short_name), *growth_tables(results, short_name)):
        context.console.print(to_terminal(table))
    for note in notes(results):
        context.console.print(note, soft_wrap=True)
    context.say(f"outputs: {folder}")
