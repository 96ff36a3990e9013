"""Bridge's acquisition on given probabilities: ``best`` over chunks, ``compose`` for diversity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from bridge.acquisition.candidates import Candidates, best
from bridge.acquisition.compose import compose
from bridge.acquisition.spec import AcquisitionSpec, Strategy
from peers.speed import WANTED, Given, report

CHUNK = 65536  # as the feature store's


class Precomputed:
    """A model whose features are places in a matrix of probabilities."""

    def __init__(self, probabilities: np.ndarray) -> None:
        self.probabilities = probabilities
        self.classes = tuple(str(number) for number in range(probabilities.shape[1]))

    def predict(self, inputs: Any) -> np.ndarray:
        return self.probabilities[int(inputs[0, 0]) : int(inputs[-1, 0]) + 1]

    def save(self, directory: Path) -> None:
        np.save(directory / "probabilities.npy", self.probabilities)


def main() -> None:
    given = Given()
    model = Precomputed(given.probabilities)
    places = np.arange(given.rows, dtype=np.int64)

    def chunks() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for low in range(0, given.rows, CHUNK):
            part = places[low : low + CHUNK]
            yield part, part[:, None]

    def ranked(strategy: str, keep: int) -> Candidates:
        return best(model, chunks(), cast(Strategy, strategy), "single", keep, 0)

    def diverse() -> list[int]:
        spec = AcquisitionSpec(diversity="on")
        found = ranked("margin", spec.keep(WANTED))
        near = replace(found, features=given.vectors[found.ids])
        picks = compose(
            candidates=near,
            hold_out=(),
            cold=(),
            size=WANTED,
            measure=0,
            spec=spec,
            classes=model.classes,
            task="single",
        )
        return [pick.id for pick in picks]

    if given.strategy == "diverse":
        import sklearn.cluster  # noqa: F401  # the peers, too, have it loaded before they are asked

        report(diverse, given, name="diverse: clustered margin")
        return
    strategy = given.strategy.replace(" ", "_")
    report(lambda: ranked(strategy, WANTED).ids, given)


if __name__ == "__main__":
    main()
