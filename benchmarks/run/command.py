"""`twins run`: its options."""

from dataclasses import dataclass

from benchmarks.options import STATUS_DONE, Context, Implementations, TrainingOptions, allow_float64


@dataclass(frozen=True, kw_only=True)
class RunCommand(TrainingOptions):
    """Train the documented experiment in each implementation and compare the figures."""

    impl: Implementations = ()
    in_bulk: bool = False
    """Let each framework run many steps at a time where it can: the same numbers sooner, but
    not in the seconds that the documented way to train takes."""

    def execute(self, context: Context) -> int:
        """Does the whole experiment.

        Raises:
            InputError: an implementation, the data or the output folder cannot be used.
            RunFailedError: a training failed.
        """
        from benchmarks.run.study import run

        allow_float64(self.experiment)
        run(self, context)
        return STATUS_DONE
