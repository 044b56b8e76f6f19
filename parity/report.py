"""What a climb found: its verdict, its table, where two twins part; as text, JSON and a page."""

from dataclasses import dataclass
from parity.compare import RungComparison, sentence
from parity.pairing import Pairing
from parity.twin import Array


@dataclass(frozen=True)
class Curve:
    """Differences of every step's loss, and those that rounding makes, both (S,)."""

    differences: Array
    noise: Array


@dataclass(frozen=True, kw_only=True)
class Report:
    titles: tuple[str, str]
    dtype: str
    rungs: tuple[RungComparison, ...] = ()
    not_reached: tuple[str, ...] = ()
    pairing: Pairing = Pairing(())
    notes: tuple[str, ...] = ()
    curve: Curve | None = None

    @property
    def passed(self) -> bool:
        return bool(self.rungs) and not self.not_reached and self.rungs[-1].passed

    @property
    def first_difference(self) -> str | None:
        return None if self.passed else sentence(self.rungs[-1])

    def __str__(self):
        return (
            "\n".join(
                f"{r.name:30s} {r.difference} {r.tolerance:.1e} {'ok' if r.passed else 'X'}"
                for r in self.rungs
            )
            + f"\n{self.first_difference}"
        )
