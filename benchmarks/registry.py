"""What commands there are, by their modules: nothing is imported before it is used."""

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
}
"""In the order of the help."""
