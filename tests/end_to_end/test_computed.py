"""What the destination computes from the carried values (generated columns, functional indexes) may warn there as it did
at the source, which took the rows without strict mode. A carried value that would change stays an error."""

import contextlib

import pytest

from tests.support import compare
from tests.support.sluice import MIGRATION_FAILED

# Each of these warns, or is cut, for some of the rows that fill() writes.
GENERATED = (
    "hexed INT AS (CHAR_LENGTH(HEX(d))) STORED",
    "hexed_again INT AS (CHAR_LENGTH(HEX(d))) VIRTUAL",
    "small TINYINT AS (n) STORED",
    "small_again TINYINT AS (n) VIRTUAL",
    "short VARCHAR(3) AS (CONCAT('a', n)) VIRTUAL",
)
WIDE = "99999999999999999999999999999999999.5"


def create(server, database, table, v="VARCHAR(20)", more=()):
    with server.session() as session:
        session.execute("SET SESSION sql_mode=''")
        session.execute(f"CREATE DATABASE IF NOT EXISTS {database}")
        columns = ["id INT PRIMARY KEY", "n INT", "d DECIMAL(65,30)", f"v {v}", *GENERATED, *more]
        session.execute(f"CREATE TABLE {database}.{table} ({', '.join(columns)})")


@contextlib.contextmanager
def lax(server, database):
    with server.session(database) as session:
        session.execute("SET SESSION sql_mode=''")
        yield session


def fill(session, table, ids, v="v"):
    session.executemany(
        f"INSERT INTO {table} (id, n, d, v) VALUES (%s, %s, %s, %s)",
        [(i, i * 7 % 5000, WIDE if i % 5 == 0 else i / 4, v) for i in ids],
    )


def indexes(server, database, table):
    return {row[2] for row in server.query(f"SHOW INDEX FROM {database}.{table}")}


def test_rows_whose_generated_columns_warn(pair, sluice):
    """By INSERT (few rows) and LOAD DATA (many), indexes over such columns after it; then each kind of change."""
    source, destination = pair
    create(source, "gen", "few", more=["KEY (hexed_again)", "KEY (small_again)"])
    create(source, "gen", "many", more=["KEY (hexed_again)", "KEY (small_again, hexed)"])
    with lax(source, "gen") as session:
        fill(session, "few", range(20))
        fill(session, "many", range(12000), v="padding" * 2)
        session.execute("ANALYZE TABLE many")
    task = sluice(source, destination, objects=[{"database": "gen"}])
    task.run_until_caught_up()
    compare.assert_equal(source, "gen", destination)
    assert indexes(destination, "gen", "many") == indexes(source, "gen", "many")
    with lax(source, "gen") as session:
        fill(session, "few", range(100, 130))
        session.execute("UPDATE few SET v='later'")
        session.execute(f"UPDATE few SET d={WIDE}, n=n+1000 WHERE id % 3 = 0")
        session.execute("UPDATE few SET id=id+1000 WHERE id % 4 = 0")
        session.execute("DELETE FROM few WHERE id % 5 = 0")
        session.execute("DELETE FROM many WHERE id BETWEEN 100 AND 3000")
        session.execute("UPDATE many SET n=n+1 WHERE id > 11000")
    task.run_until_caught_up()
    compare.assert_equal(source, "gen", destination)
    left = [row[0] for row in destination.query("SHOW TABLES FROM sluice")]
    assert not [name for name in left if name not in ("chunk", "progress", "note")], left
    task.verify()


def test_keyless_rows_whose_generated_columns_warn(pair, sluice):
    source, destination = pair
    create(source, "gen", "k")
    source.execute("ALTER TABLE gen.k DROP PRIMARY KEY")
    with lax(source, "gen") as session:
        fill(session, "k", [1, 5, 5, 25, 300])
    task = sluice(source, destination, objects=[{"database": "gen"}])
    task.run_until_caught_up()
    with lax(source, "gen") as session:
        fill(session, "k", [5, 5, 25, 400])
        session.execute("UPDATE k SET v='one' WHERE id=5 LIMIT 1")
        session.execute("DELETE FROM k WHERE id=25 LIMIT 1")
    task.run_until_caught_up()
    compare.assert_equal(source, "gen", destination)


