"""`twins run`: its options."""

from dataclasses import dataclass

from benchmarks.options import STATUS_DONE, Context, Implementations, ResumeOptions, allow_float64


@dataclass(frozen=True, kw_only=True)
class RunCommand(ResumeOptions):
    """Train the documented experiment in each implementation and compare the figures.

    With --resume, a larger --num-epochs adds epochs.
    """

    impl: Implementations = ()
    in_bulk: bool = False
    """Let each framework run many steps at a time where it can: the same numbers sooner, but
    not in the seconds that the documented way to train takes."""

    def execute(self, context: Context) -> int:
        """Does the whole experiment, or the rest of it."""
        from benchmarks.implementations import check_names
        from benchmarks.report.material import Found, Material
        from benchmarks.report.page import write_page
        from benchmarks.run.measure import check_resumable, train_all
        from benchmarks.run.pictures import save_pictures
        from benchmarks.run.results import RunPlan
        from benchmarks.runner.conduct import keep, say, study_folder
        from benchmarks.runner.plan import RUN_PLAN
        from benchmarks.runner.records import write_json
        from shared.data.dataset import describe

        allow_float64(self.experiment)
        names = check_names(self.impl)
        raw = context.load_images(self.images)
        plan = RunPlan(
            dataset=describe(raw),
            experiment=self.experiment,
            environment=context.describe_environment(),
            implementations=names,
            in_bulk=self.in_bulk,
        )
        if self.resume is not None:
            check_resumable(self.resume, plan)
        with study_folder(context, "run", self.out, self.resume) as folder:
            if self.resume is None:
                write_json(plan, folder / RUN_PLAN)
            results = train_all(plan, raw, context, folder)
            save_pictures(folder, results, raw)
            source = f"{folder.resolve().name}/results.json"
            found = Found(record=results, source=source, folder=folder)
            page = write_page(folder, Material(found=(found,)), lambda _: raw)
            keep(results, folder, "results.json")
        say(results, context)
        context.say(f"outputs: {folder}")
        context.say(f"everything on one page: {page}")
        return STATUS_DONE
