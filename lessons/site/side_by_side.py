"""A file of `keras_impl/` beside its twin of `jax_impl/`: function by function, by name."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from lessons.shown_code import (
    DEFINITIONS,
    ShownCode,
    first_line_of,
    from_lines,
    read_module,
)

TWIN_FILES = ("model", "train", "implementation")
TOP = "imports and constants"
INSIDE_FIT = "Keras does this inside `fit`."
WHY_ABSENT = {
    "BatchLoss": "JAX returns the loss of every step anyway.",
    "Observer": "The loop is written out in JAX, so its figures and its clock are at hand.",
    "GradientsIntoWeights": "In JAX gradients are values that a function returns.",
    "Classifier": "Keras puts the network together from its layers, in `build_model`.",
    "loss_fn": "Keras does this inside `fit`, from the loss that `compile` was told.",
    "train_step": INSIDE_FIT,
    "train_epoch": INSIDE_FIT,
    "run_epoch": INSIDE_FIT,
    "_epoch_orders": "Where no orders are given, Keras shuffles inside `fit`.",
    "CompiledEpochs": "Keras' model keeps what was compiled for it.",
    "build_recording": "JAX's scan returns the loss of every step anyway.",
    "build_in_bulk": "JAX's scan does all steps of an epoch in one call anyway.",
    "to_device": "Keras takes NumPy arrays and moves them by itself.",
}
"""What stands where one of the two has no counterpart."""


@dataclass(frozen=True, kw_only=True)
class CodeRow:
    """What stands side by side; None where only the other side has it."""

    name: str
    keras: ShownCode | None
    jax: ShownCode | None

    @property
    def why_absent(self) -> str:
        """Why one side has nothing here; empty where both have something."""
        return WHY_ABSENT.get(self.name, "")


def compare_files(file: str) -> list[CodeRow]:
    """Rows of `keras_impl/FILE.py` and `jax_impl/FILE.py`; together they hold all code of both.

    Classes that both have are compared method by method.
    """
    keras, jax = f"keras_impl.{file}", f"jax_impl.{file}"
    both = _class_names(keras) & _class_names(jax)
    return align(blocks_of(keras, both), blocks_of(jax, both))


def align(keras: Sequence[ShownCode], jax: Sequence[ShownCode]) -> list[CodeRow]:
    """Pairs blocks of the same name, keeping the order of both sides."""
    matcher = SequenceMatcher(
        None, [block.name for block in keras], [block.name for block in jax], autojunk=False
    )
    rows = []
    for tag, first, last, other_first, other_last in matcher.get_opcodes():
        left, right = keras[first:last], jax[other_first:other_last]
        if tag == "equal":
            rows += [CodeRow(name=k.name, keras=k, jax=j) for k, j in zip(left, right, strict=True)]
        else:
            rows += [CodeRow(name=block.name, keras=block, jax=None) for block in left]
            rows += [CodeRow(name=block.name, keras=None, jax=block) for block in right]
    return rows


def blocks_of(module: str, opened: set[str]) -> list[ShownCode]:
    """A module cut into its functions and classes; each takes along what stands before it.

    The classes in `opened` are cut into their methods, named as "Twin.fit": the two
    classes are called after their framework, and stand side by side all the same.
    """
    text, path = read_module(module)
    lines = text.splitlines(keepends=True)
    blocks: list[ShownCode] = []
    begin = 1
    for name, end in _cuts(ast.parse(text), opened):
        blocks.append(from_lines(name, path, lines, begin, end))
        begin = end + 1
    return blocks


def _cuts(module: ast.Module, opened: set[str]) -> list[tuple[str, int]]:
    """Names of blocks and their last lines, in order."""
    is_definition = [isinstance(node, DEFINITIONS) for node in module.body]
    first = is_definition.index(True) if True in is_definition else len(module.body)
    cuts = [(TOP, _end(module.body[first - 1]))] if first else []
    for node in module.body[first:]:
        if isinstance(node, ast.ClassDef) and _common_name(node.name) in opened:
            cuts += _cuts_of_class(node)
        elif isinstance(node, DEFINITIONS):
            cuts.append((node.name, _end(node)))
    return cuts


def _cuts_of_class(node: ast.ClassDef) -> list[tuple[str, int]]:
    methods = [part for part in node.body if isinstance(part, DEFINITIONS)]
    name = _common_name(node.name)
    head = (name, first_line_of(methods[0]) - 1)
    return [head, *((f"{name}.{method.name}", _end(method)) for method in methods)]


def _common_name(class_name: str) -> str:
    """`Twin` for `KerasTwin` and `JaxTwin`."""
    return class_name.removeprefix("Keras").removeprefix("Jax")


def _class_names(module: str) -> set[str]:
    """Classes of a module that have methods."""
    text, _ = read_module(module)
    return {
        _common_name(node.name)
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef)
        and any(isinstance(part, DEFINITIONS) for part in node.body)
    }


def _end(node: ast.stmt) -> int:
    assert node.end_lineno is not None  # only nodes that no parser made lack it
    return node.end_lineno
