"""The curves as a picture: the median of the seeds as a line, their range as a band."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

from peers.summary import Cell

mpl.use("Agg")
mpl.rcParams.update({"svg.hashsalt": "bridge", "svg.fonttype": "none", "font.size": 8})

from matplotlib import pyplot as plt  # noqa: E402  # after the backend

__all__ = ["draw"]

COLOURS = {
    "bridge": "#d1495b",
    "bridge-acquisition": "#edae49",
    "random-bridge": "#666666",
    "random-usual": "#aaaaaa",
    "modal-margin": "#00798c",
    "skactiveml-margin": "#3f6634",
    "smalltext-ties": "#6a4c93",
}
BANDS = ("bridge", "random-usual", "modal-margin")  # more would hide each other


def draw(cells: Sequence[Cell], titles: dict[str, str], path: Path, budget: int) -> None:
    """Draw one panel for each data set, of the contenders that have a colour."""
    datasets = list(dict.fromkeys(cell.dataset for cell in cells))
    figure, panels = plt.subplots(
        1, len(datasets), figsize=(3.1 * len(datasets), 3.2), sharey=True, squeeze=False
    )
    for panel, dataset in zip(panels[0], datasets, strict=True):
        grid = np.arange(0, budget + 1, 20)
        for name, colour in COLOURS.items():
            some = [cell for cell in cells if (cell.dataset, cell.name) == (dataset, name)]
            if not some:
                continue
            curves = [np.interp(grid, (0, *cell.labels), (0.0, *cell.f1)) for cell in some]
            panel.plot(grid, np.median(curves, axis=0), color=colour, label=titles[name], lw=1.4)
            if name in BANDS:
                low, high = np.min(curves, axis=0), np.max(curves, axis=0)
                panel.fill_between(grid, low, high, color=colour, alpha=0.15, lw=0)
        panel.set(title=dataset, xlabel="labels", xlim=(0, budget), ylim=(0, 1))
        panel.grid(alpha=0.3)
    panels[0][0].set_ylabel("F1 on the test part")
    handles, names = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="lower center", ncols=4, frameon=False)
    figure.tight_layout(rect=(0, 0.13, 1, 1))
    metadata = {"Date": None} if path.suffix == ".svg" else None
    figure.savefig(path, dpi=110, metadata=metadata)
    plt.close(figure)
