"""`twins predict` as a user meets it: files and folders, one line for each bad one, a figure."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.__main__ import main
from benchmarks.predict.figure import draw_predictions
from benchmarks.predict.measure import PreparedPicture, prepare_pictures
from benchmarks.predict.picture import find_pictures, names_of
from benchmarks.predict.table import AGREED, NOT_AGREED, prediction_table
from benchmarks.runner.output_folder import output_folder
from shared.data.dataset import CLASS_NAMES
from shared.experiment import Experiment
from shared.oracle import build as build_oracle
from shared.parameters import save_parameters
from tests.command import DeadlyPath, twins
from tests.test_predict_weights import made_parameters, made_run


def save_picture(path: Path) -> Path:
    image = Image.new("L", (50, 40))
    image.paste(200, (10, 10, 40, 25))
    image.save(path)
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a file of weights."""
    save_parameters(made_parameters(4), tmp_path / "some.safetensors")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_stands_for_its_pictures_by_name(tmp_path: Path):
    (tmp_path / "inner.png").mkdir()
    for name in ("b.png", "a.JPG", ".hidden.png", "notes.txt", "c.tiff", "inner.png/d.png"):
        (tmp_path / name).touch()
    named = tmp_path / "notes.txt"
    expected = [named, *(tmp_path / name for name in ("a.JPG", "b.png", "c.tiff"))]
    assert find_pictures((named, tmp_path)) == expected
    assert names_of([Path("a/x.png"), Path("b/x.png")]) == ["a/x.png", "b/x.png"]


def test_a_file_that_ends_its_reader_is_left_behind(tmp_path: Path):
    sound = save_picture(tmp_path / "a.png")
    paths = [sound, *[DeadlyPath("deadly.png")] * 2, sound]
    first, *deadly, last = prepare_pictures(paths, tmp_path, with_preview=False)
    assert isinstance(first, PreparedPicture)
    assert isinstance(last, PreparedPicture)
    says = "deadly.png cannot be decoded (the process ended with status 7): leave it out"
    assert deadly == [says, says]


