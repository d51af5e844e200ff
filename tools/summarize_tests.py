#!/usr/bin/env python3
"""Adds up the JUnit files of a test run and prints the closing line: summarize_tests.py DIR FAILED_STAGES."""

import pathlib
import sys
import xml.etree.ElementTree as xml


def count(path):
    passed = failed = skipped = 0
    for case in xml.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def main():
    results, failed_stages = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    totals = [0, 0, 0]
    files = sorted(results.glob("unit-*/*.xml")) + sorted(results.glob("pytest*.xml"))
    for path in files:
        counts = count(path)
        totals = [a + b for a, b in zip(totals, counts)]
        print(f"{path.relative_to(results)}: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped")
    # A program that died has no file of its own; its stage failed, and ctest's file says so.
    if failed_stages and not totals[1]:
        totals[1] = failed_stages
    print(f"{totals[0]} passed, {totals[1]} failed" + (f", {totals[2]} skipped" if totals[2] else ""))
    return 1 if totals[1] or failed_stages or not totals[0] else 0


if __name__ == "__main__":
    sys.exit(main())
