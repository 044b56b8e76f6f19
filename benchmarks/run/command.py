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
        """Does the whole experiment."""
        from benchmarks.implementations import check_names
        from benchmarks.report.material import Found, Material
        from benchmarks.report.page import write_page
        from benchmarks.run.measure import train_all
        from benchmarks.run.pictures import save_pictures
        from benchmarks.runner.conduct import keep, say
        from benchmarks.runner.output_folder import output_folder

        allow_float64(self.experiment)
        names = check_names(self.impl)
        with output_folder(self.out, "run") as folder:
            raw = context.load_images(self.images)
            results = train_all(names, self.experiment, raw, context, folder, in_bulk=self.in_bulk)
            save_pictures(folder, results, raw)
            source = f"{folder.resolve().name}/results.json"
            found = Found(record=results, source=source, folder=folder)
            page = write_page(folder, Material(found=(found,)), lambda _: raw)
            keep(results, folder, "results.json")
        say(results, context)
        context.say(f"outputs: {folder}")
        context.say(f"everything on one page: {page}")
        return STATUS_DONE
