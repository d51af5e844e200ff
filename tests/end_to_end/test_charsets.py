"""Destination tables that the user made otherwise than the source's: other character sets, ENUMs in another order, JSON
documents for JSON text. Values are converted, in the load and in the changes, or the task ends; nothing becomes '?'."""

import pytest

from tests.support.sluice import MIGRATION_FAILED

LATIN = "é€ßÿ"  # all of it in latin1 as MySQL means it (cp1252)


def make(server, database, charset, elements, members):
    server.execute(f"CREATE DATABASE {database} CHARACTER SET {charset}")
    for name, key in (("keyed", "PRIMARY KEY (k)"), ("keyless", "KEY (k)")):
        server.execute(
            f"CREATE TABLE {name} (k VARCHAR(40), c CHAR(10), t TEXT, e ENUM({elements}), s SET({members}), n INT, {key}) "
            f"CHARACTER SET {charset}",
            database=database,
        )


def insert(session, numbers):
    for name in ("keyed", "keyless"):
        session.executemany(
            f"INSERT INTO {name} VALUES (%s, %s, %s, %s, %s, %s)",
            [(f"{LATIN}{i}", "é", f"{LATIN} text {i}", "ü", "b,ü", i) for i in numbers],
        )


def rows(server, database, table):
    """Elements by name, not by number; texts as the client's UTF-8."""
    return server.query(f"SELECT k, c, t, CONCAT(e), CONCAT(s), n FROM {table} ORDER BY n, k", database=database)


def check(source, destination):
    for name in ("keyed", "keyless"):
        expected = rows(source, "cs", name)
        assert expected
        assert rows(destination, "cs2", name) == expected


@pytest.mark.parametrize("charsets", [("latin1", "utf8mb4"), ("utf8mb4", "latin1")], ids="-".join)
def test_other_charset_at_the_destination(pair, sluice, charsets):
    source, destination = pair
    make(source, "cs", charsets[0], "'a','b','ü'", "'a','b','ü'")
    make(destination, "cs2", charsets[1], "'ü','b','a'", "'a','x','b','ü'")
    with source.session("cs") as session:
        insert(session, range(20))
    task = sluice(source, destination, types=["full", "incremental"], objects=[{"database": "cs", "rename": "cs2"}])
    found = [i for i in task.call("precheck", "--json").json["items"] if i["id"] == "mysql.charsets"]
    assert bool(found) == (charsets[1] == "latin1"), found
    if found:
        assert all("k (utf8mb4 to latin1), c (utf8mb4 to latin1)" in i["object"] for i in found)
        assert "CONVERT TO CHARACTER SET utf8mb4" in found[0]["remedy"]
    task.run_until_caught_up()
    check(source, destination)
    with source.session("cs") as session:
        insert(session, range(100, 120))
        for name in ("keyed", "keyless"):
            session.execute(f"UPDATE {name} SET t=CONCAT(t, 'ß'), e='b' WHERE n < 10")
            session.execute(f"UPDATE {name} SET k=CONCAT(k, 'é'), s='a,ü' WHERE n BETWEEN 5 AND 15")
            session.execute(f"DELETE FROM {name} WHERE n IN (1, 7, 101)")
    task.run_until_caught_up()
    check(source, destination)
    task.verify()


@pytest.mark.parametrize("in_load", [True, False], ids=["load", "changes"])
def test_character_that_the_destination_lacks(pair, sluice, in_load):
    source, destination = pair
    source.execute("CREATE DATABASE cs", "CREATE TABLE cs.t (id INT PRIMARY KEY, v VARCHAR(20)) CHARACTER SET utf8mb4")
    destination.execute("CREATE DATABASE cs2", "CREATE TABLE cs2.t (id INT PRIMARY KEY, v VARCHAR(20)) CHARACTER SET latin1")
    source.execute("INSERT INTO cs.t VALUES (1, 'é')")
    task = sluice(source, destination, types=["full", "incremental"], objects=[{"database": "cs", "rename": "cs2"}])
    if not in_load:
        task.run_until_caught_up()
    source.execute("INSERT INTO cs.t VALUES (2, 'snow ☃')")
    done = task.run_until_caught_up(check=MIGRATION_FAILED)
    assert "MY-0118" in done.text
    assert "cs.t" in done.text or "cs2.t" in done.text
    assert "v" in done.text
    left = destination.query("SELECT id, v FROM cs2.t")
    assert left == ([] if in_load else [(1, "é")])
    destination.execute("ALTER TABLE cs2.t CONVERT TO CHARACTER SET utf8mb4")
    task.run_until_caught_up()
    assert destination.query("SELECT id, v FROM cs2.t ORDER BY id") == [(1, "é"), (2, "snow ☃")]


def test_keyless_json_text_to_json_documents(pair, sluice):
    source, destination = pair
    source.execute(
        "CREATE DATABASE cs",
        "CREATE TABLE cs.t (n INT, j LONGTEXT) CHARACTER SET utf8mb4",
        "CREATE TABLE cs.own (n INT, j JSON)",
    )
    destination.execute("CREATE DATABASE cs2", "CREATE TABLE cs2.t (n INT, j JSON)", "CREATE TABLE cs2.own (n INT, j JSON)")
    values = ['{"b": 1,   "a": [1.50, 2e3, null]}', '"tëxt"', "[]", "12345678901234567890", '{"a":"☃"}']
    with source.session("cs") as session:
        for table in ("t", "own"):
            session.executemany(f"INSERT INTO {table} VALUES (%s, %s)", list(enumerate(values)))
            session.execute(f"INSERT INTO {table} VALUES (9, NULL)")
    task = sluice(source, destination, types=["full", "incremental"], objects=[{"database": "cs", "rename": "cs2"}])
    task.run_until_caught_up()
    with source.session("cs") as session:
        for table in ("t", "own"):
            session.executemany(f"INSERT INTO {table} VALUES (%s, %s)", [(i + 100, v) for i, v in enumerate(values)])
            session.execute(f"UPDATE {table} SET n=n+10")
            session.execute(f"DELETE FROM {table} WHERE n IN (10, 112)")
            session.execute(f"UPDATE {table} SET j='[2]' WHERE n = 11")
    task.run_until_caught_up()
    for table in ("t", "own"):
        assert destination.value(f"SELECT COUNT(*) FROM cs2.{table}") == 9
        assert destination.value(f"SELECT GROUP_CONCAT(n ORDER BY n) FROM cs2.{table}") == "11,12,13,14,19,110,111,113,114"
    task.verify()
