"""The harness that times: order, warm-ups, failures, medians, and what may be compared."""

from dataclasses import astuple, replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from benchmarks.docs_tables import RESULTS
from benchmarks.runner.records import read_json
from benchmarks.speed import analysis
from benchmarks.speed.machine import limits_of, measure_rates
from benchmarks.speed.measure import measure
from benchmarks.speed.plan import Plan, all_rungs, check_comparable, runnable_rungs, why_not
from benchmarks.speed.results import MachineState, RungTimes, SpeedResults
from benchmarks.speed.rounds import interleaved, measure_rungs
from benchmarks.speed.show import against_table, findings
from shared.data.dataset import describe
from shared.errors import InputError, RunFailedError
from shared.experiment import Experiment
from shared.network import operations_per_row, product_shapes
from shared.timing import Device, SpeedRung
from tests.fake_rungs import MARKER, fake_rung, job, plan

IDLE = MachineState(affinity=(0, 1), governor=None, megahertz=None, load=0.2)

Groups = tuple[tuple[float, ...], ...]


def times(name: str, groups: Groups) -> RungTimes:
    own = job(fake_rung(name))
    measured = measure(lambda _: None, own)
    return analysis.rung_times(own, [replace(measured, epoch_seconds=group) for group in groups])


def results(of: Plan, **changes) -> SpeedResults:
    whole = SpeedResults(
        finished=True,
        dataset=describe(of.raw),
        experiment=of.experiment,
        environment=of.environment,
        limits=limits_of(((100.0, 80.0), (200.0, 100.0))),
        num_rounds=of.num_rounds,
        rungs=(times("a", ((1.0, 1.1), (1.2, 1.0))),),
        omitted=(),
    )
    return replace(whole, **changes)


def test_rounds_run_there_and_back():
    assert list(interleaved("ABC", 3)) == [
        *[(0, "A"), (0, "B"), (0, "C")],
        *[(1, "C"), (1, "B"), (1, "A")],
        *[(2, "A"), (2, "B"), (2, "C")],
    ]


@pytest.mark.parametrize(
    ("rung", "device", "epoch_seconds"),
    [
        (fake_rung("counts from the second epoch"), "cpu", (2, 3, 4)),
        (fake_rung("warms up three times", "counting_on_gpu"), "gpu", (5, 6, 7)),
        (fake_rung("is sampled whole", epochs_per_call=2), "cpu", (3, 4, 5, 6)),
    ],
    ids=lambda value: value.name if isinstance(value, SpeedRung) else "",
)
def test_first_calls_do_not_count(rung: SpeedRung, device: Device, epoch_seconds: tuple):
    measured = measure(lambda _: None, job(rung, device=device, num_samples=3))
    assert measured.compile_seconds == 10
    assert measured.first_epoch_seconds == 1
    assert measured.epoch_seconds == epoch_seconds


@pytest.mark.parametrize(
    ("trainer", "named"),
    [
        ("off_by_a_tenth", r"differs by 0\.1 from the oracle"),
        ("lost", "differs by nan"),
        ("counting_on_gpu", "it runs on the gpu: its framework finds no cpu"),
    ],
)
def test_a_rung_that_trains_another_model_or_elsewhere_is_not_timed(trainer: str, named: str):
    with pytest.raises(RunFailedError, match=named):
        measure(lambda _: None, job(fake_rung("wrong", trainer), num_seeds=2))


@pytest.mark.slow
def test_a_failing_rung_is_left_out_and_the_others_go_on(tmp_path: Path):
    variables = ((MARKER, str(tmp_path / "marker")),)
    rungs = (fake_rung("good"), fake_rung("bad", "failing_the_second_time", variables=variables))
    (tmp_path / "logs").mkdir()
    whole = plan(*rungs, folder=tmp_path, num_rounds=3)
    console = Console(file=StringIO(), width=500)
    steps = list(measure_rungs(whole, "ladder", console))
    assert [[len(rung.epoch_seconds) for rung in measured] for measured, _ in steps] == [
        *[[1], [1, 1]],
        *[[1], [2]],  # what the rung took before it failed is dropped
        *[[3], [3]],
    ]
    measured, (failure,) = steps[-1]
    assert measured[0].epoch_seconds == ((2.0, 3.0),) * 3
    assert failure.name == "bad"
    assert failure.reason.startswith("RuntimeError: it broke")
    lines = console.file.getvalue().splitlines()  # pyright: ignore[reportAttributeAccessIssue]
    assert [line.split()[7] for line in lines] == ["good", "bad", "bad", "good", "good", "bad"]
    assert lines[-1] == "ladder: 6 of 6 measurements, 0:00:00 left: bad left out"


def test_results_count_operations_by_hand():
    # 784→300→100→10: 2 × (235,200 + 30,000 + 1,000) forward, as much for the kernels'
    # gradients, 2 × 31,000 for the gradients by the inputs of the last two layers.
    assert operations_per_row(Experiment()) == 1_126_800
    products = product_shapes(Experiment())
    assert sum(2 * m * k * n for m, k, n in products) == 32 * 1_126_800
    assert len(products) == 8


def test_rates_and_shares():
    measured = times("a", ((0.5, 0.5), (0.5, 0.5)))
    operations = 55_000 * (2 * (2 * 784 * 3 + 2 * 3 * 10) + 2 * 3 * 10)
    assert measured.gflops == pytest.approx(operations / 0.5 / 1e9)
    (shown,) = analysis.with_shares((measured,), results(plan()))
    assert shown.share_of_one_core == pytest.approx(measured.gflops / 100)
    assert shown.share_of_machine == pytest.approx(measured.gflops / 200)
    assert analysis.with_shares((measured,), results(plan(device="gpu"))) == (measured,)