def test_each_bad_picture_is_one_line_and_nobody_predicts(
    here: Path, capfd: pytest.CaptureFixture[str]
):
    os.mkfifo("pipe.png")  # to open it would wait for ever
    (here / "empty.png").touch()
    (here / "\x1b[31m\udcff\n.png").write_text("no picture")
    (here / "folder").mkdir()
    with (here / "large.png").open("wb") as file:
        file.truncate(10**12)  # takes no room on the disk
    broken = here / "broken.tif"
    Image.effect_noise((64, 64), 90).save(broken, compression="tiff_lzw")
    content = bytearray(broken.read_bytes())
    content[100:400] = b"\x07" * 300  # its decoder complains of this by itself
    broken.write_bytes(content)
    others = ("nowhere.png", os.devnull, "folder", "x" * 5_000)
    assert main(["predict", ".", *others, "--weights", "some.safetensors"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    parts = (
        *("�[31m��.png is no picture", "broken.tif is damaged", "empty.png is empty: name "),
        *(
            "large.png cannot be read (1,000,000,000,000 bytes, more",
            "pipe.png cannot be read (no ",
        ),
        *("nowhere.png cannot be read (No such", "null cannot be read (no ordinary file"),
        *("folder holds no picture itself", "xxx cannot be read (File name too"),
    )
    for line, part in zip(err.splitlines(), parts, strict=True):
        assert re.match("twins: .*: (name|save)", line)
        assert part in line


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("", "name pictures, `twins predict boot.jpg`"),
        ("a.png --run . --weights some.safetensors", "give one"),
        ("a.png", "train with `twins run`"),
        ("a.png --weights some.safetensors --impl mxnet", "--impl takes"),
        ("a.png --weights some.safetensors --figure a.png", "is there already"),
        ("a.png --weights some.safetensors --figure link.png", "is there already"),
        ("a.png --weights some.safetensors --figure figure.gif", ".png, .svg, .pdf"),
        ("a.png --weights some.safetensors --figure nowhere/figure.png", "make it first"),
        (f"{'a.png ' * 51} --weights some.safetensors --figure b.png", "51 pictures are too many"),
    ],
)
def test_bad_options_are_one_clear_line_before_the_work(
    here: Path, capfd: pytest.CaptureFixture[str], arguments: str, says: str
):
    before = save_picture(here / "a.png").read_bytes()
    (here / "link.png").symlink_to("nowhere.png")
    assert main(["predict", *arguments.split()]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert re.fullmatch(f"twins: .*{re.escape(says)}.*\n", err)
    assert (here / "a.png").read_bytes() == before
    assert not (here / "nowhere.png").exists()


SURE = np.array([0.0, 0.7, 0.1, 0.2, *[0.0] * 6], np.float32)
UNSURE = np.array([0.25, 0.2, 0.25, 0.3, *[0.0] * 6], np.float32)
GARMENT, PREVIEW = np.eye(28, dtype=np.uint8) * 255, np.full((40, 30, 3), 250, np.uint8)
PICTURES = [PreparedPicture(name, GARMENT, False, PREVIEW) for name in ("$a_{b$.png", "x" * 90)]
PROBABILITIES = {"keras": np.array([SURE, SURE]), "jax": np.array([UNSURE, SURE])}


def test_the_table_compares_the_three_most_probable_classes():
    sure = "Trouser      70.00%\nDress        20.00%\nPullover     10.00%"
    unsure = "Dress        30.00%\nT-shirt/top  25.00%\nPullover     25.00%"
    table = prediction_table(PICTURES, PROBABILITIES)
    assert [*table.columns] == ["picture", "Keras", "JAX", "agree", "probabilities\ndiffer by"]
    assert list(map(tuple, table.rows)) == [
        ("$a_{b$.png", sure, unsure, NOT_AGREED, "5.0e-01"),
        ("x" * 90, sure, sure, AGREED, "0.0e+00"),
    ]
    alone = prediction_table(PICTURES, {"jax": PROBABILITIES["jax"]})
    assert [*alone.columns] == ["picture", "JAX"]


def test_the_figure_shows_picture_garment_and_each_ones_top_three():
    figure = draw_predictions(PICTURES, PROBABILITIES)
    figure.draw_without_rendering()
    assert [axes.get_title() for axes in figure.axes[2:4]] == ["Keras", "JAX"]
    assert [axes.get_xlabel() for axes in figure.axes[::4]] == ["$a_{b$.png", f"…{'x' * 25}"]
    preview, garment = (axes.get_images()[0].get_array() for axes in figure.axes[:2])
    np.testing.assert_array_equal(preview, PREVIEW)
    np.testing.assert_array_equal(garment, GARMENT)
    labels = [label.get_text() for label in figure.axes[2].get_yticklabels()]
    assert labels == [CLASS_NAMES[label] for label in (1, 3, 2)]
    assert [text.get_text() for text in figure.axes[3].texts] == ["30.00%", "25.00%", "25.00%"]


@pytest.mark.slow
def test_the_latest_run_predicts_and_what_is_doubtful_is_never_unnoticed(here: Path):
    with output_folder(None, "run") as run:  # named as `twins run` names it
        made_run(run, "keras", "jax", dataset_name="stand-in")
    made_run(Path("runs/2001-01-01-000000-run"), "jax")
    images = np.zeros((3, 28, 28), np.uint8)
    images[:, 4:24, 4:24] = np.random.default_rng(0).integers(0, 256, (3, 20, 20))
    names = ["0.png", "1.png", f"{'a-long-name-' * 12}.png"]  # never broken: it could not be copied
    Path("pictures").mkdir()
    for name, image in zip(names, images, strict=True):
        Image.fromarray(image).save(Path("pictures", name))
    sloping = Image.linear_gradient("L").resize((90, 70))
    sloping.paste(255, (20, 10, 70, 60))
    sloping.save("sloping.png")
    arguments = ("pictures", "nowhere.png", "sloping.png", "--figure", "figure.svg")
    answer = twins("predict", *arguments, cwd=here)
    assert answer.returncode == 2
    assert re.fullmatch(r"twins: nowhere.png cannot be read \(.*\): .*\n", answer.stderr)
    assert "weights trained on stand-in images, not Fashion-MNIST" in answer.stdout
    assert f"weights: {run}, each implementation its own, after 1 epoch (784→4→10" in answer.stdout
    best, oracle = [], build_oracle(Experiment(hidden_sizes=(4,)))
    for seed in range(2):
        oracle.set_parameters(made_parameters(4, seed=seed))
        probabilities = oracle.predict(images.astype(np.float32) / 255).probabilities
        best.append([(CLASS_NAMES[row.argmax()], f"{row.max():.2%}") for row in probabilities])
    rows = re.findall(r"^(\S+\.png) +(.+?) +(\S+%) +(.+?) +(\S+%)", answer.stdout, re.MULTILINE)
    expected = [(name, *keras, *jax) for name, keras, jax in zip(names, *best, strict=True)]
    assert rows[:3] == expected
    assert f"{names[2]}: no implementation is sure (" in answer.stdout  # the weights are random
    assert re.findall("(.*): its ground is not plain", answer.stdout) == ["sloping.png"]
    assert "stand-in images, not Fashion-MNIST" in Path("figure.svg").read_text()
