#!/usr/bin/env python3
"""Draws what `make bench-keys` has measured: lookups, memory and another KEK, over the number of tenants.

Usage: plot_keys.py CSV FOLDER
"""

import collections
import csv
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
# The same figures give the same file: no date, no random ids, text as text.
matplotlib.rcParams.update({"svg.hashsalt": "keys", "svg.fonttype": "none", "font.size": 10})

from matplotlib import pyplot  # noqa: E402

COLOURS = {"SQLite": "tab:blue", "PostgreSQL": "tab:orange", "memory": "tab:green"}


def read(path):
    """Measure -> store -> tenants and values."""
    figures = collections.defaultdict(lambda: collections.defaultdict(list))
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            figures[row["measure"]][row["store"]].append((int(row["tenants"]), float(row["value"])))
    return figures


def draw(figures, measures, title, unit, scale, path):
    """One line for each measure (name and style) of each store."""
    figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    for measure, name, style in measures:
        for store, points in figures[measure].items():
            tenants, values = zip(*points)
            values = [value / scale for value in values]
            axes.plot(tenants, values, style, color=COLOURS[store], marker=".", label=f"{store}, {name}")
    axes.set(xscale="log", xlabel="tenants", ylabel=unit, title=title)
    return figure, axes, path


def save(figure, axes, path):
    axes.grid(True, which="major", alpha=0.3)
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)


def main():
    figures, folder = read(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2])
    if not figures:
        sys.exit("nothing was measured there")
    folder.mkdir(parents=True, exist_ok=True)

    lookups = [("cold_p99_us", "not cached, p99", ":"), ("cold_us", "not cached", "-"), ("cached_us", "cached", "--")]
    figure, axes, path = draw(figures, lookups, "A tenant's key", "µs", 1, folder / "keys-lookup.svg")
    axes.set_yscale("log")
    save(figure, axes, path)

    memory = [("rss_65536_kib", "65,536 cached", "--"), ("rss_8192_kib", "8,192 cached", "-")]
    title = "Memory after all tenants were used (200,000 at most)"
    figure, axes, path = draw(figures, memory, title, "MiB", 1024, folder / "keys-memory.svg")
    axes.set_ylim(bottom=0)
    save(figure, axes, path)

    rotation = [("rotation_records_per_s", "rotate_kek", "-"), ("put_back_records_per_s", "database alone", ":")]
    figure, axes, path = draw(
        figures, rotation, "Another KEK", "thousand records per second", 1000, folder / "keys-rotation.svg"
    )
    # The raw rate was measured once for each store: one line of their means.
    raw = collections.defaultdict(list)
    for points in figures["raw_records_per_s"].values():
        for tenants, value in points:
            raw[tenants].append(value / 1000)
    if raw:
        means = [sum(values) / len(values) for values in raw.values()]
        axes.plot(list(raw), means, color="black", label="unwrap and wrap alone")
    axes.set_ylim(bottom=0)
    save(figure, axes, path)


main()
