"""Measures the bands: how far the documented figures spread from rounding alone."""

from benchmarks.drift.curves import CURVE_NUMBER, Setting
from benchmarks.drift.perturbation import with_last_bits_moved
from benchmarks.drift.results import Band
from benchmarks.runner.processes import run_side_by_side
from benchmarks.runner.progress import show_parts
from benchmarks.runner.training import ImplementationRun, TrainingJob, train
from shared.documented import DOCUMENTED_FIGURES, DocumentedFigure, is_applicable


def measure_bands(setting: Setting, implementation: str, num_runs: int) -> tuple[Band, ...]:
    """Trains `num_runs` times in full, each time from other last bits.

    Returns a band for each documented figure that runs of this length reach.

    Raises:
        RunFailedError: a training failed or diverged.
    """
    if num_runs == 0:
        return ()
    runs = _train_all(setting, implementation, num_runs)
    bands = [_band(figure, runs, setting) for figure in DOCUMENTED_FIGURES]
    return tuple(band for band in bands if band is not None)


def _train_all(setting: Setting, implementation: str, num_runs: int) -> list[ImplementationRun]:
    experiment = setting.experiment
    jobs = [
        TrainingJob(
            implementation=implementation,
            experiment=experiment,
            raw=setting.raw,
            draws=with_last_bits_moved(setting.draws, experiment, CURVE_NUMBER + number),
            folder=None,
            in_bulk=True,
        )
        for number in range(1, num_runs + 1)
    ]
    total = num_runs * experiment.num_epochs
    with show_parts(setting.console, "runs for the bands", total, "epochs") as show:
        finished = run_side_by_side(
            train,
            [(job,) for job in jobs],
            log=setting.log.with_stem(f"{setting.log.stem}-band"),
            num_processes=setting.num_processes,
            on_event=show,
            one_core_each=True,
        )
        trainings = dict(finished)
    return [trainings[index].run for index in sorted(trainings)]


def _band(figure: DocumentedFigure, runs: list[ImplementationRun], setting: Setting) -> Band | None:
    measured = [figure.measured(run.history, run.test) for run in runs]
    values = tuple(value for value in measured if value is not None)
    if not values:
        return None
    return Band(
        name=figure.name,
        documented=figure.value,
        applicable=is_applicable(figure, setting.experiment, setting.raw.name),
        values=values,
    )
