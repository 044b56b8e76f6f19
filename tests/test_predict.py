"""`twins predict` as a user meets it: files and folders, one line for each bad one, a figure."""

import os
import re
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from benchmarks.__main__ import main
from benchmarks.display.style import save_figure
from benchmarks.predict.figure import draw_predictions
from benchmarks.predict.measure import PreparedPicture, prepare_pictures
from benchmarks.predict.picture import find_pictures
from benchmarks.predict.table import prediction_table
from benchmarks.runner.output_folder import output_folder
from shared.data.dataset import CLASS_NAMES, RawDataset, split_and_scale
from shared.experiment import Experiment
from shared.oracle import build as build_oracle
from shared.parameters import save_parameters
from tests.command import twins
from tests.deadly_path import DeadlyPath
from tests.test_predict_weights import made_parameters, made_run


def save_picture(path: Path) -> Path:
    image = Image.new("L", (50, 40))
    image.paste(200, (10, 10, 40, 25))
    image.save(path)
    return path


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "some.safetensors"
    save_parameters(made_parameters(4), path)
    return path


# --- which files


def test_a_folder_stands_for_its_pictures_by_name(tmp_path: Path):
    for name in ("b.png", "a.JPG", ".hidden.png", "notes.txt", "c.tiff"):
        (tmp_path / name).touch()
    (tmp_path / "inner.png").mkdir()
    (tmp_path / "inner.png" / "d.png").touch()
    named = tmp_path / "notes.txt"
    expected = [named, *(tmp_path / name for name in ("a.JPG", "b.png", "c.tiff"))]
    assert find_pictures((named, tmp_path)) == expected


def test_a_file_that_ends_its_reader_is_left_behind(tmp_path: Path):
    paths = [save_picture(tmp_path / "a.png"), *[DeadlyPath("deadly.png")] * 2]
    paths.append(save_picture(tmp_path / "b.png"))
    first, *deadly, last = prepare_pictures(paths, tmp_path, with_preview=False)
    assert isinstance(first, PreparedPicture)
    assert isinstance(last, PreparedPicture)
    says = "deadly.png cannot be decoded (the process ended with status 7): leave it out"
    assert deadly == [says, says]


# --- bad input


def predict(*arguments: object) -> int:
    return main(["predict", *map(str, arguments)])


def test_each_bad_picture_is_one_line_and_nobody_predicts(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
):
    os.mkfifo(tmp_path / "pipe.png")  # to open it would wait for ever
    (tmp_path / "empty.png").touch()
    (tmp_path / "\x1b[31m\udcff\n.png").write_text("no picture")
    (tmp_path / "folder").mkdir()
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(10**12)  # takes no room on the disk
    broken = tmp_path / "broken.tif"
    Image.effect_noise((64, 64), 90).save(broken, compression="tiff_lzw")
    content = bytearray(broken.read_bytes())
    content[100:400] = b"\x07" * 300  # its decoder complains of this by itself
    broken.write_bytes(content)
    others = ("nowhere.png", os.devnull, tmp_path / "folder", "x" * 5_000)
    assert predict(tmp_path, *others, "--weights", weights) == 2
    out, err = capfd.readouterr()
    assert out == ""
    parts = (
        *("�[31m��.png is no picture", "broken.tif is damaged", "empty.png is empty: name "),
        *("large.png is too large, 1,000,000,000,000 bytes", "pipe.png is no ordinary file"),
        *("nowhere.png cannot be read (No such", "null is no ordinary file"),
        *("folder holds no picture itself", "xxx cannot be read (File name too"),
    )
    for line, part in zip(err.splitlines(), parts, strict=True):
        assert re.match("twins: .*: (name|save)", line)
        assert part in line


def test_help_says_what_is_taken(capfd: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["predict", "--help"])
    out = capfd.readouterr().out
    for part in ("IMAGE...", "--weights", "--run", "--impl", "--figure", "50 MB"):
        assert part in out


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
        ("a.png --weights some.safetensors --figure figure", ".png, .svg, .pdf"),
        ("a.png --weights some.safetensors --figure nowhere/figure.png", "make it first"),
        (f"{'a.png ' * 51} --weights some.safetensors --figure b.png", "51 pictures are too many"),
    ],
)
@pytest.mark.usefixtures("weights")
def test_bad_options_are_one_clear_line_before_the_work(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: str,
    says: str,
):
    monkeypatch.chdir(tmp_path)
    before = save_picture(tmp_path / "a.png").read_bytes()
    (tmp_path / "link.png").symlink_to("nowhere.png")
    assert predict(*arguments.split()) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert re.fullmatch(f"twins: .*{re.escape(says)}.*\n", err)
    assert (tmp_path / "a.png").read_bytes() == before
    assert not (tmp_path / "nowhere.png").exists()


# --- what is shown


def prepared(name: str) -> PreparedPicture:
    return PreparedPicture(
        name=name,
        garment=np.eye(28, dtype=np.uint8) * 255,
        is_uneven=False,
        preview=np.full((40, 30, 3), 250, np.uint8),
    )


SURE = np.array([0.0, 0.7, 0.1, 0.2, *[0.0] * 6], np.float32)
UNSURE = np.array([0.25, 0.2, 0.25, 0.3, *[0.0] * 6], np.float32)


