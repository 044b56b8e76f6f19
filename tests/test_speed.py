"""The harness that times: order, warm-ups, failures, medians, and what may be compared."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.runner.environment import Environment
from benchmarks.runner.records import write_json
from benchmarks.speed.against import read_comparable
from benchmarks.speed.analysis import differ, reasons_for_noise, rung_result, speedup
from benchmarks.speed.ladder import all_rungs, chosen_rungs, why_not
from benchmarks.speed.limits import mean_limits, measure_rates
from benchmarks.speed.measure import Measurement, MeasurementJob, measure
from benchmarks.speed.results import (
    SPEED_SCHEMA_VERSION,
    Limit,
    Limits,
    MachineState,
    RungTimes,
    SpeedEnvironment,
    SpeedResults,
)
from benchmarks.speed.samples import median_with_interval, ratio_with_interval
from benchmarks.speed.schedule import interleaved
from benchmarks.speed.sweep import Samples, take_samples
from shared.data.dataset import DatasetDescription, RawDataset
from shared.draws import draw_shared
from shared.errors import InputError, RunFailedError
from shared.experiment import Experiment
from shared.operations import operations_per_row, product_shapes
from shared.timing import SpeedRung
from tests.fake_rungs import fake_rung, measurement

LIMITS = Limits(
    one_core=Limit(large_product=100.0, network_products=80.0),
    machine=Limit(large_product=200.0, network_products=100.0),
)


def job(rung: SpeedRung, *, num_warm_ups: int = 0, num_samples: int = 2) -> MeasurementJob:
    experiment = Experiment(hidden_sizes=(3,), num_epochs=rung.epochs_per_call, randomness="shared")
    draws = draw_shared(experiment)
    return MeasurementJob(
        rung=rung,
        experiment=experiment,
        raw=RawDataset(
            name="stand-in",
            origin="",
            note="",
            train_images=np.zeros((5_010, 28, 28), np.uint8),
            train_labels=np.zeros(5_010, np.uint8),
            test_images=np.zeros((1, 28, 28), np.uint8),
            test_labels=np.zeros(1, np.uint8),
        ),
        parameters=(draws.parameters,),
        orders=draws.orders[None],
        expected=(draws.parameters,),
        device="cpu",
        num_warm_ups=num_warm_ups,
        num_samples=num_samples,
        variables={},
    )


def result(name: str, groups: list[list[float]]) -> RungTimes:
    return rung_result(
        fake_rung(name),
        [(number, measurement(group)) for number, group in enumerate(groups)],
        experiment=Experiment(),
        num_seeds=1,
        limits=LIMITS,
        device="cpu",
    )


def results(**changes: object) -> SpeedResults:
    state = MachineState(affinity=(0, 1), governor="performance", megahertz=2_500.0, load=0.1)
    software = Environment(
        python="3.11.7",
        platform="Linux",
        processor="a processor",
        num_cores=2,
        packages={"jax": "1.0"},
        git_commit="",
        flags=(),
        command=(),
    )
    environment = SpeedEnvironment(
        software=software,
        device="cpu",
        accelerator=None,
        variables=(),
        tf32=False,
        before=state,
        after=state,
        why_noisy=(),
    )
    dataset = DatasetDescription(
        name="fashion-mnist",
        origin="",
        sha256="0",
        num_training=55_000,
        num_validation=5_000,
        num_test=10_000,
    )
    whole = SpeedResults(
        schema_version=SPEED_SCHEMA_VERSION,
        finished=True,
        dataset=dataset,
        experiment=Experiment(),
        environment=environment,
        limits=LIMITS,
        num_rounds=2,
        rungs=(result("a", [[1.0, 1.1], [1.2, 1.0]]),),
        omitted=(),
    )
    return dataclasses.replace(whole, **changes)  # pyright: ignore[reportArgumentType]


def test_rounds_run_there_and_back():
    assert list(interleaved("ABC", 3)) == [
        *[(0, "A"), (0, "B"), (0, "C")],
        *[(1, "C"), (1, "B"), (1, "A")],
        *[(2, "A"), (2, "B"), (2, "C")],
    ]


@given(st.integers(1, 8), st.integers(1, 4))
def test_over_two_rounds_each_has_the_same_mean_place(num_items: int, num_pairs: int):
    order = [item for _, item in interleaved(range(num_items), 2 * num_pairs)]
    places = [
        np.mean([place for place, it in enumerate(order) if it == item]) for item in set(order)
    ]
    assert len(set(places)) == 1


def test_first_call_and_warm_ups_do_not_count():
    measured = measure(lambda _: None, job(fake_rung("fake"), num_warm_ups=2, num_samples=3))
    assert measured.compile_seconds == 10
    assert measured.first_epoch_seconds == 1
    assert measured.epoch_seconds == (4, 5, 6)


def test_a_call_of_several_epochs_is_sampled_whole():
    measured = measure(lambda _: None, job(fake_rung("fake", epochs_per_call=3), num_samples=1))
    assert measured.epoch_seconds == (4, 5, 6)


def test_a_rung_that_trains_another_model_is_not_timed():
    with pytest.raises(RunFailedError, match=r"differs by 0\.1 from the oracle"):
        measure(lambda _: None, job(fake_rung("wrong", "off_by_a_tenth")))


def test_a_failing_rung_is_left_out_and_the_others_go_on(tmp_path: Path):
    asked: list[str] = []

    def measure_one(job: MeasurementJob, log: Path) -> Measurement:
        asked.append(log.stem)
        if job.rung.name == "bad" and len(asked) > 2:
            raise RunFailedError("it broke\nthe end of its log")
        return measurement()

    samples = Samples()
    jobs = [job(fake_rung(name)) for name in ("good", "bad", "other")]
    steps = list(take_samples(jobs, 3, samples, log=tmp_path / "rung.log", measure_one=measure_one))
    assert asked == [
        "good-0",
        "bad-0",
        "other-0",
        "other-1",
        "bad-1",
        "good-1",
        "good-2",
        "other-2",
    ]
    assert samples.failures == {"bad": "it broke"}
    assert {name: [n for n, _ in own] for name, own in samples.by_rung.items()} == {
        "good": [0, 1, 2],
        "other": [0, 1, 2],
    }
    assert [step.num_done for step in steps] == list(range(1, 10))
    assert steps[-1].seconds_left == 0


def test_results_count_operations_by_hand():
    # 784→300→100→10: 2 × (235,200 + 30,000 + 1,000) forward, as much for the kernels'
    # gradients, 2 × 31,000 for the gradients by the inputs of the last two layers.
    assert operations_per_row(Experiment()) == 1_126_800
    products = product_shapes(Experiment())
    assert sum(2 * m * k * n for m, k, n in products) == 32 * 1_126_800
    assert len(products) == 8


def test_rates_and_shares():
    measured = result("a", [[0.5, 0.5], [0.5, 0.5]])
    assert measured.gflops == pytest.approx(55_000 * 1_126_800 / 0.5 / 1e9)
    assert measured.share_of_one_core == pytest.approx(measured.gflops / 100)
    assert measured.share_of_machine == pytest.approx(measured.gflops / 200)
    assert measured.rounds == (0, 0, 1, 1)


def test_limits_of_two_measurements_are_their_means_and_keep_them():
    later = Limits(
        one_core=Limit(large_product=60.0, network_products=40.0),
        machine=Limit(large_product=100.0, network_products=80.0),
    )
    both = mean_limits([LIMITS, later])
    assert both.one_core.large_product == 80.0
    assert both.machine.network_products == 90.0
    assert both.one_core.large_product_samples == (100.0, 60.0)
    assert both.machine.network_products_samples == (100.0, 80.0)


def test_limits_are_positive_and_of_this_network():
    limit = measure_rates(lambda _: None, Experiment(hidden_sizes=(8,)), None)
    assert limit.large_product > limit.network_products > 0


def test_the_interval_holds_the_median_and_grows_with_differing_processes():
    alike = [[1.0, 1.1, 0.9], [1.05, 0.95, 1.0], [1.0, 1.0, 1.1]]
    unlike = [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0], [3.0, 3.0, 3.0]]
    narrow, wide = median_with_interval(alike), median_with_interval(unlike)
    assert narrow.low <= narrow.estimate == 1.0 <= narrow.high
    assert (wide.low, wide.estimate, wide.high) == (1.0, 2.0, 3.0)


def test_no_difference_is_a_possible_answer():
    generator = np.random.default_rng(0)
    base = [list(generator.normal(1, 0.05, 4)) for _ in range(3)]
    same = [list(generator.normal(1, 0.05, 4)) for _ in range(3)]
    twice = [[2 * sample for sample in group] for group in base]
    assert not differ(result("a", base), result("b", same))
    assert differ(result("a", base), result("b", twice))
    assert speedup(result("a", base), result("b", twice)).estimate == pytest.approx(2)


@given(st.floats(0.1, 10))
def test_a_ratio_of_scaled_samples_is_the_scale(scale: float):
    groups = [[1.0, 1.2], [1.1, 0.9]]
    scaled = [[scale * sample for sample in group] for group in groups]
    assert ratio_with_interval(scaled, groups).estimate == pytest.approx(scale)


def test_noise_is_named():
    idle = MachineState(affinity=(0, 1), governor=None, megahertz=None, load=0.2)
    steady = (result("a", [[1.0, 1.01], [1.0, 1.0]]),)
    assert reasons_for_noise(idle, steady) == ()
    (busy,) = reasons_for_noise(dataclasses.replace(idle, load=1.7), steady)
    assert "load 1.7 on 2 cores" in busy
    (unsteady,) = reasons_for_noise(idle, (result("a", [[1.0, 1.5], [1.0, 2.0]]),))
    assert "spread" in unsteady


def test_an_earlier_file_of_the_same_environment_is_read(tmp_path: Path):
    path = tmp_path / "speed.json"
    write_json(results(), path)
    assert read_comparable(path, results()) == results()


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [("tf32", True, "TF32"), ("device", "gpu", "device"), ("variables", ("A=1",), "variables")],
)
def test_unlike_environments_are_not_compared(tmp_path: Path, field: str, value, named: str):
    path = tmp_path / "speed.json"
    environment = dataclasses.replace(results().environment, **{field: value})
    write_json(results(environment=environment), path)
    with pytest.raises(InputError, match=named):
        read_comparable(path, results())


def test_other_experiments_and_unfinished_files_are_not_compared(tmp_path: Path):
    path = tmp_path / "speed.json"
    write_json(results(experiment=Experiment(batch_size=64)), path)
    with pytest.raises(InputError, match="experiment"):
        read_comparable(path, results())
    write_json(results(finished=False), path)
    with pytest.raises(InputError, match="not finished"):
        read_comparable(path, results())


def test_rungs_are_known_by_unique_names():
    names = [rung.name for rung in all_rungs()]
    assert len(set(names)) == len(names)
    assert names[0] == "keras-fit"
    with pytest.raises(InputError, match=r"unknown rung 'x': --rungs takes keras-fit, .*jax-scan"):
        chosen_rungs(("x",))


def test_what_is_not_installed_is_said():
    rung = dataclasses.replace(fake_rung("a"), packages=("numpy", "no_such_package"))
    assert why_not(rung, "cpu") == "no_such_package not installed"
    only_cpu = dataclasses.replace(fake_rung("a"), devices=("cpu",))
    assert why_not(only_cpu, "gpu") == "runs on cpu only"
    assert why_not(only_cpu, "cpu") is None