def test_limits_of_two_measurements_are_their_means_and_keep_them():
    both = limits_of(((100.0, 80.0), (200.0, 100.0)), ((60.0, 40.0), (100.0, 80.0)))
    assert (both.one_core.large_product, both.machine.network_products) == (80.0, 90.0)
    assert both.one_core.large_product_samples == (100.0, 60.0)
    assert both.machine.network_products_samples == (100.0, 80.0)


def test_limits_are_positive_and_of_this_network():
    large, network = measure_rates(lambda _: None, Experiment(hidden_sizes=(8,)), None)
    assert large > network > 0


def test_the_interval_holds_the_median_and_grows_with_differing_processes():
    narrow = analysis.median_with_interval([[1.0, 1.1, 0.9], [1.05, 0.95, 1.0], [1.0, 1.0, 1.1]])
    wide = analysis.median_with_interval([[1.0] * 3, [2.0] * 3, [3.0] * 3])
    assert 0.9 <= narrow.low <= narrow.estimate == 1.0 <= narrow.high <= 1.1
    assert astuple(wide) == (2.0, 1.0, 3.0)


@pytest.mark.parametrize("name", ["speed.json", "speed-growth.json"])
def test_stored_medians_and_intervals_are_those_of_the_stored_samples(name: str):
    stored = read_json(RESULTS / name, SpeedResults)
    points = (*stored.by_batch_size, *stored.by_width)
    for rung in (*stored.rungs, *(point.rung for point in points)):
        assert len(rung.epoch_seconds) == stored.num_rounds
        interval = astuple(analysis.median_with_interval(rung.epoch_seconds))
        assert interval == pytest.approx((rung.median, rung.low, rung.high), rel=1e-12)


def test_ladder_and_growth_have_verdicts_of_their_own():
    ladder, growth = (
        [finding.text for finding in findings(read_json(RESULTS / name, SpeedResults))]
        for name in ("speed.json", "speed-growth.json")
    )
    assert [text.partition(":")[0] for text in (*ladder, *growth)] == [
        "Fastest epoch",
        "Quickest epoch with batches of 2,048",
        "Quickest epoch with 1,000 units in the first hidden layer",
    ]
    assert ": 0.20 s with Flax NNX: " in growth[0]
    assert ", 1.2 times as fast as Keras on TensorFlow: " in growth[0]


def test_no_difference_is_a_possible_answer():
    generator = np.random.default_rng(0)
    first, same = (tuple(map(tuple, generator.normal(1, 0.05, (3, 4)))) for _ in range(2))
    twice = tuple(tuple(2 * sample for sample in group) for group in first)
    rungs = [times("a", first), times("b", same), times("c", twice)]
    assert list(analysis.neighbours_alike(rungs)) == [(rungs[0], rungs[1])]
    speedup = analysis.speedup(rungs[0], rungs[2])
    assert speedup.estimate == pytest.approx(2)
    assert 1.5 < speedup.low <= speedup.estimate <= speedup.high < 2.5


def test_noise_is_named():
    steady = (times("a", ((1.0, 1.01), (1.0, 1.0))),)
    assert not [*analysis.reasons_for_noise(IDLE, ()), *analysis.reasons_for_noise(IDLE, steady)]
    (busy,) = analysis.reasons_for_noise(replace(IDLE, load=1.7), steady)
    assert "load 1.7 on 2 cores" in busy
    (unsteady,) = analysis.reasons_for_noise(IDLE, (times("a", ((1.0, 1.5), (1.0, 2.0))),))
    assert "spread" in unsteady


@pytest.mark.parametrize("groups", [(), ((),), ((1.0,), (1.0, 1.0)), ((1.0,), (0.0,))])
def test_unsound_samples_are_no_record(groups: Groups):
    with pytest.raises(ValueError, match="above 0"):
        replace(times("a", ((1.0,),)), epoch_seconds=groups)


def test_an_earlier_whole_measurement_in_the_same_environment_is_compared_with():
    whole = plan(fake_rung("a"))
    earlier = results(whole)
    check_comparable(earlier, whole)
    now = results(whole, rungs=(times("a", ((0.5, 0.5), (0.5, 0.5))), times("b", ((1.0,),))))
    assert against_table(earlier, now).rows == [("a", "1.050", "0.500", "2.10", "2.00–2.40")]
    with pytest.raises(InputError, match="not finished"):
        check_comparable(replace(earlier, finished=False), whole)


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [("tf32", True, "TF32"), ("device", "gpu", "device"), ("variables", ("A=1",), "variables")],
)
def test_unlike_conditions_are_not_compared(field: str, value, named: str):
    whole = plan(fake_rung("a"))
    environment = replace(whole.environment, **{field: value})
    earlier = results(whole, environment=environment, experiment=Experiment(batch_size=64))
    with pytest.raises(InputError, match=f"{named}: .* there, .*experiment: .*batch_size=64"):
        check_comparable(earlier, whole)


def test_rungs_are_known_by_unique_names():
    names = [rung.name for rung in all_rungs()]
    assert len(set(names)) == len(names)
    with pytest.raises(InputError, match=r"unknown rung 'x': --rungs takes keras-fit, .*jax-scan"):
        runnable_rungs(("x",), "cpu")
    rungs, omitted = runnable_rungs(("jax-scan", "keras-fit"), "cpu")
    assert ([rung.name for rung in rungs], omitted) == (["keras-fit", "jax-scan"], ())


def test_what_cannot_run_here_is_said():
    missing = fake_rung("a", packages=("numpy", "no_such_package"))
    assert why_not(missing, "cpu") == "no_such_package not installed"
    only_cpu = fake_rung("a", devices=("cpu",))
    assert why_not(only_cpu, "gpu") == "runs on cpu only"
    assert why_not(only_cpu, "cpu") is None
