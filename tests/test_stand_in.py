import hashlib

import numpy as np
import pytest

from shared.data.stand_in import make_stand_in


@pytest.fixture(scope="module")
def small():
    return make_stand_in(60, stream=0)


def test_shapes_types_and_balance(small):
    images, labels = small
    assert images.shape == (600, 28, 28)
    assert images.dtype == labels.dtype == np.uint8
    assert not images.flags.writeable
    assert not labels.flags.writeable
    assert np.bincount(labels).tolist() == [60] * 10
    assert set(labels[:60].tolist()) == set(range(10)), "classes are not shuffled"


def test_every_machine_makes_the_same_pictures_each_time(small):
    for images, labels in (small, make_stand_in(60, stream=0)):
        digest = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
        assert digest == "5091497cd6b2254b632d047e1467d9516c98408c0c1964b935c13955ad6ca004"


def test_streams_have_no_picture_in_common(small):
    other, _ = make_stand_in(60, stream=1)
    both = np.concatenate([small[0], other]).reshape(1200, -1)
    assert len(np.unique(both, axis=0)) == 1200


def test_every_picture_shows_something_on_black(small):
    lit = (small[0] > 0).mean(axis=(1, 2))
    assert 0.02 < lit.min() < lit.max() < 0.9
    assert small[0].max() > 200


def test_classes_can_be_told_apart_but_not_easily():
    images, labels = make_stand_in(300, stream=0)
    others, truth = make_stand_in(60, stream=1)
    centers = np.stack([images[labels == label].mean(axis=0) for label in range(10)])
    distances = ((others[:, None].astype(float) - centers) ** 2).sum(axis=(2, 3))
    accuracy = (distances.argmin(axis=1) == truth).mean()
    assert 0.4 < accuracy < 0.8
