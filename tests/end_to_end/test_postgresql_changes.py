"""Changes of PostgreSQL that are told in ways of their own, arrive whole or are refused, never half."""

import shutil
import subprocess

import pytest

from tests.end_to_end.test_precheck import everything, failed_items
from tests.support import compare

OBJECTS = [{"database": "shop"}]


def follow(get, sluice, setup, statements, kind="pg15", **options):
    """Loads what `setup` makes in the schema shop, then lets a task carry `statements`."""
    source, destination = get.shared(kind, "source"), get.shared("pg18", "destination")
    source.execute("CREATE SCHEMA shop", *setup)
    task = sluice(source, destination, objects=OBJECTS, **options)
    task.run_until_caught_up()
    source.execute(*statements)
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)
    return source, destination, task


def test_large_transactions_of_other_tables(get, sluice):
    """The server streams them while they run, and sends nothing but where they begin and end."""
    source, destination = get.own("pg18", extra=["logical_decoding_work_mem=64kB"]), get.shared("pg15", "destination")
    source.execute(
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.a (id integer PRIMARY KEY, v text)",
        "CREATE TABLE public.other (id integer PRIMARY KEY, v text)",
    )
    task = sluice(source, destination, objects=OBJECTS)
    task.run_until_caught_up()
    fill = "INSERT INTO public.other SELECT i, repeat('v', 40) FROM generate_series({0} + 1, {0} + 20000) i"
    source.execute(
        fill.format(0),
        "INSERT INTO shop.a VALUES (1, 'x')",
        f"BEGIN; {fill.format(100000)}; ROLLBACK",
        f"BEGIN; {fill.format(200000)}; INSERT INTO shop.a VALUES (2, 'y'); COMMIT",
    )
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)


@pytest.mark.parametrize("identity", ["FULL", "USING INDEX a_code_key"])
def test_values_of_a_deferrable_key_move_within_a_transaction(get, sluice, identity):
    """Such a key is unique at a transaction's end only: rows are not searched by it."""
    follow(
        get,
        sluice,
        [
            "CREATE TABLE shop.a (id integer PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, code text NOT NULL UNIQUE, "
            "v text)",
            f"ALTER TABLE shop.a REPLICA IDENTITY {identity}",
            "INSERT INTO shop.a SELECT i, 'c' || i, 'v' || i FROM generate_series(1, 6) i",
            "CREATE TABLE shop.b (pos integer NOT NULL UNIQUE DEFERRABLE, v text)",
            "ALTER TABLE shop.b REPLICA IDENTITY FULL",
            "INSERT INTO shop.b SELECT i, 'v' || i FROM generate_series(1, 6) i",
        ],
        [
            "UPDATE shop.a SET id = id + 1",
            "UPDATE shop.a SET id = 9 - id",
            "UPDATE shop.b SET pos = pos + 1",
            "BEGIN; UPDATE shop.b SET pos = 1 WHERE pos = 7; DELETE FROM shop.b WHERE v = 'v3'; COMMIT",
        ],
    )


def test_character_and_bit_types_without_a_length(get, sluice):
    follow(
        get,
        sluice,
        [
            'CREATE TABLE shop.a (id integer PRIMARY KEY, c bpchar, b "bit", cs bpchar[], bs "bit"[], c1 char, b1 bit, '
            "bv bit varying)",
            "INSERT INTO shop.a VALUES (1, 'x ', '101', '{a,b}', '{1,10}', 'y', '1', '01')",
        ],
        [
            "INSERT INTO shop.a VALUES (2, 'longer', '', '{}', '{0}', 'z', '0', '')",
            "UPDATE shop.a SET c = NULL, bs = NULL WHERE id = 1",
        ],
    )
