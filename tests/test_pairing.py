"""Which layer is which: by structure, by names, by a map; and what is left over, on both sides."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity import Layer, ParityError, TensorForm
from parity.pairing import Pairing, faults_of, pair_layers

TITLES = ("Keras", "Flax")


def layer(path: str, kind: str = "Dense", *shape: int, **options: object) -> Layer:
    forms = (TensorForm("kernel", shape, "float64"),) if shape else ()
    return Layer(path, kind, forms, options)


def names(pairing: Pairing) -> dict[str, str]:
    return {reference.path: port.path for reference, port in pairing.pairs}


def test_equal_structures_are_paired_one_after_another():
    reference = [layer("a", "Conv", 3, 3), layer("b", "Dense", 4, 2), layer("c", "Dense", 4, 2)]
    port = [layer("x", "Conv", 3, 3), layer("c", "Dense", 4, 2), layer("b", "Dense", 4, 2)]
    assert names(pair_layers(reference, port, {})) == {"a": "x", "b": "c", "c": "b"}


def test_of_unequal_structures_equal_names_are_paired_first():
    reference = [layer("first", "Dense", 4, 4), layer("second", "Dense", 4, 4)]
    port = [layer("second", "Dense", 4, 4), layer("first", "Dense", 4, 4), layer("more", "Conv")]
    pairing = pair_layers(reference, port, {})
    assert names(pairing) == {"first": "first", "second": "second"}
    assert [each.path for each in pairing.only_in_port] == ["more"]


def test_shapes_tell_layers_apart_that_were_made_in_another_order():
    reference = [layer("a", "Dense", 4, 3), layer("b", "Dense", 3, 2)]
    port = [layer("x", "Dense", 3, 2), layer("y", "Dense", 4, 3)]
    assert names(pair_layers(reference, port, {})) == {"a": "y", "b": "x"}


def test_a_layer_of_another_shape_is_paired_all_the_same():
    reference = [layer("a", "Dense", 4, 3), layer("b", "Dense", 3, 2)]
    port = [layer("x", "Dense", 4, 5), layer("y", "Dense", 5, 2)]
    pairing = pair_layers(reference, port, {})
    assert names(pairing) == {"a": "x", "b": "y"}
    first, second = faults_of(pairing, "float64", TITLES)
    assert first == "layer a (Flax: x): kernel has shape (4, 3), in Flax (4, 5)"
    assert "layer b (Flax: y)" in second


def test_what_is_left_over_is_named_on_both_sides():
    reference = [layer("a", "Dense", 4, 3), layer("drop", "Dropout", rate=0.5)]
    port = [layer("x", "Dense", 4, 3), layer("norm", "BatchNormalization", 3)]
    pairing = pair_layers(reference, port, {})
    assert faults_of(pairing, "float64", TITLES) == [
        "only Keras has Dropout drop",
        "only Flax has BatchNormalization norm (kernel (3,))",
    ]


def test_a_map_goes_before_structure():
    reference = [layer("a", "Dense", 4, 4), layer("b", "Dense", 4, 4), layer("c", "Dropout")]
    port = [layer("x", "Dense", 4, 4), layer("y", "Dense", 4, 4)]
    pairing = pair_layers(reference, port, {"a": "y", "c": None})
    assert names(pairing) == {"a": "y", "b": "x"}
    assert faults_of(pairing, "float64", TITLES) == []


@pytest.mark.parametrize("given_map", [{"z": "x"}, {"a": "z"}, {"z": None}, {"a": "x", "b": "x"}])
def test_a_map_of_what_there_is_not_or_twice(given_map: dict[str, str | None]):
    reference, port = [layer("a"), layer("b")], [layer("x"), layer("y")]
    with pytest.raises(ParityError, match="the reference has a, b, the port x, y") as raised:
        pair_layers(reference, port, given_map)
    assert str(given_map) in str(raised.value)


def test_tensors_that_differ_are_told_one_by_one():
    reference = Layer(
        "norm",
        "BatchNormalization",
        (
            TensorForm("gamma", (3,), "float64"),
            TensorForm("beta", (3,), "float64"),
            TensorForm("moving_mean", (3,), "float64", is_trainable=False),
            TensorForm("moving_variance", (3,), "float64", is_trainable=False),
        ),
    )
    port = Layer(
        "bn",
        "BatchNormalization",
        (
            TensorForm("gamma", (3,), "float64"),
            TensorForm("moving_mean", (3,), "float64"),
            TensorForm("moving_variance", (3,), "float32", is_trainable=False),
            TensorForm("scale", (3,), "float64"),
        ),
    )
    where = "layer norm (Flax: bn)"
    assert faults_of(Pairing(((reference, port),)), "float64", TITLES) == [
        f"{where}: beta is missing in Flax",
        f"{where}: moving_mean is state, in Flax trainable",
        f"{where}: moving_variance is float64, in Flax float32; this is a climb in float64",
        f"{where}: scale is missing in Keras",
    ]


KINDS = st.sampled_from(["Dense", "Conv", "LayerNormalization"])
DISTINCT = st.lists(
    st.tuples(KINDS, st.integers(1, 9), st.integers(1, 9)), unique=True, min_size=1, max_size=8
)
ANY = st.lists(st.tuples(KINDS, st.integers(1, 2)), max_size=8)


@given(DISTINCT, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_distinct_layers_are_paired_right_in_any_order(forms: list, random: object):
    reference = [layer(f"a{place}", *form) for place, form in enumerate(forms)]
    port = [layer(f"x{place}", *form) for place, form in enumerate(forms)]
    random.shuffle(port)  # pyright: ignore[reportAttributeAccessIssue]
    pairing = pair_layers(reference, port, {})
    assert names(pairing) == {f"a{place}": f"x{place}" for place in range(len(forms))}
    assert faults_of(pairing, "float64", TITLES) == []


@given(ANY, ANY)
@settings(deadline=None)
def test_each_layer_is_paired_once_or_left_over(left: list, right: list):
    reference = [layer(f"a{place}", *form) for place, form in enumerate(left)]
    port = [layer(f"x{place}", *form) for place, form in enumerate(right)]
    pairing = pair_layers(reference, port, {})
    assert all(one.kind == other.kind for one, other in pairing.pairs)
    paired = [one for one, _ in pairing.pairs], [other for _, other in pairing.pairs]
    assert sorted(each.path for each in (*paired[0], *pairing.only_in_reference)) == [
        each.path for each in reference
    ]
    assert sorted(each.path for each in (*paired[1], *pairing.only_in_port)) == [
        each.path for each in port
    ]


@given(ANY.filter(len), st.data())
@settings(deadline=None)
def test_a_layer_that_is_lacking_is_the_one_that_is_named(forms: list, data: st.DataObject):
    reference = [layer(f"same{place}", *form) for place, form in enumerate(forms)]
    lacking = data.draw(st.sampled_from(reference))
    port = [each for each in reference if each is not lacking]
    pairing = pair_layers(reference, port, {})
    assert pairing.only_in_reference == (lacking,)
    assert not pairing.only_in_port