def test_a_large_transaction_whose_generated_columns_warn(pair, sluice):
    """It is applied in parts as it is read, and cannot be done again one by one."""
    source, destination = pair
    create(source, "gen", "t", v="TEXT")
    task = sluice(source, destination, objects=[{"database": "gen"}])
    task.run_until_caught_up()
    with lax(source, "gen") as session:
        session.execute("START TRANSACTION")
        for i in range(0, 400, 20):
            fill(session, "t", range(i, i + 20), v="x" * 60000)
        session.execute("UPDATE t SET n=n+1000 WHERE id < 100")
        session.commit()
    task.run_until_caught_up()
    compare.assert_equal(source, "gen", destination)


@pytest.mark.parametrize("way", ["few rows", "many rows", "insert", "update"])
def test_a_carried_value_that_would_change_is_refused_all_the_same(pair, sluice, way):
    source, destination = pair
    create(source, "gen", "t")
    create(destination, "gen", "t", v="VARCHAR(3)")
    with lax(source, "gen") as session:
        fill(session, "t", range(1, 10000 if way == "many rows" else 10))
        if way.endswith("rows"):
            session.execute("UPDATE t SET v='changed' WHERE id=5")
    task = sluice(source, destination, types=["full", "incremental"], objects=[{"database": "gen"}])
    if not way.endswith("rows"):
        task.run_until_caught_up()
        with lax(source, "gen") as session:
            if way == "insert":
                fill(session, "t", [10, 15, 20], v="changed")
            else:
                session.execute("UPDATE t SET v='changed' WHERE id >= 5")
    done = task.run_until_caught_up(check=MIGRATION_FAILED)
    assert "MY-0118" in done.text and "gen.t" in done.text, done
    if way.endswith("rows"):
        assert "column v" in done.text, done
    assert destination.value("SELECT COUNT(*) FROM gen.t WHERE v LIKE 'cha%'") == 0
    destination.execute("ALTER TABLE gen.t MODIFY v VARCHAR(20)")
    task.run_until_caught_up()
    compare.assert_equal(source, "gen", destination)


def test_a_row_with_the_error_value_of_an_enum_is_checked_too(pair, sluice):
    """Such a row can only be written without strict mode: its other values must arrive all the same."""
    source, destination = pair
    source.execute("CREATE DATABASE e", "CREATE TABLE e.t (id INT PRIMARY KEY, e ENUM('a', 'b'), v VARCHAR(20))")
    destination.execute("CREATE DATABASE e", "CREATE TABLE e.t (id INT PRIMARY KEY, e ENUM('a', 'b'), v VARCHAR(3))")
    task = sluice(source, destination, types=["full", "incremental"], objects=[{"database": "e"}])
    task.run_until_caught_up()
    with lax(source, "e") as session:
        session.execute("INSERT INTO t VALUES (1, 'nothing', 'abc')")
        session.execute("INSERT INTO t VALUES (2, 'nothing', 'abcd')")
    done = task.run_until_caught_up(check=MIGRATION_FAILED)
    assert "MY-0118" in done.text and "e.t" in done.text, done
    assert destination.value("SELECT COUNT(*) FROM e.t WHERE id=2") == 0
    destination.execute("ALTER TABLE e.t MODIFY v VARCHAR(20)")
    task.run_until_caught_up()
    compare.assert_equal(source, "e", destination)


def test_functional_index_that_warns(get, sluice):
    source, destination = get.shared("mysql", "source"), get.shared("mysql", "destination")
    source.execute(
        "CREATE DATABASE f",
        "CREATE TABLE f.t (id INT PRIMARY KEY, d DECIMAL(65,30), v VARCHAR(200), KEY x ((CHAR_LENGTH(HEX(d)))), "
        "KEY y ((CAST(v AS UNSIGNED))))",
    )

    def insert(ids):
        with lax(source, "f") as session:
            session.executemany("INSERT INTO t VALUES (%s, %s, %s)", [(i, WIDE, f"{i} is no number" * 3) for i in ids])

    insert(range(10000))
    source.execute("ANALYZE TABLE f.t")
    task = sluice(source, destination, objects=[{"database": "f"}])
    task.run_until_caught_up()
    compare.assert_equal(source, "f", destination)
    assert indexes(destination, "f", "t") == {"PRIMARY", "x", "y"}
    insert(range(10000, 10030))
    with lax(source, "f") as session:
        session.execute("UPDATE t SET v='2x' WHERE id > 10010")
        session.execute("DELETE FROM t WHERE id BETWEEN 10000 AND 10005")
    task.run_until_caught_up()
    compare.assert_equal(source, "f", destination)
