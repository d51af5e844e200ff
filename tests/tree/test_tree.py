"""The rules of the tree hold, and their checker finds what it should."""

import importlib.util
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def checker():
    spec = importlib.util.spec_from_file_location("check_tree", ROOT / "tools/check_tree.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tree_keeps_its_rules(checker):
    findings = checker.run()
    assert not findings, "\n".join(findings)


def test_shell_scripts_parse():
    for script in ("test", "demo", ".ci/run", "tools/install", "tools/run_fuzzers"):
        if (ROOT / script).exists():
            subprocess.run(["bash", "-n", ROOT / script], check=True)


@pytest.mark.parametrize(
    "text, finding",
    [
        ('#include "pipeline/apply.h"\n', "module base may not use pipeline"),
        ("int f() { return atoi(x); }\n", "atoi"),
        ("void f() { char b[9]; sprintf(b, \"%d\", 1); }\n", "sprintf"),
        ("#include <iostream>\n", "iostream"),
        ("int a;  // " + "x" * 120 + "\n", "columns"),
        ("int a;\n" * 801, "lines (at most 800)"),
        ("void F() {\n" + "  G();\n" * 100 + "}\n", "a function of"),
    ],
    ids=["include", "atoi", "sprintf", "iostream", "columns", "lines", "function"],
)
def test_the_checker_finds(checker, tmp_path, monkeypatch, text, finding):
    monkeypatch.setattr(checker, "ROOT", tmp_path)
    path = tmp_path / "src/base/x.cc"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    findings = checker.Findings()
    checker.check_source(path, findings)
    assert any(finding in one for one in findings), findings


@pytest.mark.parametrize(
    "text",
    [
        'const char* text = "atoi(sprintf)";  // strcpy(a, b)\n',
        "int big = 1'000'000;\nchar c = '\"';\nconst char* s = \"x\";\n",
        '#include "model/row.h"\n',
    ],
    ids=["literals and comments", "separators and quotes", "include upwards"],
)
def test_the_checker_leaves_alone(checker, tmp_path, monkeypatch, text):
    monkeypatch.setattr(checker, "ROOT", tmp_path)
    path = tmp_path / "src/pipeline/x.cc"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    findings = checker.Findings()
    checker.check_source(path, findings)
    assert not findings
