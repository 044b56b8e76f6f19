"""What there is by name: commands, implementations, rungs; imported when they are used."""

COMMANDS = {
    "run": "benchmarks.run.command:RunCommand",
    "parity": "benchmarks.parity.command:ParityCommand",
    "swap": "benchmarks.swap.command:SwapCommand",
    "predict": "benchmarks.predict.command:PredictCommand",
    "seeds": "benchmarks.seeds.command:SeedsCommand",
    "drift": "benchmarks.drift.command:DriftCommand",
    "defaults": "benchmarks.defaults.command:DefaultsCommand",
    "speed": "benchmarks.speed.command:SpeedCommand",
    "report": "benchmarks.report.command:ReportCommand",
    "data": "benchmarks.data.command:DataCommand",
    "lessons": "lessons.command:LessonsCommand",
    "quiz": "lessons.exercises.command:QuizCommand",
}
"""In the order of the help."""

STUDIES = {
    "run": "benchmarks.run.results:Results",
    "parity": "benchmarks.parity.results:ParityReport",
    "swap": "benchmarks.swap.results:SwapReport",
    "drift": "benchmarks.drift.results:Drift",
    "seeds": "benchmarks.seeds.results:SweepResults",
    "defaults": "benchmarks.defaults.results:DefaultsResults",
    "speed": "benchmarks.speed.results:SpeedResults",
}
"""The commands that leave a record, and its type, in the order of a report's page. What a record
says to a reader stands in the module `show` beside `results`."""

IMPLEMENTATIONS = {"keras": "keras_impl", "jax": "jax_impl", "torch": "peers.pytorch"}
"""Their packages, the reference first. Each has a `TITLE`, a peer also what it needs, and a module
`implementation` with `build`, see `shared/protocol.py`."""

DEFAULTS_LADDERS = {"jax": "jax_impl.defaults"}
"""Packages with a ladder of defaults, which import no framework before `build_port(experiment,
habits)` makes a port. Each rung of their `LADDER` has a `name`, a `change`, in a sentence what the
rung before did not do, and `habits`: a frozen dataclass of words, and whether the port
`takes_weights` and `takes_orders` that it is given. The last one is the reference port."""

MANY_SEEDS = {"jax": "jax_impl.many_seeds:fit_many"}
"""What trains many seeds at once, where an implementation can."""

SPEED_RUNGS = (
    "keras_impl.speed",
    "jax_impl.speed",
    "peers.scikit_learn.speed",
    "peers.pytorch.speed",
)
"""Packages that list `RUNGS`, from the bottom of the ladder up; see `shared/timing.py`."""
