"""Runs the C++ programs that need real servers, each of their tests as a test here: the contract suite, and what a
connector's own *_server_test.cc hold. The servers' administrators are told by SLUICE_TEST_<KIND>."""

import os
import re
import subprocess

import pytest

from tests.conftest import unavailable
from tests.support import servers
from tests.support.sluice import BINARY

BUILD = BINARY.parent
SECONDS = 300
# Of pairs of PostgreSQL servers ./test takes both ways across the versions and two of one version; the soak all.
POSTGRESQL_PAIRS = [("pg10", "pg18"), ("pg18", "pg10"), ("pg15", "pg15"), ("pg18", "pg18")]
# Between engines each server takes part once a way.
CROSS_PAIRS = [("mariadb", "pg15"), ("mysql", "pg10"), ("mysql", "pg18"), ("pg15", "mariadb"), ("pg10", "mysql"), ("pg18", "mysql")]


def programs():
    return sorted([*BUILD.glob("*_server_test"), *BUILD.glob("contract_test")])


def listed():
    """(program, test) of everything that is built; (None, what is missing) in place of a program that is not."""
    found = []
    for program in programs():
        done = subprocess.run([program, "--gtest_list_tests"], capture_output=True, text=True, check=False, timeout=60)
        suite = ""
        for line in done.stdout.splitlines():
            name = line.split("#")[0].strip()
            if not line.startswith(" ") and name.endswith("."):
                suite = name
            elif line.startswith("  ") and name:
                found.append((program, suite + name))
        if done.returncode != 0 or not any(p == program for p, _ in found):
            found.append((None, f"{program.name} lists no tests: {done.stderr[-500:]}"))
    for name in ("contract_test", "mysql_server_test"):
        if not (BUILD / name).exists():
            found.append((None, f"{BUILD / name} is not built: cmake --build --preset release"))
    return found


def named_kinds(name):
    """The kinds of servers that a test's name ends with: one, or source and destination."""
    named = tuple(name.rpartition("/")[2].split("_"))
    return named if all(kind in servers.SOAK_KINDS for kind in named) else ()


def is_for_soak(name):
    named = named_kinds(name)
    if any(kind not in servers.KINDS for kind in named):
        return True
    if len(named) != 2:
        return False
    ours = [kind in servers.postgresql.KINDS for kind in named]
    return named not in POSTGRESQL_PAIRS if all(ours) else any(ours) and named not in CROSS_PAIRS


def kinds(program, name):
    """What a test needs: the kinds that its name ends with, else those of its program's engine."""
    named = named_kinds(name)
    if named:
        return sorted(set(named))
    return {"mysql_server_test": servers.mysql.KINDS, "postgresql_server_test": servers.postgresql.KINDS}.get(
        program.name, ()
    )


def addresses(get, wanted):
    """The servers that can be had, as the programs want them, and why the others cannot. A program skips what it has
    no server for."""
    found = {}
    missing = []
    for kind in wanted:
        try:
            servers.require(kind)
        except servers.ServerUnavailable as error:
            missing.append(str(error))
            continue
        server = get.shared(kind, "source")
        found[f"SLUICE_TEST_{kind.upper()}"] = f"{server.host}:{server.port}:admin:{servers.ADMIN_PASSWORD}"
    return found, missing


def parameters():
    for program, name in listed():
        marks = [pytest.mark.soak] if program is not None and is_for_soak(name) else []
        yield pytest.param(program, name, marks=marks)


@pytest.mark.parametrize("program, name", parameters(), ids=lambda value: getattr(value, "name", str(value)))
def test_program(get, program, name):
    assert program is not None, name
    found, missing = addresses(get, kinds(program, name))
    done = subprocess.run(
        [program, f"--gtest_filter={name}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
        env={**{k: v for k, v in os.environ.items() if not k.startswith("SLUICE_TEST_")}, **found},
    )
    text = (done.stdout + done.stderr)[-12000:]
    assert servers.ADMIN_PASSWORD not in text
    assert done.returncode == 0, text
    if re.search(r"^\[  SKIPPED \]", done.stdout, re.MULTILINE):
        if missing:
            unavailable("; ".join(missing))
        pytest.fail("skipped although every server is there:\n" + text)
    assert re.search(r"^\[  PASSED  \] 1 test\.", done.stdout, re.MULTILINE), text
