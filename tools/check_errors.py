#!/usr/bin/env python3
"""Checks that every error code is declared once and described once in docs/errors.md: tools/check_errors.py

Codes are declared as `inline constexpr ErrorCode kName{"AB-0123", "Title"};` and described by a heading
`### AB-0123 Title` with text below it. Titles have to be the same in both places.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "errors.md"
DECLARED = re.compile(r'ErrorCode\s+k\w+\s*\{\s*"([A-Z]{2}-\d{4})"\s*,\s*((?:"(?:\\.|[^"\\])*"\s*)+)\}')


def declared():
    codes = []
    for folder in ("src", "connectors", "apps"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in (".h", ".cc") or re.search(r"_test(\.|_)", path.name):
                continue
            for code, title in DECLARED.findall(path.read_text(encoding="utf-8")):
                text = "".join(re.findall(r'"((?:\\.|[^"\\])*)"', title)).replace('\\"', '"')
                codes.append((code, text, path.relative_to(ROOT)))
    return codes


def described():
    entries, body = [], []
    for line in PAGE.read_text(encoding="utf-8").split("\n"):
        heading = re.match(r"### ([A-Z]{2}-\d{4}) (.+)$", line)
        if heading:
            body = []
            entries.append((heading.group(1), heading.group(2).strip(), body))
        elif line.startswith("#"):
            body = []
        elif line.strip():
            body.append(line)
    return entries


def main():
    findings = []
    titles, seen = {}, {}
    for code, title, path in declared():
        if code in titles:
            findings.append(f"{path}: {code} is declared twice (also in {seen[code]})")
        titles[code], seen[code] = title, path
    listed = set()
    for code, title, body in described():
        if code in listed:
            findings.append(f"docs/errors.md: {code} is described twice")
        listed.add(code)
        if code not in titles:
            findings.append(f"docs/errors.md: {code} is declared nowhere")
        elif title != titles[code]:
            findings.append(f"docs/errors.md: {code} has the title '{title}', {seen[code]} says '{titles[code]}'")
        if not body:
            findings.append(f"docs/errors.md: {code} has no text")
    for code in sorted(set(titles) - listed):
        findings.append(f"docs/errors.md: {code} ({titles[code]}; {seen[code]}) is not described")
    for finding in findings:
        print(finding)
    if not titles:
        findings.append("no codes found")
    print(f"{len(titles)} error codes, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
