"""What few binary logs hold, and what servers of one flavour alone have: applied as it was meant, or refused by name."""

import itertools

import MySQLdb
import pytest

from tests.support import compare
from tests.support.proxy import Proxy
from tests.support.waiting import wait_until

OBJECTS = [{"database": "d"}]
PERIOD = (
    ", b TIMESTAMP(6) GENERATED ALWAYS AS ROW START, e TIMESTAMP(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (b, e)"
)


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


def test_a_key_of_whole_texts(get, sluice):
    """MariaDB keeps hashes for it in a column that nothing describes, and that is in the log."""
    servers = shared(get, "mariadb")
    made = [
        "CREATE TABLE h (b BLOB NOT NULL UNIQUE, n INT, g INT AS (n + 1) VIRTUAL, k INT, UNIQUE KEY (k))",
        "INSERT INTO h (b, n, k) VALUES ('a',1,1),('b',2,2)",
    ]
    changes = ["UPDATE h SET n=5 WHERE b='a'", "DELETE FROM h WHERE b='b'", "INSERT INTO h (b,n,k) VALUES ('c',3,4)"]
    changes += ["CREATE TABLE w (id INT PRIMARY KEY, v VARCHAR(5000), UNIQUE KEY (v))", "INSERT INTO w VALUES (1, 'x')"]
    task = follow(sluice, servers, made, changes)
    task.run_until_caught_up()
    compare.assert_equal(servers[0], "d", servers[1])


def test_a_sequence_is_made_meanwhile(get, sluice):
    servers = shared(get, "mariadb")
    made = ["CREATE TABLE t (id INT PRIMARY KEY, v INT)"]
    changes = ["CREATE SEQUENCE s CACHE 1", "INSERT INTO t VALUES (NEXTVAL(s), 2)", "ALTER SEQUENCE s RESTART 50"]
    task = follow(sluice, servers, made, changes)
    task.run_until_caught_up()
    servers[0].execute("INSERT INTO t VALUES (NEXTVAL(s), 3)", database="d")
    task.run_until_caught_up()
    assert servers[1].query("SELECT * FROM d.t ORDER BY id") == [(1, 2), (50, 3)]
    finished = task.call("run", "--restart")
    assert finished.code == 3 and "sequence d.s" in finished.text and "exclude" in finished.text, finished


@pytest.mark.parametrize("statement", ["DROP PARTITION p0", "TRUNCATE PARTITION p0"])
@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
def test_rows_of_a_partition_that_the_destination_has_not(get, sluice, kind, statement):
    source, destination = shared(get, kind)
    destination.execute("CREATE DATABASE d", "CREATE TABLE d.p (id INT, day INT, PRIMARY KEY (id, day))")
    made = [
        "CREATE TABLE p (id INT, day INT, PRIMARY KEY (id, day)) PARTITION BY RANGE (day) "
        "(PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)",
        "INSERT INTO p VALUES (1,5),(2,50)",
    ]
    task = follow(sluice, (source, destination), made, [f"ALTER TABLE p {statement}"], types=["full", "incremental"])
    finished = task.run_until_caught_up(check=4)
    assert "MY-0306" in finished.text and "d.p" in finished.text, finished
    assert len(destination.query("SELECT * FROM d.p")) == 2


@pytest.mark.parametrize("period", ["implicit", "explicit"])
def test_old_versions_of_rows_are_not_followed(get, sluice, period):
    period = "" if period == "implicit" else PERIOD
    source, destination = shared(get, "mariadb")
    source.execute("CREATE DATABASE d", f"CREATE TABLE d.v (id INT PRIMARY KEY{period}) WITH SYSTEM VERSIONING")
    finished = sluice(source, destination, objects=OBJECTS).call("precheck")
    assert finished.code == 3 and "d.v" in finished.text and "system-versioned" in finished.text, finished


@pytest.mark.parametrize("statement", ["ALTER TABLE t ADD SYSTEM VERSIONING", "CREATE TABLE n (id INT) WITH SYSTEM VERSIONING"])
def test_old_versions_from_now_on(get, sluice, statement):
    servers = shared(get, "mariadb")
    task = follow(sluice, servers, ["CREATE TABLE t (id INT PRIMARY KEY)"], [statement])
    finished = task.run_until_caught_up(check=4)
    assert "MY-0305" in finished.text and "system-versioned" in finished.text, finished


@pytest.mark.parametrize("case", ["swap", "exchange"])
@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
def test_killed_before_a_swap_is_recorded(get, sluice, kind, case):
    """What the tables are defined as is the same before and after it: it must not be run once more."""
    source, destination = shared(get, kind)
    partition = " PARTITION BY RANGE (id) (PARTITION p VALUES LESS THAN (100))" if case == "exchange" else ""
    made = [f"CREATE TABLE a (id INT PRIMARY KEY){partition}", "CREATE TABLE b (id INT PRIMARY KEY)"]
    made += ["INSERT INTO a VALUES (1)", "INSERT INTO b VALUES (2)"]
    task = follow(sluice, (source, destination), made, [])
    task.start()
    task.wait_caught_up()
    source.execute("INSERT INTO d.b VALUES (3)")
    wait_until(lambda: len(destination.query("SELECT id FROM d.b")) == 2, 30, task.log_text)  # it is at work
    statement = "RENAME TABLE a TO tmp, b TO a, tmp TO b"
    if case == "exchange":
        statement = "ALTER TABLE a EXCHANGE PARTITION p WITH TABLE b"
    saves = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'REPLACE INTO `sluice`.`progress`%%' "
    saves += "OR info LIKE 'DELETE FROM `sluice`.`progress`%%'"  # the record of the swap of a round before
    for wanted in itertools.cycle(([(2,), (3,)], [(1,)])):

        def is_swapped():
            if compare.tables(destination, "d") != ["a", "b"]:
                return False
            try:
                return destination.query("SELECT id FROM d.a ORDER BY id") == wanted
            except MySQLdb.ProgrammingError as error:
                assert error.args[0] == 1146, error
                return False  # it has got another name since

        with destination.session("sluice") as session:
            session.execute("BEGIN")
            session.execute("SELECT * FROM progress FOR UPDATE")
            source.execute(statement, database="d")
            wait_until(lambda: task.check_alive() or is_swapped() or destination.value(saves), 30, task.log_text)
            done = is_swapped()
            if done:
                task.kill()
            session.execute("ROLLBACK")
        if done:
            break
        # The position of before was being recorded and would have held up the statement: once more.
        wait_until(lambda: task.check_alive() or is_swapped(), 30, task.log_text)
    if case == "exchange":
        finished = task.run_until_caught_up(check=4)
        assert "MY-0307" in finished.text and "--restart" in finished.text, finished
    else:
        task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)