def test_the_table_compares_the_three_most_probable_classes():
    pictures = [prepared("differ"), prepared("same")]
    probabilities = {"keras": np.array([SURE, SURE]), "jax": np.array([UNSURE, SURE])}
    output = StringIO()
    Console(file=output, width=200).print(prediction_table(pictures, probabilities))
    rows = [line.split("│") for line in output.getvalue().splitlines() if "│" in line]
    cells = [[" ".join(cell.split()) for cell in row[1:-1]] for row in rows]
    names = [CLASS_NAMES[label] for label in range(4)]
    assert cells == [
        ["differ", f"{names[1]} 70.00%", f"{names[3]} 30.00%", "✗", "5.0e-01"],
        ["", f"{names[3]} 20.00%", f"{names[0]} 25.00%", "", ""],
        ["", f"{names[2]} 10.00%", f"{names[2]} 25.00%", "", ""],
        ["same", f"{names[1]} 70.00%", f"{names[1]} 70.00%", "✓", "0.0e+00"],
        ["", f"{names[3]} 20.00%", f"{names[3]} 20.00%", "", ""],
        ["", f"{names[2]} 10.00%", f"{names[2]} 10.00%", "", ""],
    ]


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_a_figure_shows_picture_garment_and_each_ones_top_three(tmp_path: Path, suffix: str):
    pictures = [prepared("$a_{b$.png"), prepared("x" * 90)]
    figure = draw_predictions(
        pictures, {"keras": np.array([SURE] * 2), "jax": np.array([UNSURE] * 2)}
    )
    save_figure(figure, tmp_path / f"figure{suffix}", "stand-in")
    assert (tmp_path / f"figure{suffix}").stat().st_size > 4_000
    assert [axes.get_title() for axes in figure.axes[2:4]] == ["Keras", "JAX"]
    np.testing.assert_array_equal(figure.axes[1].get_images()[0].get_array(), pictures[0].garment)
    assert [label.get_text() for label in figure.axes[2].get_yticklabels()] == [
        CLASS_NAMES[label] for label in (1, 3, 2)
    ]
    assert [text.get_text() for text in figure.axes[3].texts] == ["30.00%", "25.00%", "25.00%"]
    assert any("stand-in" in text.get_text() for text in figure.texts)


# --- end to end


@pytest.mark.slow
@pytest.mark.real_data
def test_test_images_written_as_png_are_predicted_as_in_the_data_set(
    tmp_path: Path, raw_dataset: RawDataset
):
    parameters = made_parameters(30)
    save_parameters(parameters, tmp_path / "weights.safetensors")
    (tmp_path / "pictures").mkdir()
    for row in range(6):
        image = raw_dataset.test_images[row]
        Image.fromarray(image).save(tmp_path / "pictures" / f"{row}.png")
    options = ("--weights", "weights.safetensors", "--figure", "figure.png")
    answer = twins("predict", "pictures", "nowhere.png", *options, cwd=tmp_path)
    assert answer.returncode == 2
    assert re.fullmatch(r"twins: nowhere.png cannot be read \(.*\): .*\n", answer.stderr)
    assert "weights.safetensors, the same in each implementation (784→30→10" in answer.stdout
    assert answer.stdout.index("Keras") < answer.stdout.index("JAX")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    oracle = build_oracle(Experiment(hidden_sizes=(30,)))
    oracle.set_parameters(parameters)
    rows = split_and_scale(raw_dataset, "float32").test.images[:6]
    probabilities = oracle.predict(rows).probabilities
    best = [(CLASS_NAMES[row.argmax()], f"{row.max():.2%}") for row in probabilities]
    shown = re.findall(
        r"(\S+)\.png +│ (.+?) +(\S+%) │ (.+?) +(\S+%) │ +✓ +│ +(\S+) │", answer.stdout
    )
    assert shown == [
        (str(row), *best[row], *best[row], difference) for row, (*_, difference) in enumerate(shown)
    ]
    assert len(shown) == 6
    assert max(float(difference) for *_, difference in shown) < 2e-6


@pytest.mark.slow
def test_by_default_the_latest_run_predicts_and_what_is_doubtful_is_never_unnoticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with output_folder(None, "run") as run:  # named as `twins run` names it
        made_run(run, "jax", dataset_name="stand-in")
    made_run(Path("runs/2001-01-01-000000-run"), "jax")
    name = f"{'a-long-name-' * 12}.png"  # never broken: it could not be copied
    save_picture(tmp_path / name)
    sloping = Image.linear_gradient("L").resize((90, 70))
    sloping.paste(255, (20, 10, 70, 60))
    sloping.save("sloping.png")
    answer = twins("predict", name, "sloping.png", "--figure", "figure.svg", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    assert f"weights: {run}, each implementation its own, after 1 epoch (784→4→10" in answer.stdout
    assert "weights trained on stand-in images, not Fashion-MNIST" in answer.stdout
    assert "JAX" in answer.stdout
    assert "Keras" not in answer.stdout
    assert f"│ {name} │" in answer.stdout
    assert f"{name}: nobody is sure" in answer.stdout  # the weights are random
    assert re.findall("(.*): its ground is not plain", answer.stdout) == ["sloping.png"]
    assert "<svg" in (tmp_path / "figure.svg").read_text()
