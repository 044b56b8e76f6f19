"""`twins predict`: its options."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from benchmarks.options import (
    STATUS_BAD_INPUT,
    STATUS_DONE,
    Context,
    Implementations,
    allow_float64,
)
from shared.errors import InputError


@dataclass(frozen=True, kw_only=True)
class PredictCommand:
    """Say which garment is on a picture: each implementation's three most probable classes.

    A picture may be light on dark, dark on light or a cut-out on transparency. Its ground
    should be plain: what differs from it is cut out, and put on 28×28 grey pixels as the
    images that the network was trained on are. A picture that cannot be used is named in one
    line, the others are predicted all the same, and the exit status is 2.
    """

    pictures: Annotated[
        tyro.conf.Positional[tuple[Path, ...]],
        tyro.conf.arg(metavar="IMAGE...", help_behavior_hint=""),
    ] = ()
    """PNG, JPEG, WebP, GIF, BMP or TIFF files (50 MB and 60 million pixels at most, not animated),
    and folders: the picture files in them by name, without hidden ones and folders within."""
    weights: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="")] = None
    """Safetensors file whose weights every implementation predicts with."""
    run: Annotated[Path | None, tyro.conf.arg(metavar="DIR", help_behavior_hint="")] = None
    """Output folder of a finished `twins run`; each implementation predicts with the weights
    that it trained there. The latest one under runs/, if neither is given."""
    impl: Implementations = ()
    figure: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="")] = None
    """New file to draw each picture into, what the network sees of it, and the predictions; its
    suffix, .png, .svg or .pdf, is its format."""

    def __post_init__(self) -> None:
        if not self.pictures:
            raise InputError("nothing to predict: name pictures, `twins predict boot.jpg`")
        if self.weights is not None and self.run is not None:
            raise InputError("--weights names one file for all and --run a whole run: give one")

    def execute(self, context: Context) -> int:
        """Predicts what can be read; the rest is bad input.

        Raises:
            InputError: there are no weights, or the figure cannot be written.
            RunFailedError: an implementation failed.
        """
        import sys

        from benchmarks.predict.study import run_predict
        from benchmarks.predict.weights import find_weights

        weights = find_weights(self.run, self.weights, self.impl)
        allow_float64(weights.experiment)
        problems = run_predict(self, weights, context.console)
        for problem in problems:
            print(f"twins: {problem}", file=sys.stderr)
        return STATUS_BAD_INPUT if problems else STATUS_DONE
