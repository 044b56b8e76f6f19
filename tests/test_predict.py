"""`twins predict` as a user meets it: files and folders, one line for each bad one, a figure."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.__main__ import main
from benchmarks.display.style import save_figure
from benchmarks.predict.figure import draw_predictions
from benchmarks.predict.files import find_pictures
from benchmarks.predict.preparing import PreparedPicture, Problem, prepare_pictures
from benchmarks.predict.results import PredictedPicture
from benchmarks.runner.output_folder import output_folder
from shared.data.dataset import CLASS_NAMES, RawDataset, split_and_scale
from shared.draws import draw_shared
from shared.experiment import Experiment
from shared.oracle import build as build_oracle
from shared.parameters import Parameters, save_parameters
from tests.command import twins
from tests.deadly_path import DeadlyPath
from tests.test_predict_weights import made_parameters, made_run


def save_picture(path: Path, level: int = 200) -> Path:
    image = Image.new("L", (50, 40))
    image.paste(level, (10, 10, 40, 25))
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
    paths, problems = find_pictures((named, tmp_path))
    assert paths == [named, *(tmp_path / name for name in ("a.JPG", "b.png", "c.tiff"))]
    assert problems == []


def test_bad_arguments_are_named_and_the_others_kept(tmp_path: Path):
    empty = tmp_path / "empty"
    empty.mkdir()
    picture = save_picture(tmp_path / "a.png")
    paths, problems = find_pictures((empty, picture, tmp_path / "nowhere", Path("x" * 5_000)))
    assert paths == [picture]
    assert [problem.count("\n") for problem in problems] == [0, 0, 0]
    assert "empty holds no picture" in problems[0]
    assert "No such file" in problems[1]


def test_a_file_that_ends_its_reader_is_left_behind(tmp_path: Path):
    first, last = save_picture(tmp_path / "a.png"), save_picture(tmp_path / "b.png")
    deadly = DeadlyPath("deadly.png")
    outcomes = prepare_pictures([first, deadly, deadly, last], tmp_path / "log", with_preview=False)
    kinds = [PreparedPicture, Problem, Problem, PreparedPicture]
    assert [type(outcome) for outcome in outcomes] == kinds
    says = "deadly.png cannot be decoded (the process ended with status 7): leave it out"
    assert outcomes[1] == Problem(says)


# --- bad input


def predict(*arguments: object) -> int:
    return main(["predict", *map(str, arguments)])


def test_each_bad_picture_is_one_line_and_nobody_predicts(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
):
    os.mkfifo(tmp_path / "pipe.png")  # to open it would wait for ever
    (tmp_path / "empty.png").touch()
    (tmp_path / "\x1b[31m\udcff\n.png").write_text("no picture")
    broken = tmp_path / "broken.tif"
    Image.effect_noise((64, 64), 90).save(broken, compression="tiff_lzw")
    content = bytearray(broken.read_bytes())
    content[100:400] = b"\x07" * 300  # its decoder complains of this by itself
    broken.write_bytes(content)
    assert predict(tmp_path, "nowhere.png", os.devnull, "--weights", weights) == 2
    out, err = capfd.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert len(lines) == 6
    assert all(line.startswith("twins: ") and ": name " in line for line in lines)
    for part in ("nowhere.png", "�[31m��.png", "broken.tif", "empty.png is empty", "pipe.png is"):
        assert part in err
    assert "null is no ordinary file" in err


def test_a_file_too_large_is_not_read(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
):
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(10**12)  # takes no room on the disk
    assert predict(large, "--weights", weights) == 2
    assert "too large, 1,000,000,000,000 bytes: at most 50,000,000" in capfd.readouterr().err


def test_help_says_what_is_taken(capfd: pytest.CaptureFixture[str]):
    for arguments, parts in (
        (["--help"], ("• predict",)),
        (["predict", "--help"], ("IMAGE...", "--weights", "--run", "--impl", "--figure", "50 MB")),
    ):
        with pytest.raises(SystemExit):
            main(arguments)
        out = capfd.readouterr().out
        assert all(part in out for part in parts)


def one_clear_line(capfd: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert predict(*arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("twins: ")
    assert err.count("\n") == 1
    return err


def test_bad_options_are_one_clear_line(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str], monkeypatch
):
    monkeypatch.chdir(tmp_path)
    picture = save_picture(tmp_path / "a.png")
    assert "`twins predict boot.jpg`" in one_clear_line(capfd)
    both = (picture, "--run", tmp_path, "--weights", weights)
    assert "give one" in one_clear_line(capfd, *both)
    assert "train with `twins run`" in one_clear_line(capfd, picture)
    unknown = (picture, "--weights", weights, "--impl", "mxnet")
    assert "--impl takes" in one_clear_line(capfd, *unknown)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a.png", "is there already"),
        ("link.png", "is there already"),
        ("figure.gif", ".png, .svg, .pdf"),
        ("figure", ".png, .svg, .pdf"),
        ("nowhere/figure.png", "make it first"),
    ],
)
def test_a_figure_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str], name: str, says: str
):
    picture = save_picture(tmp_path / "a.png")
    before = picture.read_bytes()
    (tmp_path / "link.png").symlink_to("nowhere.png")
    options = ("--weights", weights, "--figure", tmp_path / name)
    assert says in one_clear_line(capfd, picture, *options)
    assert picture.read_bytes() == before
    assert not (tmp_path / "nowhere.png").exists()


def test_too_many_pictures_for_a_figure_are_refused_before_the_work(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
):
    pictures = [tmp_path / f"{number}.png" for number in range(51)]
    for picture in pictures:
        picture.touch()
    options = ("--weights", weights, "--figure", tmp_path / "figure.png")
    assert "51 pictures are too many" in one_clear_line(capfd, *pictures, *options)


# --- what is shown


def predicted(name: str, **probabilities: list[float]) -> PredictedPicture:
    return PredictedPicture(
        name=name,
        preview=np.full((40, 30, 3), 250, np.uint8),
        garment=np.eye(28, dtype=np.uint8) * 255,
        probabilities={name: np.array(row, np.float32) for name, row in probabilities.items()},
    )


SURE = [0.0, 0.7, 0.1, 0.2, *[0.0] * 6]
UNSURE = [0.25, 0.2, 0.25, 0.3, *[0.0] * 6]


def test_the_three_most_probable_classes_come_in_order():
    picture = predicted("a", keras=SURE, jax=UNSURE)
    assert [each.label for each in picture.top_classes("keras")] == [1, 3, 2]
    assert [each.label for each in picture.top_classes("jax")] == [3, 0, 2]
    assert picture.top_classes("keras")[0].probability == pytest.approx(0.7)


def test_implementations_agree_where_they_name_the_same_class():
    assert not predicted("a", keras=SURE, jax=UNSURE).is_agreed
    assert predicted("a", keras=SURE, jax=SURE).is_agreed
    assert predicted("a", jax=SURE).is_agreed
    assert predicted("a", keras=SURE, jax=UNSURE).largest_difference == pytest.approx(0.5)
    assert predicted("a", keras=SURE, jax=SURE).largest_difference == 0


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_a_figure_shows_picture_garment_and_each_ones_top_three(tmp_path: Path, suffix: str):
    pictures = [predicted(name, keras=SURE, jax=UNSURE) for name in ("$a_{b$.png", "x" * 90)]
    figure = draw_predictions(pictures, CLASS_NAMES, {"keras": "Keras", "jax": "JAX"})
    save_figure(figure, tmp_path / f"figure{suffix}", "stand-in")
    assert (tmp_path / f"figure{suffix}").stat().st_size > 4_000
    assert [axes.get_title() for axes in figure.axes[2:4]] == ["Keras", "JAX"]
    np.testing.assert_array_equal(figure.axes[1].get_images()[0].get_array(), pictures[0].garment)
    assert [label.get_text() for label in figure.axes[2].get_yticklabels()] == [
        CLASS_NAMES[label] for label in (1, 3, 2)
    ]
    assert [text.get_text() for text in figure.axes[3].texts] == ["30.00%", "25.00%", "25.00%"]
    assert any("stand-in" in text.get_text() for text in figure.texts)


@pytest.mark.slow
def test_each_picture_of_an_uneven_ground_is_named_in_a_line(tmp_path: Path, weights: Path):
    save_picture(tmp_path / "plain.png")
    sloping = Image.linear_gradient("L").resize((90, 70))
    sloping.paste(255, (20, 10, 70, 60))
    sloping.save(tmp_path / "sloping.png")
    pictures = ("plain.png", "sloping.png")
    answer = twins("predict", *pictures, "--weights", weights, "--impl", "jax", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    warned = [line for line in answer.stdout.splitlines() if "its ground is not plain" in line]
    assert [line.partition(":")[0] for line in warned] == ["sloping.png"]


# --- end to end


def trained(raw: RawDataset) -> Parameters:
    """An epoch's weights of a small network, by the oracle: enough to tell garments apart."""
    experiment = Experiment(
        hidden_sizes=(30,), num_epochs=1, learning_rate=0.1, randomness="shared"
    )
    oracle, draws = build_oracle(experiment), draw_shared(experiment)
    data = split_and_scale(raw, experiment.dtype)
    oracle.set_parameters(draws.parameters)
    oracle.fit(
        data.training,
        validation=data.validation,
        orders=draws.orders,
        on_epoch=lambda _: None,
    )
    return oracle.get_parameters()


