"""The code that a lesson shows: taken from the functions themselves, never a copy.

A lesson's own functions are at hand. The project's functions are named as
"jax_impl.train:train_epoch" and found in the text of their file: importing them would
import their framework.
"""

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from typing import Any

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, kw_only=True)
class ShownCode:
    """A function's or a class's source and where it stands.

    name: as in its module, "Twin.fit" for a method.
    path: of its file from the project's root, with slashes on every system.
    line: of its first line in that file, counted from 1; a decorator belongs to it.
    text: the source without common indentation, ending with a line feed.
    """

    name: str
    path: str
    line: int
    text: str

    @property
    def place(self) -> str:
        """File and line, as editors understand them."""
        return f"{self.path}:{self.line}"


def shown_code(shown: Callable[..., Any] | str) -> ShownCode:
    """The source of a function, or of what "module:attribute" names.

    Raises:
        LookupError: there is no such module, or nothing of that name in it.
    """
    if isinstance(shown, str):
        return _named_code(shown)
    lines, first_line = inspect.getsourcelines(shown)
    return ShownCode(
        name=shown.__qualname__,
        path=_project_path(shown.__module__, Path(inspect.getfile(shown))),
        line=first_line,
        text=dedent("".join(lines)),
    )


def read_module(module: str) -> tuple[str, str]:
    """The text of a module, found without importing it, and its path from the project's root.

    Raises:
        LookupError: there is no such module.
    """
    specification = find_spec(module)
    if specification is None or specification.origin is None:
        raise LookupError(f"there is no module {module}")
    file = Path(specification.origin)
    return file.read_text(encoding="utf-8"), _project_path(module, file)


def from_lines(name: str, path: str, lines: list[str], begin: int, end: int) -> ShownCode:
    """The lines from `begin` to `end`, counted from 1, without empty ones at either end."""
    while begin < end and not lines[begin - 1].strip():
        begin += 1
    text = dedent("".join(lines[begin - 1 : end])).rstrip() + "\n"
    return ShownCode(name=name, path=path, line=begin, text=text)


def first_line_of(node: ast.stmt) -> int:
    """The line where a statement begins, its decorators included."""
    decorators = node.decorator_list if isinstance(node, DEFINITIONS) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _named_code(name: str) -> ShownCode:
    module, _, attribute = name.partition(":")
    text, path = read_module(module)
    node = _definition(ast.parse(text), attribute, name)
    lines = text.splitlines(keepends=True)
    assert node.end_lineno is not None  # only nodes that no parser made lack it
    return from_lines(attribute, path, lines, first_line_of(node), node.end_lineno)


def _definition(module: ast.Module, attribute: str, name: str) -> Definition:
    body = module.body
    found: Definition | None = None
    for part in attribute.split("."):
        found = next(
            (node for node in body if isinstance(node, DEFINITIONS) and node.name == part), None
        )
        if found is None:
            raise LookupError(f"nothing is called {attribute} where {name} looks for it")
        body = found.body
    assert found is not None
    return found


def _project_path(module: str, file: Path) -> str:
    """The path of a module's file from the folder that its top package lies in."""
    packages = module.split(".")
    if file.name != "__init__.py":
        packages = packages[:-1]
    return "/".join([*packages, file.name])
