"""`twins predict`: its options, and what it does."""

import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import tyro

from benchmarks.options import STATUS_BAD_INPUT, STATUS_DONE, Context, Implementations, option
from shared.errors import InputError

FIGURE_SUFFIXES = (".png", ".svg", ".pdf")
MOST_PICTURES = 50  # taller figures are no figures any more


@dataclass(frozen=True, kw_only=True)
class PredictCommand:
    """Say which garment is on a picture: each implementation's three most probable classes.

    A picture may be light on dark, dark on light or a cut-out on transparency. Its ground
    should be plain: what differs from it is cut out, and put on 28×28 grey pixels as the
    images that the network was trained on are. A picture that cannot be used is named in one
    line, the others are predicted all the same, and the exit status is 2.
    """

    pictures: Annotated[tyro.conf.Positional[tuple[Path, ...]], option("IMAGE...")] = ()
    """PNG, JPEG, WebP, GIF, BMP or TIFF files (50 MB and 60 million pixels at most, not animated),
    and folders: the picture files in them by name, without hidden ones and folders within."""
    weights: Annotated[Path | None, option("FILE")] = None
    """Safetensors file whose weights every implementation predicts with."""
    run: Annotated[Path | None, option("DIR")] = None
    """Output folder of a finished `twins run`; each implementation predicts with the weights
    that it trained there. The latest one under runs/, if neither is given."""
    impl: Implementations = ()
    figure: Annotated[Path | None, option("FILE")] = None
    """New file to draw each picture into, what the network sees of it, and the predictions; its
    suffix, .png, .svg or .pdf, is its format."""

    def __post_init__(self) -> None:
        if not self.pictures:
            raise InputError("nothing to predict: name pictures, `twins predict boot.jpg`")
        if self.weights is not None and self.run is not None:
            raise InputError("--weights names one file for all and --run a whole run: give one")

    def execute(self, context: Context) -> int:
        """Predicts what can be read; the rest is bad input."""
        from benchmarks.predict.measure import PreparedPicture, predict_pictures, prepare_pictures
        from benchmarks.predict.picture import find_pictures, shown
        from benchmarks.predict.table import say_predictions
        from benchmarks.predict.weights import find_weights

        weights = find_weights(self.run, self.weights, self.impl)
        paths = find_pictures(self.pictures)
        if self.figure is not None:
            _check_figure(self.figure, len(paths))
        with TemporaryDirectory(prefix="twins-predict-") as name:
            folder = Path(name)
            outcomes = prepare_pictures(paths, folder, with_preview=self.figure is not None)
            pictures = [each for each in outcomes if isinstance(each, PreparedPicture)]
            if pictures:
                weights.announce(context)
                probabilities = predict_pictures(pictures, weights, folder, context.console)
                say_predictions(pictures, probabilities, context)
                if self.figure is not None:
                    from benchmarks.predict.figure import draw_predictions, write_figure

                    figure = draw_predictions(pictures, probabilities)
                    write_figure(figure, self.figure, weights.dataset_name, folder)
                    context.say(f"figure: {shown(self.figure)}")
        problems = [each for each in outcomes if isinstance(each, str)]
        for problem in problems:
            print(f"twins: {problem}", file=sys.stderr)
        return STATUS_BAD_INPUT if problems else STATUS_DONE


def _check_figure(path: Path, num_pictures: int) -> None:
    """Before the work, raises InputError where the figure cannot be drawn or written there."""
    if path.suffix not in FIGURE_SUFFIXES:
        suffixes = ", ".join(FIGURE_SUFFIXES)
        raise InputError(f"{path} names no format to draw in: --figure takes names in {suffixes}")
    if path.exists() or path.is_symlink():
        raise InputError(f"{path} is there already: give --figure a new name; nothing was touched")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent} for {path.name}: make it first")
    if num_pictures > MOST_PICTURES:
        remedy = f"name {MOST_PICTURES} at most, or leave out --figure"
        raise InputError(f"{num_pictures} pictures are too many for one figure: {remedy}")
