"""What few binary logs hold, and what servers of one flavour alone have: applied as it was meant, or refused by name."""

import pytest

from tests.support import compare

OBJECTS = [{"database": "d"}]


def follow(sluice, servers, made, changes, **options):
    """A task that has caught up with `made`; then `changes` are run in one session of the source."""
    source, destination = servers
    source.execute("CREATE DATABASE d")
    source.execute(*made, database="d")
    task = sluice(source, destination, **{"objects": OBJECTS, **options})
    task.run_until_caught_up()
    with source.session("d") as session:
        for statement in changes:
            session.execute(statement)
    return task


def shared(get, kind, to=None):
    return get.shared(kind, "source"), get.shared(to or kind, "destination")


def test_a_savepoint_in_other_letters(get, sluice):
    """Rows of a table without transactions keep in the log what was rolled back. (MySQL refuses such with GTIDs.)"""
    servers = shared(get, "mariadb")
    made = ["CREATE TABLE i (id INT PRIMARY KEY) ENGINE=InnoDB", "CREATE TABLE m (id INT PRIMARY KEY) ENGINE=MyISAM"]
    changes = ["BEGIN", "INSERT INTO i VALUES (1)", "SAVEPOINT Sp", "INSERT INTO i VALUES (2)"]
    changes += ["INSERT INTO m SELECT id FROM i", "ROLLBACK TO SP", "COMMIT"]
    task = follow(sluice, servers, made, changes)
    task.run_until_caught_up()
    compare.assert_equal(servers[0], "d", servers[1])
    assert servers[1].query("SELECT id FROM d.i") == [(1,)]


def test_a_primary_key_without_overlaps(get, sluice):
    """Its plain columns alone find no row: several have the same."""
    servers = shared(get, "mariadb")
    made = [
        "CREATE TABLE p (id INT, s DATE, e DATE, v INT, PERIOD FOR pp (s,e), PRIMARY KEY (id, pp WITHOUT OVERLAPS))",
        "INSERT INTO p VALUES (1,'2020-01-01','2020-02-01',1),(1,'2020-02-01','2020-12-01',2),(2,'2020-01-01','2021-01-01',3)",
    ]
    changes = [
        "UPDATE p FOR PORTION OF pp FROM '2020-03-01' TO '2020-04-01' SET v=9",
        "DELETE FROM p FOR PORTION OF pp FROM '2020-01-10' TO '2020-01-20'",
        "UPDATE p SET v=v+1",
        "DELETE FROM p WHERE id=1 AND s='2020-02-01'",
    ]
    task = follow(sluice, servers, made, changes)
    task.run_until_caught_up()
    compare.assert_equal(servers[0], "d", servers[1])
    task.verify()


@pytest.mark.parametrize("case", ["renamed", "altered"])
@pytest.mark.parametrize("kind, to", [("mariadb", "mysql"), ("mysql", "mysql")])
def test_a_table_has_its_databases_character_set(get, sluice, kind, to, case):
    """That of the database at the source, which the log does not say, and which the destination's may not have."""
    source, destination = shared(get, kind, to)
    there = "other" if case == "renamed" else "d"
    before, now = ("latin2", "greek") if case == "altered" else ("latin2", "latin2")
    source.execute(f"CREATE DATABASE d CHARACTER SET {before}", "CREATE TABLE d.t (id INT PRIMARY KEY)")
    destination.execute(f"CREATE DATABASE {there} CHARACTER SET latin1")
    task = sluice(source, destination, objects=[{"database": "d", **({"rename": there} if there != "d" else {})}])
    task.run_until_caught_up()
    if case == "altered":
        source.execute(f"ALTER DATABASE d CHARACTER SET {now}")
    source.execute("CREATE TABLE d.n (id INT PRIMARY KEY, v VARCHAR(10))", "INSERT INTO d.n VALUES (1, 'a')")
    task.run_until_caught_up()
    read = "SELECT character_set_name FROM information_schema.columns WHERE table_name='n' AND column_name='v'"
    assert source.value(read) == now and destination.value(read) == now
