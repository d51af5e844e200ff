"""SIGKILL and cut connections at random moments of every phase: nothing lost, nothing doubled, key or no key.

20 rounds in ./test, 200 in ./test --soak; each prints its seed.
"""

import os

import pytest

from tests.support import chaos

PAIRS = [("mariadb", "mariadb"), ("mariadb", "mariadb"), ("mysql", "mysql"), ("mariadb", "mysql"), ("mysql", "mariadb")]
PG_PAIRS = [("pg15", "pg15"), ("pg18", "pg18"), ("pg10", "pg18"), ("pg15", "pg15"), ("pg18", "pg10")]

CROSS_PAIRS = [("mariadb", "pg15"), ("mysql", "pg18"), ("pg15", "mariadb"), ("pg18", "mysql")]


def one_round(get, sluice, number, seed, pairs=PAIRS, **more):
    source_kind, destination_kind = pairs[number % len(pairs)]
    source, destination = get.own(source_kind), get.own(destination_kind)
    if source.engine == "postgresql":
        source.features = min(source.major, getattr(destination, "major", source.major))
    chaos.Chaos(source, destination, sluice, seed + number, **more).run()


@pytest.mark.parametrize("number", range(10))
def test_random_kills_of_postgresql(get, sluice, seed, number):
    one_round(get, sluice, number, seed, pairs=PG_PAIRS, rows=30_000)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(200))
def test_two_hundred_random_kills_of_postgresql(get, sluice, seed, number):
    one_round(get, sluice, number, seed, pairs=PG_PAIRS, rows=int(os.environ.get("SLUICE_SOAK_ROWS", "100000")))


@pytest.mark.parametrize("number", range(6))
def test_random_kills_between_engines(get, sluice, seed, number):
    one_round(get, sluice, number, seed, pairs=CROSS_PAIRS, rows=30_000)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(200))
def test_two_hundred_random_kills_between_engines(get, sluice, seed, number):
    one_round(get, sluice, number, seed, pairs=CROSS_PAIRS, rows=int(os.environ.get("SLUICE_SOAK_ROWS", "100000")))


@pytest.mark.parametrize("number", range(20))
def test_random_kills(get, sluice, seed, number):
    one_round(get, sluice, number, seed, rows=30_000)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(200))
def test_two_hundred_random_kills(get, sluice, seed, number):
    one_round(get, sluice, number, seed, rows=int(os.environ.get("SLUICE_SOAK_ROWS", "100000")))


@pytest.mark.parametrize("phase", ["schema", "full", "incremental"])
@pytest.mark.parametrize("victim", ["sluice", "source", "destination", "network"])
@pytest.mark.parametrize("kind", ["mariadb", "pg15"])
def test_each_victim_in_each_phase(get, sluice, kind, phase, victim):
    """The same without chance: one strike in the named phase."""
    source, destination = get.own(kind), get.own(kind)
    one = chaos.Chaos(source, destination, sluice, 7, victims=(victim,), rows=40_000)
    one.rng.choice = _choosing(one.rng.choice, phase)
    one.run(strikes=1)


def _choosing(choice, phase):
    return lambda some: phase if some is chaos.PHASES else choice(some)
