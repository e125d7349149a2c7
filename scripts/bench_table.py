#!/usr/bin/env python3
"""Prints the medians of the last benchmark run as a table, each with its ratio to the floors of the same run.

Usage: bench_table.py TARGET_DIRECTORY
"""

import json
import pathlib
import sys


def medians(folder):
    """Group -> row -> median in nanoseconds."""
    groups = {}
    for path in sorted(folder.glob("criterion/*/*/new/estimates.json")):
        estimates = json.loads(path.read_text())
        row = path.parent.parent
        groups.setdefault(row.parent.name, {})[row.name] = estimates["median"]["point_estimate"]
    return groups


def main():
    groups = medians(pathlib.Path(sys.argv[1]))
    if not groups:
        sys.exit("no benchmark results there")
    print("| operation | ns | ratio to the floor | to a floor with more in it |")
    print("|---|---:|---:|---:|")
    for group, rows in groups.items():
        floors = {row: rows.pop(row) for row in sorted(rows) if row.startswith("floor")}
        base = floors.pop("floor")
        print(f"| {group}: floor | {base:,.0f} | | |")
        for row, median in floors.items():
            print(f"| {group}: {row} | {median:,.0f} | {median / base:.2f} | |")
        for row, median in rows.items():
            more = ", ".join(f"{name.removeprefix('floor_')} {median / ns:.2f}" for name, ns in floors.items())
            print(f"| {group}: {row} | {median:,.0f} | {median / base:.2f} | {more} |")


main()
