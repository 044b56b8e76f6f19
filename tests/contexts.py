"""A command's context as a test has it: printing nowhere, with folders of its own."""

from pathlib import Path

from rich.console import Console

from benchmarks.options import Context


def made_context(folder: Path, console: Console | None = None, **variables: str) -> Context:
    return Context(
        console=console or Console(quiet=True),
        variables=variables,
        words=("twins", "test"),
        home=folder / "home",
        cache=folder / "cache",
    )
