"""Statements of the log that write values into rows that are there: they are the source's values, or the task stops."""

import subprocess

import pytest

from tests.support import compare
from tests.support.sluice import MIGRATION_FAILED

PASSWORD = "least-Pr1vilege"
# Each with the time zone of the session that ran it. CURRENT_TIMESTAMP is the moment of the statement at the source;
# a zone says what a DATETIME becomes as TIMESTAMP, and what the literal of a TIMESTAMP means.
MOMENTS = [
    ("+05:30", "ALTER TABLE {t} ADD COLUMN a TIMESTAMP DEFAULT CURRENT_TIMESTAMP"),
    ("+05:30", "ALTER TABLE {t} ADD COLUMN b TIMESTAMP(6) NULL DEFAULT CURRENT_TIMESTAMP(6)"),
    ("+05:30", "ALTER TABLE {t} ADD COLUMN c DATETIME DEFAULT CURRENT_TIMESTAMP, ADD KEY (c)"),
    ("-08:00", "ALTER TABLE {t} ADD COLUMN d DATETIME(3) DEFAULT NOW(3)"),
    ("-08:00", "ALTER TABLE {t} ADD COLUMN e TIMESTAMP DEFAULT '2020-01-02 03:04:05'"),
    ("-08:00", "ALTER TABLE {t} MODIFY COLUMN d TIMESTAMP(3) NULL"),
    ("+05:30", "ALTER TABLE {t} MODIFY COLUMN a DATETIME"),
    ("SYSTEM", "ALTER TABLE {t} ADD COLUMN f DATETIME DEFAULT CURRENT_TIMESTAMP"),
    ("SYSTEM", "ALTER TABLE {t} ADD COLUMN g INT NOT NULL, ADD COLUMN h VARCHAR(5) NOT NULL, ADD COLUMN i DATE NOT NULL"),
]


def prepare(source, column="INT PRIMARY KEY"):
    source.execute("CREATE DATABASE d")
    source.execute(
        f"CREATE TABLE t (id {column}, moment DATETIME)",
        "INSERT INTO t VALUES (1, '2021-03-04 05:06:07'), (2, '1999-12-31 23:59:59'), (3, NULL)",
        "CREATE TABLE empty_one (id INT)",
        database="d",
    )


def run_at(source, zone, *statements):
    with source.session("d") as session:
        session.execute("SET SESSION sql_mode=''")
        session.execute(f"SET SESSION time_zone='{zone}'")
        for statement in statements:
            session.execute(statement)


def test_the_moment_and_the_zone_are_those_of_the_source(pair, sluice):
    source, destination = pair
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    for zone, statement in MOMENTS:
        run_at(source, zone, statement.format(t="t"))
    run_at(source, "SYSTEM", "INSERT INTO t (id) VALUES (4)", "UPDATE t SET g = 7 WHERE id = 1")
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)
    assert compare.shape(source, "d") == compare.shape(destination, "d")


@pytest.mark.parametrize("zones", [("Asia/Kathmandu", "America/New_York"), ("America/New_York", "UTC")], ids="-".join)
def test_the_zone_of_the_machine(get, sluice, zones):
    """SYSTEM is another zone on another machine."""
    source = get.own("mariadb", environment={"TZ": zones[0]})
    destination = get.own("mysql", environment={"TZ": zones[1]})
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    run_at(source, "SYSTEM", *(statement.format(t="t") for _, statement in MOMENTS))
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)


def load_zone(server, zone):
    made = subprocess.run(
        ["mariadb-tzinfo-to-sql", f"/usr/share/zoneinfo/{zone}", zone], capture_output=True, text=True, check=True
    )
    # Its statements write to the tables of the database mysql alone.
    wanted = ("INSERT INTO time_zone", "SET @time_zone_id")
    statements = [line for line in made.stdout.split(";\n") if line.lstrip().startswith(wanted)]
    server.run_script(f"USE mysql; SET sql_log_bin=0; {'; '.join(statements)}")


def test_a_zone_that_the_destination_does_not_know(get, sluice):
    source, destination = get.own("mariadb"), get.own("mariadb")
    load_zone(source, "Europe/Berlin")
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    run_at(source, "Europe/Berlin", "ALTER TABLE t ADD COLUMN f DATETIME DEFAULT CURRENT_TIMESTAMP")
    finished = task.run_until_caught_up(check=MIGRATION_FAILED)
    assert "Europe/Berlin" in finished.text and "mariadb-tzinfo-to-sql" in finished.text, finished
    load_zone(destination, "Europe/Berlin")
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)


@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
def test_it_needs_no_right_of_its_own(get, sluice, kind):
    source = get.own("mariadb", extra=["--explicit-defaults-for-timestamp=OFF"])
    destination = get.shared(kind, "destination")
    destination.create_account("mover", PASSWORD, "ALL ON d.*", "ALL ON sluice.*")
    prepare(source)
    task = sluice(
        source, destination, objects=[{"database": "d"}], destination_user="mover", destination_password=PASSWORD
    )
    task.run_until_caught_up()
    run_at(source, "+05:30", "SET SESSION auto_increment_increment=10",
           "ALTER TABLE t ADD COLUMN f DATETIME DEFAULT CURRENT_TIMESTAMP, ADD COLUMN g TIMESTAMP",
           "ALTER TABLE t ADD COLUMN n INT AUTO_INCREMENT UNIQUE")  # fmt: skip
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)


