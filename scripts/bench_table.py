#!/usr/bin/env python3
"""Prints the medians of the last benchmark run as a table, each with its ratio to the floor of the same run.

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
    print("| operation | ns | ratio to the floor |")
    print("|---|---:|---:|")
    for group, rows in groups.items():
        floor = rows.pop("floor")
        print(f"| {group}: floor | {floor:,.0f} | |")
        for row, median in rows.items():
            print(f"| {group}: {row} | {median:,.0f} | {median / floor:.2f} |")


main()
