"""Random schemas under random writers, compared with the destination after each run."""

import random

import pytest

from tests.support import compare, random_schema


def migrate(source, destination, sluice, seed, tables=8, rows=80, transactions=150):
    rng = random.Random(seed)
    made = random_schema.make_tables(rng, tables, source, destination)
    source.make_database("rnd")
    with source.session("rnd") as session:
        random_schema.create(session, made)
        random_schema.fill(session, rng, made, rows)
    task = sluice(source, destination, objects=[{"database": "rnd"}])
    with random_schema.Writers(source, "rnd", made, seed, threads=2) as writers:
        task.start()
        task.wait_phase("incremental", seconds=120)
        seen = writers.transactions
        task.wait_status(lambda _: writers.transactions > seen + transactions, 120, "more transactions")
    task.follow_to(source, "rnd", destination=destination)
    compare.assert_equal(source, "rnd", destination)
    task.verify()
    assert task.terminate() == 0


def test_random_schema(any_pair, sluice, seed):
    migrate(*any_pair, sluice, seed)


@pytest.mark.parametrize("fixed", range(2))
def test_random_schema_between_engines(cross_pair, sluice, fixed):
    migrate(*cross_pair, sluice, fixed, transactions=60)


@pytest.mark.parametrize("fixed", range(4))
def test_known_seeds(one_pair, sluice, fixed):
    """Seeds that stay, so that every run covers the same shapes at least once."""
    migrate(*one_pair, sluice, fixed, transactions=60)


@pytest.mark.soak
@pytest.mark.parametrize("round_number", range(50))
def test_many_random_schemas(any_pair, sluice, seed, round_number):
    migrate(*any_pair, sluice, seed + round_number, tables=12, rows=200, transactions=400)