@pytest.mark.parametrize("other", [False, True], ids=["said-at-the-source", "said-at-the-destination"])
def test_a_timestamp_of_the_old_way(get, sluice, other):
    """With explicit_defaults_for_timestamp off, a TIMESTAMP gets NOT NULL and defaults that nobody wrote."""
    off = ["--explicit-defaults-for-timestamp=OFF"]
    source = get.own("mariadb", extra=[] if other else off)
    destination = get.own("mysql", extra=off if other else [])
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    run_at(
        source,
        "+00:00",
        "ALTER TABLE t ADD COLUMN a TIMESTAMP, ADD COLUMN b TIMESTAMP DEFAULT '2020-01-01 00:00:00'",
        "CREATE TABLE made (id INT PRIMARY KEY, a TIMESTAMP, b TIMESTAMP NULL)",
        "INSERT INTO made (id) VALUES (1)",
        "UPDATE t SET id = 5 WHERE id = 2",
    )
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)
    assert compare.shape(source, "d") == compare.shape(destination, "d")


# (what `id` is, statements before, the statement). MySQL runs none of the last ones itself when it keeps a log of rows.
ONLY_THE_SOURCE_KNOWS = {
    "counter": ("INT", "", "ALTER TABLE {t} ADD COLUMN n INT AUTO_INCREMENT PRIMARY KEY"),
    "counter-of-a-key": ("INT", "", "ALTER TABLE {t} ADD COLUMN n BIGINT NOT NULL AUTO_INCREMENT UNIQUE FIRST"),
    "counter-by-place": ("INT PRIMARY KEY", "ALTER TABLE {t} ENGINE=MyISAM", "ALTER TABLE {t} ADD COLUMN n INT AUTO_INCREMENT UNIQUE"),
    "counter-by-modify": (
        "INT",
        "ALTER TABLE {t} ADD COLUMN n INT NOT NULL",
        "ALTER TABLE {t} MODIFY n INT AUTO_INCREMENT, ADD PRIMARY KEY (n)",
    ),
}
ONLY_MARIADB = {
    "uuid": ("INT PRIMARY KEY", "", "ALTER TABLE {t} ADD COLUMN u VARCHAR(36) DEFAULT (UUID())"),
    "random": ("INT PRIMARY KEY", "", "ALTER TABLE {t} ADD COLUMN r DOUBLE DEFAULT (RAND())"),
    "user": ("INT PRIMARY KEY", "", "ALTER TABLE {t} ADD COLUMN r VARCHAR(100) DEFAULT (CURRENT_USER())"),
    "ignore": ("INT", "", "ALTER IGNORE TABLE {t} ADD UNIQUE KEY (id)"),
}


@pytest.mark.parametrize(
    "kind, case",
    [(kind, case) for kind in ("mariadb", "mysql") for case in ONLY_THE_SOURCE_KNOWS]
    + [("mariadb", case) for case in ONLY_MARIADB],
)
def test_values_that_only_the_source_knows(get, sluice, kind, case):
    column, before, statement = {**ONLY_THE_SOURCE_KNOWS, **ONLY_MARIADB}[case]
    source, destination = get.shared(kind, "source"), get.shared(kind, "destination")
    prepare(source, column)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    # Where there is no row, none gets a value.
    for one in (before, statement):
        if one:
            run_at(source, "+00:00", one.format(t="empty_one"))
    run_at(source, "+00:00", "INSERT INTO empty_one (id) VALUES (1), (2)")
    if before:
        run_at(source, "+00:00", before.format(t="t"))
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)
    columns = compare.columns(destination, "d", "t")
    run_at(source, "+00:00", statement.format(t="t"))
    finished = task.run_until_caught_up(check=MIGRATION_FAILED)
    for word in ("d.t", statement.format(t="t"), "--restart"):
        assert word in finished.text, finished
    assert compare.columns(destination, "d", "t") == columns  # it was not run
    task.run_until_caught_up("--restart")
    compare.assert_equal(source, "d", destination)


def test_rows_that_are_exchanged(maria_pair, sluice):
    """Only where both tables are carried whole."""
    source, destination = maria_pair
    prepare(source)
    source.execute(
        "CREATE TABLE parted (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p VALUES LESS THAN (100))",
        "INSERT INTO parted VALUES (1), (2)",
        "CREATE TABLE beside (id INT PRIMARY KEY)",
        "CREATE TABLE other (id INT PRIMARY KEY)",
        "INSERT INTO beside VALUES (3)",
        "INSERT INTO other VALUES (4)",
        database="d",
    )
    task = sluice(source, destination, objects=[{"database": "d", "tables": {"exclude": ["other"]}}])
    task.run_until_caught_up()
    run_at(source, "+00:00", "ALTER TABLE parted EXCHANGE PARTITION p WITH TABLE beside")
    task.run_until_caught_up()
    assert destination.query("SELECT id FROM d.parted") == [(3,)]
    assert destination.query("SELECT id FROM d.beside ORDER BY id") == [(1,), (2,)]
    statement = "ALTER TABLE parted EXCHANGE PARTITION p WITH TABLE other"
    run_at(source, "+00:00", statement)
    finished = task.run_until_caught_up(check=MIGRATION_FAILED)
    for word in ("d.parted", statement, "d.other", "--restart"):
        assert word in finished.text, finished


@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
def test_numbers_in_the_order_of_a_key(get, sluice, kind):
    """A table with a key is numbered in the key's order, wherever it is."""
    source, destination = get.shared(kind, "source"), get.shared(kind, "destination")
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    run_at(source, "+00:00", "SET SESSION auto_increment_increment=10", "SET SESSION auto_increment_offset=3",
           "ALTER TABLE t ADD COLUMN n INT AUTO_INCREMENT UNIQUE")  # fmt: skip
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)
