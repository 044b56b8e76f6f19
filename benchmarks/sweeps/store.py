"""What a sweep has trained, kept training by training: a broken sweep goes on from there."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from benchmarks.runner.records import read_json, write_json
from shared.errors import InputError
from shared.experiment import Experiment

TRAININGS_FOLDER = "trainings"

AnyResult = TypeVar("AnyResult")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Everything that decides a training: where one of these differs, it is another one.

    experiment: with the training's own seed.
    variant: what is done to the experiment besides, in words; empty if nothing.
    flags: variables that steer frameworks, `NAME=value`.
    """

    implementation: str
    experiment: Experiment
    variant: str = ""
    data_sha256: str
    python: str
    packages: dict[str, str]
    flags: tuple[str, ...]

    @property
    def file_name(self) -> str:
        """For people its implementation and seed, then a digest of everything."""
        digest = hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()
        return f"{self.implementation}-{self.experiment.seed}-{digest[:16]}.json"


@dataclass(frozen=True, kw_only=True)
class StoredTraining:
    """A training's file: which one, what came of it, and the SHA-256 of that."""

    identity: Identity
    result: msgspec.Raw
    sha256: str


@dataclass(frozen=True)
class Store:
    """The trainings in a sweep's folder, a file each.

    say: hears of each file that is not what its name says, and is trained anew.
    """

    folder: Path
    say: Callable[[str], None] = print

    def get(self, identity: Identity, result_type: type[AnyResult]) -> AnyResult | None:
        """What came of the training; None where it is not stored, whole and unchanged."""
        path = self.folder / identity.file_name
        if not path.exists():
            return None
        try:
            stored = read_json(path, StoredTraining)
            result = msgspec.json.decode(stored.result, type=result_type, dec_hook=_array)
            if stored.identity == identity and stored.sha256 == _sha256_of(_encoded(result)):
                return result
        except (InputError, msgspec.MsgspecError, ValueError, KeyError, TypeError):
            pass  # the same is to be said, and done
        self.say(f"{path} is damaged, or of another training: it is trained anew")
        return None

    def put(self, identity: Identity, result: object) -> None:
        """Stores what came of the training, whole or not at all."""
        self.folder.mkdir(exist_ok=True)
        encoded = _encoded(result)
        stored = StoredTraining(
            identity=identity, result=msgspec.Raw(encoded), sha256=_sha256_of(encoded)
        )
        write_json(stored, self.folder / identity.file_name)

    def names(self) -> set[str]:
        """The names of all files that are stored."""
        return {path.name for path in self.folder.glob("*.json")}


def _encoded(result: object) -> bytes:
    return msgspec.json.encode(result, enc_hook=_plain)


def _sha256_of(encoded: bytes) -> str:
    return hashlib.sha256(encoded).hexdigest()


def _plain(array: object) -> dict[str, Any]:
    """An array as msgspec can write it."""
    if not isinstance(array, np.ndarray):
        raise NotImplementedError(type(array).__name__)
    return {"dtype": array.dtype.str, "shape": array.shape, "bytes": array.tobytes()}


def _array(_type: type, plain: dict[str, Any]) -> np.ndarray:
    numbers = np.frombuffer(base64.b64decode(plain["bytes"]), plain["dtype"])
    return numbers.reshape(plain["shape"])
