"""`twins speed`: checks every rung, times it, and holds it against the machine's limit."""

from benchmarks.display.tables import to_terminal
from benchmarks.options import Context
from benchmarks.runner.conduct import keep, say
from benchmarks.runner.output_folder import output_folder
from benchmarks.speed.against import against_table, read_comparable
from benchmarks.speed.campaign import RESULTS_FILE, Campaign
from benchmarks.speed.command import SpeedCommand
from benchmarks.speed.ladder import chosen_rungs, why_not
from benchmarks.speed.machine import find_accelerator
from benchmarks.speed.results import Omission, SpeedResults
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
        keep(results, folder, RESULTS_FILE)
    say(results, context)
    context.say(f"outputs: {folder}")
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