@pytest.mark.slow
@pytest.mark.real_data
def test_test_images_written_as_png_are_predicted_as_in_the_data_set(
    tmp_path: Path, raw_dataset: RawDataset
):
    parameters = trained(raw_dataset)
    save_parameters(parameters, tmp_path / "weights.safetensors")
    (tmp_path / "pictures").mkdir()
    for row in range(6):
        image = raw_dataset.test_images[row]
        Image.fromarray(image).save(tmp_path / "pictures" / f"{row}.png")
    answer = twins(
        *("predict", "pictures", "nowhere.png", "--weights", "weights.safetensors"),
        *("--figure", "figure.png"),
        cwd=tmp_path,
    )
    assert answer.returncode == 2
    assert re.fullmatch(r"twins: nowhere.png cannot be read \(.*\): .*\n", answer.stderr)
    assert "weights.safetensors, the same in each implementation (784→30→10" in answer.stdout
    assert answer.stdout.index("Keras") < answer.stdout.index("JAX")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    oracle = build_oracle(Experiment(hidden_sizes=(30,)))
    oracle.set_parameters(parameters)
    rows = split_and_scale(raw_dataset, "float32").test.images[:6]
    probabilities = oracle.predict(rows).probabilities
    best = [f"{CLASS_NAMES[row.argmax()]} {row.max():.2%}" for row in probabilities]
    shown = re.findall(
        r"(\S+)\.png +│ (.+?) +(\S+%) │ (.+?) +(\S+%) │ +✓ +│ +(\S+) │", answer.stdout
    )
    assert [name for name, *_ in shown] == ["0", "1", "2", "3", "4", "5"]
    assert [f"{label} {share}" for _, label, share, *_ in shown] == best
    assert [f"{label} {share}" for *_, label, share, _ in shown] == best
    assert max(float(difference) for *_, difference in shown) < 2e-6


@pytest.mark.slow
def test_by_default_the_latest_run_predicts_and_the_stand_in_is_never_unnoticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with output_folder(None, "run") as run:  # named as `twins run` names it
        made_run(run, "jax", dataset_name="stand-in")
    made_run(Path("runs/2001-01-01-000000-run"), "jax")
    name = f"{'a-long-name-' * 12}.png"  # never broken: it could not be copied
    picture = save_picture(tmp_path / name)
    answer = twins("predict", picture, "--figure", "figure.svg", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    assert f"weights: {run}, each implementation its own, after 1 epoch (784→4→10" in answer.stdout
    assert "weights trained on stand-in images, not Fashion-MNIST" in answer.stdout
    assert "JAX" in answer.stdout
    assert "Keras" not in answer.stdout
    assert f"│ {name} │" in answer.stdout
    assert f"{name}: nobody is sure" in answer.stdout  # the weights are random
    assert "<svg" in (tmp_path / "figure.svg").read_text()