UUID = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"
OTHER_UUID = "bbbbbbbb-aaaa-aaaa-aaaa-aaaaaaaaaaaa"


def run_as(server, number, *statements, uuid=UUID):
    """As a replica would: the transaction has this GTID."""
    with server.session() as session:
        session.execute(f"SET gtid_next='{uuid}:{number}'")
        for statement in statements:
            session.execute(statement)
        session.execute("SET gtid_next='AUTOMATIC'")


def two_primaries(get, *tables):
    servers = get.own("mysql", server_id=11), get.own("mysql", server_id=12)
    for server in servers:
        run_as(server, 1, "CREATE DATABASE d")
        for number, table in enumerate(tables, 2):
            run_as(server, number, table)
    return servers


def test_prepared_here_and_committed_at_another_primary(get, sluice):
    """Read again from where it was prepared: what is applied already may there come after what is not."""
    a, b = two_primaries(get, "CREATE TABLE d.t (id INT PRIMARY KEY)", "CREATE TABLE d.k (v INT)")
    destination = get.shared("mysql", "destination")
    prepared = ["XA START 'x'", "INSERT INTO d.t VALUES (100)", "XA END 'x'", "XA PREPARE 'x'"]
    with Proxy(a) as address:
        task = sluice(address, destination, objects=OBJECTS)
        task.run_until_caught_up()
        run_as(a, 4, *prepared)
        run_as(a, 5, "INSERT INTO d.k VALUES (1)")
        task.run_until_caught_up()
        run_as(b, 4, *prepared)
        run_as(b, 1, "CREATE DATABASE other", uuid=OTHER_UUID)
        run_as(b, 5, "INSERT INTO d.k VALUES (1)")
        run_as(b, 6, "XA COMMIT 'x'")
        address.retarget(b)
        task.run_until_caught_up()
    compare.assert_equal(b, "d", destination)


def test_another_primary_after_a_crash(get, sluice):
    """What was applied out of its order is known by its number in the log of the first one."""
    a, b = two_primaries(get, "CREATE TABLE d.t (id INT PRIMARY KEY, v INT)", "INSERT INTO d.t VALUES (3,0),(4,0),(5,0)")
    destination = get.shared("mysql", "destination")
    updates = [(4, "UPDATE d.t SET v=v+30 WHERE id=3"), (5, "UPDATE d.t SET v=v+40 WHERE id=4")]
    with Proxy(a) as address:
        task = sluice(address, destination, objects=OBJECTS)
        task.start()
        task.wait_caught_up()
        with destination.session("d") as session:
            session.execute("BEGIN")
            session.execute("SELECT * FROM t WHERE id=3 FOR UPDATE")
            run_as(a, *updates[0])
            wait_until(
                lambda: any("UPDATE" in str(row) and "`d`.`t`" in str(row) for row in destination.process_list()),
                20,
                lambda: str(destination.process_list()),
            )
            run_as(a, *updates[1])
            wait_until(lambda: destination.value("SELECT v FROM d.t WHERE id=4") == 40, 20, task.log_text)
            task.kill()
            session.execute("ROLLBACK")
        for number, statement in reversed(updates):
            run_as(b, number, statement)
        run_as(b, 6, "UPDATE d.t SET v=50 WHERE id=5")
        address.retarget(b)
        finished = task.run_until_caught_up(check=4)
        assert "MY-0210" in finished.text and "interrupted" in finished.text, finished
        # The way that the remedy names.
        address.retarget(a)
        task.run_until_caught_up()
        address.retarget(b)
        task.run_until_caught_up()
    compare.assert_equal(b, "d", destination)


@pytest.mark.parametrize(
    "condition, fits",
    [("e='y'", True), ("e=2", False), ("s & 2", False), ("f=0.1", False), ("CONCAT(z, '')='00005'", False), ("z=5", True)],
)
@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
def test_a_filter_that_changes_would_be_asked_otherwise(get, sluice, kind, condition, fits):
    source, destination = shared(get, kind)
    source.execute(
        "CREATE DATABASE d",
        "CREATE TABLE d.k (id INT PRIMARY KEY, e ENUM('x','y'), s SET('a','b'), f FLOAT, z INT(5) ZEROFILL)",
        "INSERT INTO d.k VALUES (1,'x','a',0.1,5),(2,'y','a,b',0.5,6)",
    )
    task = sluice(source, destination, objects=[{"database": "d", "tables": [{"table": "k", "filter": condition}]}])
    finished = task.call("precheck")
    assert (finished.code == 0) == fits, finished
    assert fits or "values that changes have" in " ".join(finished.text.split()), finished
