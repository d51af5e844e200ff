#!/usr/bin/env python3
"""Checks the rules of the source tree that a compiler does not: tools/check_tree.py [--quiet]

- who may include whom (the order of modules in ARCHITECTURE.md),
- sizes: 120 columns (what clang-format keeps to), 800 lines a file, 70 lines a function (a ratchet, see below),
- calls that have a safer form,
- a README of at most a screen in each module and connector,
- no TODO without the number of an issue, no password that looks real, no machine's own paths.
"""

import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]

# A module may use those before it, never those after it.
MODULES = ["base", "model", "sql", "selection", "connector", "pipeline", "store", "task", "http", "api", "cli"]
CONNECTOR_MAY_USE = {"base", "model", "sql", "connector"}

COLUMNS_MAX = 120
PYTHON_COLUMNS_MAX = 135    # tests hold SQL and YAML as they are
FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 90  # aim at 70
README_LINES_MAX = 60

BANNED = [
    (r"\bv?sprintf\s*\(", "sprintf: use fmt::format"),
    (r"\bstr(n?cpy|n?cat)\s*\(", "strcpy and its kin: use std::string"),
    (r"\bato(i|l|ll|f)\s*\(", "atoi: use std::from_chars"),
    (r"\b(localtime|gmtime|ctime|asctime)\s*\(", "not safe with threads: see base/time.h"),
    (r"(?<![\w.>:])system\s*\(", "system(): no shell"),
    (r"\bstd::regex\b|#include <regex>", "std::regex: use RE2"),
    (r"#include <iostream>", "iostream: use fmt::print or base/log.h"),
    (r"\bgets\s*\(", "gets"),
    (r"\brand\s*\(\s*\)", "rand(): use <random>"),
    (r"\busing namespace std;", "using namespace std"),
]

FUNCTION_HEAD = re.compile(
    r"\)\s*(const|noexcept|override|final|mutable|->[^()]*|:.*)?\s*(const|noexcept|override)?\s*$"
)
TYPE_HEAD = re.compile(r"\b(namespace|class|struct|enum)\s+\w*\s*$")


class Findings(list):
    def add(self, path, line, text):
        self.append(f"{path.relative_to(ROOT)}:{line}: {text}" if line else f"{path.relative_to(ROOT)}: {text}")


def tracked(*patterns):
    """Files that git knows or would add, so that a build directory never counts."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\n")
    return [ROOT / name for name in sorted(filter(None, listed)) if (ROOT / name).is_file()]


def blank_comments_and_strings(text):
    """Same length and lines, with comments and literals blanked, so that patterns see only code."""

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))

    # Raw strings first, then ordinary literals and comments in one pass. A ' between digits is a separator.
    pattern = (
        r'R"(?P<d>[^\s()\\]{0,16})\((?:.|\n)*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\''
        r'|//[^\n]*|/\*(?:.|\n)*?\*/'
    )
    return re.sub(
        pattern,
        lambda m: m.group(0)
        if m.group(0).startswith('"') and "include" in text[text.rfind("\n", 0, m.start()) + 1 : m.start()]
        else blank(m),
        text,
    )


def check_includes(path, code, findings):
    parts = path.relative_to(ROOT).parts
    for number, line in enumerate(code.split("\n"), 1):
        match = re.match(r'\s*#include "([^"]+)"', line)
        if not match:
            continue
        target = match.group(1)
        if parts[0] == "src" and target.split("/")[0] in MODULES:
            here, there = MODULES.index(parts[1]), MODULES.index(target.split("/")[0])
            if there > here:
                findings.add(path, number, f"module {parts[1]} may not use {target.split('/')[0]}")
        elif parts[0] == "src":
            findings.add(path, number, f'"{target}" is in no module')
        elif parts[0] == "connectors":
            if target.startswith("connectors/"):
                if target.split("/")[1] != parts[1]:
                    findings.add(path, number, f"a connector may not use another one: {target}")
            elif target.split("/")[0] not in CONNECTOR_MAY_USE:
                findings.add(path, number, f"a connector may not use {target.split('/')[0]}")


def check_functions(path, code, findings):
    """Top-level braces that are no namespace, class or initialiser are function bodies. A heuristic, kept simple."""
    depth_stack = []
    lines = code.split("\n")
    for number, line in enumerate(lines, 1):
        for column, letter in enumerate(line):
            if letter == "{":
                before = " ".join(lines[max(0, number - 4) : number - 1] + [line[:column]])
                before = re.split(r"[;{}]", before)[-1]
                is_body = bool(FUNCTION_HEAD.search(before)) and not TYPE_HEAD.search(before)
                inside = any(body for _, body in depth_stack)
                depth_stack.append((number, is_body and not inside))
            elif letter == "}" and depth_stack:
                begin, body = depth_stack.pop()
                if body and number - begin + 1 > FUNCTION_LINES_MAX:
                    findings.add(
                        path, begin, f"a function of {number - begin + 1} lines (at most {FUNCTION_LINES_MAX})"
                    )


def check_source(path, findings):
    text = path.read_text(encoding="utf-8")
    code = blank_comments_and_strings(text)
    lines = text.split("\n")
    if len(lines) > FILE_LINES_MAX:
        findings.add(path, 0, f"{len(lines)} lines (at most {FILE_LINES_MAX})")
    if path.suffix == ".h" and "#pragma once" not in text:
        findings.add(path, 0, "no #pragma once")
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX:
            findings.add(path, number, f"{len(line)} columns (at most {COLUMNS_MAX})")
        if line != line.rstrip():
            findings.add(path, number, "blanks at the end of the line")
        if "\t" in line:
            findings.add(path, number, "a tab")
    for number, line in enumerate(code.split("\n"), 1):
        for pattern, why in BANNED:
            if re.search(pattern, line):
                findings.add(path, number, f"banned: {why}")
    check_includes(path, code, findings)
    if not path.name.endswith("_test.cc"):
        check_functions(path, code, findings)


def check_any_text(path, findings):
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    for number, line in enumerate(text.split("\n"), 1):
        if (
            re.search(r"\b(TODO|FIXME|XXX)\b", line)
            and not re.search(r"TODO\(#\d+\)", line)
            and path.name != "check_tree.py"
        ):
            findings.add(path, number, "TODO without an issue: write TODO(#123)")
        if re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY-----", line) and path.name != "check_tree.py":
            findings.add(path, number, "a private key")


def check_readmes(findings):
    folders = [ROOT / "src" / module for module in MODULES] + sorted((ROOT / "connectors").glob("*"))
    for folder in folders:
        if not (folder / "CMakeLists.txt").exists():
            continue
        readme = folder / "README.md"
        if not readme.exists():
            findings.add(folder, 0, "no README.md")
        elif len(readme.read_text().split("\n")) > README_LINES_MAX:
            findings.add(readme, 0, f"longer than a screen ({README_LINES_MAX} lines)")


def check_python(path, findings):
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if len(line) > PYTHON_COLUMNS_MAX:
            findings.add(path, number, f"{len(line)} columns (at most {PYTHON_COLUMNS_MAX})")


def run():
    findings = Findings()
    for path in tracked("src", "connectors", "apps", "tests", "bench", "tools"):
        if path.suffix in (".cc", ".h"):
            check_source(path, findings)
        elif path.suffix == ".py":
            check_python(path, findings)
    for path in tracked("*"):
        check_any_text(path, findings)
    check_readmes(findings)
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quiet", action="store_true", help="print findings only")
    arguments = parser.parse_args()
    findings = run()
    for finding in findings:
        print(finding)
    if not arguments.quiet:
        print(f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
