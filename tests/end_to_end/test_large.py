"""Much of everything: rows, transactions, tables, columns; memory stays flat."""

import time

import pytest

from tests.conftest import PAIRS
from tests.support import compare


def peak_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return 0


def sequence(server, count, expression):
    recursion = "max_recursive_iterations" if server.is_mariadb else "cte_max_recursion_depth"
    return (
        f"SET SESSION {recursion}=100000000",
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<{count}) SELECT {expression} FROM n",
    )


def fill(server, count):
    server.make_database("big")
    if server.engine == "postgresql":
        server.execute(
            "CREATE TABLE big.t (id INT PRIMARY KEY, k INT, v VARCHAR(200))",
            "CREATE INDEX k ON big.t (k)",
            f"INSERT INTO big.t SELECT i, i % 1000, repeat(chr(65 + i % 26), 150) FROM generate_series(1, {count}) i",
            "ANALYZE big.t",
        )
        return
    server.execute("CREATE TABLE big.t (id INT PRIMARY KEY, k INT, v VARCHAR(200), KEY (k))")
    setting, query = sequence(server, count, "i, i % 1000, REPEAT(CHAR(65 + i % 26), 150)")
    with server.session("big") as session:
        session.execute(setting)
        session.execute("INSERT INTO t " + query)


def test_a_large_transaction_is_late_while_it_is_applied(one_pair, sluice):
    """The age of what is not applied yet is shown from the start of the process on, and grows until it is."""
    source, destination = one_pair
    source.make_database("big")
    source.execute("CREATE TABLE big.t (id INT PRIMARY KEY, k INT, v VARCHAR(200))")
    task = sluice(source, destination, objects=[{"database": "big"}], limits={"rows_per_second": 20_000})
    task.run_until_caught_up()
    fill_again = "INSERT INTO big.t SELECT i, 1, repeat('x', 200) FROM "
    if source.engine == "postgresql":
        source.execute(fill_again + "generate_series(1, 200000) i")
    else:
        source.execute(fill_again + "(SELECT seq AS i FROM seq_1_to_200000) AS numbers", database="big")
    committed = time.monotonic()
    task.start()
    status = task.wait_status(lambda status: status["progress"].get("inserts", 0) > 20_000, 60, "the first of its rows")
    assert not status["caught_up"]
    assert 500 < status["delay_ms"] < (time.monotonic() - committed + 5) * 1000, status["delay_ms"]
    later = task.wait_status(lambda status: status["progress"].get("inserts", 0) > 100_000, 60, "more of its rows")
    assert later["delay_ms"] > status["delay_ms"] + 1000
    task.wait_caught_up()
    assert task.status()["delay_ms"] == 0


@pytest.mark.parametrize("kind", ["mariadb", "mysql", "pg10", "pg18"])
def test_a_large_transaction_with_flat_memory(get, sluice, kind):
    """400,000 rows, about 70 MB of log in each of two transactions; the process must not grow with them."""
    source, destination = get.shared(kind, "source"), get.shared(kind, "destination")
    fill(source, 400_000)
    task = sluice(source, destination, objects=[{"database": "big"}])
    task.start()
    task.wait_caught_up(180)
    after_load = peak_mib(task.process.pid)
    source.execute("UPDATE big.t SET v=CONCAT('changed', id)")
    source.execute("DELETE FROM big.t WHERE id % 3 = 0")
    task.follow_to(source, "big", destination=destination, seconds=300)
    peak = peak_mib(task.process.pid)
    compare.assert_equal(source, "big", destination)
    assert peak <= 300, f"{after_load:.0f} MiB after the load, {peak:.0f} MiB after the transactions"
    assert task.terminate() == 0


# 10 has the whole transaction sent after its end, 18 while it still runs.
@pytest.mark.soak
@pytest.mark.parametrize("kind", ["mariadb", "mysql", "pg10", "pg18"])
def test_a_transaction_of_five_million_rows_with_flat_memory(get, sluice, kind):
    source, destination = get.shared(kind, "source"), get.shared(kind, "destination")
    rows = 5_000_000
    source.make_database("big")
    source.execute("CREATE TABLE big.t (id INT PRIMARY KEY, k INT, v VARCHAR(200))")
    task = sluice(source, destination, objects=[{"database": "big"}])
    task.start()
    task.wait_caught_up(60)
    if source.engine == "postgresql":
        source.execute(f"INSERT INTO big.t SELECT i, i % 1000, 'row ' || i FROM generate_series(1, {rows}) i")
    else:
        setting, query = sequence(source, rows, "i, i % 1000, CONCAT('row ', i)")
        with source.session("big") as session:
            session.execute(setting)
            session.execute("INSERT INTO t " + query)
    task.follow_to(source, "big", destination=destination, seconds=1800)
    after_insert = peak_mib(task.process.pid)
    source.execute("UPDATE big.t SET k=k+1, v=CONCAT('changed ', id)")
    task.follow_to(source, "big", destination=destination, seconds=1800)
    peak = peak_mib(task.process.pid)
    print(f"{kind}: {after_insert:.0f} MiB after the insert, {peak:.0f} MiB after the update of {rows} rows")
    sums = "SELECT COUNT(*), SUM(id), SUM(k), SUM(LENGTH(v)), MIN(v), MAX(v) FROM big.t"
    assert source.query(sums) == destination.query(sums)
    assert peak <= 300, peak
    task.verify(timeout=900)
    assert task.terminate() == 0


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["pg10", "pg18"])
def test_values_of_two_hundred_megabytes(get, sluice, kind):
    """bytea that cannot be compressed, in the load and in a change; its text in the log is twice as long."""
    source, destination = get.shared(kind, "source"), get.shared(kind, "destination")
    source.make_database("huge")
    source.execute(
        "CREATE TABLE huge.t (id INT PRIMARY KEY, v BYTEA)",
        "ALTER TABLE huge.t ALTER v SET STORAGE EXTERNAL",
    )
    value = "(SELECT decode(repeat(md5('{}'), 13107200), 'hex'))"  # 200 MiB
    source.execute(
        f"INSERT INTO huge.t VALUES (1, {value.format('a')}), (3, 'short')",
        f"INSERT INTO huge.t VALUES (2, {value.format('b')})",
    )
    task = sluice(source, destination, objects=[{"database": "huge"}])
    task.start()
    task.wait_caught_up(300)
    loaded = peak_mib(task.process.pid)
    rows = "SELECT id, length(v), md5(v) FROM huge.t ORDER BY id"
    assert source.query(rows) == destination.query(rows)
    source.execute(
        f"UPDATE huge.t SET v={value.format('c')} WHERE id=1",
        f"INSERT INTO huge.t VALUES (4, {value.format('d')})",
        "UPDATE huge.t SET id=5 WHERE id=2",  # the value is not in the log, or is as the old row's
        "DELETE FROM huge.t WHERE id=3",
    )
    task.follow_to(source, "huge", destination=destination, seconds=600)
    assert source.query(rows) == destination.query(rows)
    changed = peak_mib(task.process.pid)
    print(f"{kind}: {loaded:.0f} MiB after the load, {changed:.0f} MiB after the changes")
    assert loaded <= 1024 and changed <= 2560, "what docs/postgresql.md says of large values"
    task.verify(timeout=600)
    assert task.terminate() == 0


@pytest.mark.parametrize("kinds", [*PAIRS, ("pg15", "pg15")], ids=lambda kinds: f"{kinds[0]}-{kinds[1]}")
def test_long_rows(get, sluice, kinds):
    """Rows of several MB between small ones: the queues are bounded in bytes, not rows."""
    source, destination = get.shared(kinds[0], "source"), get.shared(kinds[1], "destination")
    source.make_database("longrows")
    source.execute(
        f"CREATE TABLE longrows.t (id INT PRIMARY KEY, v {'TEXT' if source.engine == 'postgresql' else 'LONGBLOB'})"
    )
    with source.session("longrows") as session:
        for i in range(30):
            session.execute(
                "INSERT INTO t VALUES (%s, REPEAT(%s, %s))", (i, chr(65 + i % 26), 6_000_000 if i % 5 == 0 else 10)
            )
    task = sluice(source, destination, objects=[{"database": "longrows"}])
    task.start()
    task.wait_caught_up(120)
    source.execute("UPDATE longrows.t SET v=REPEAT('z', 5000000) WHERE id%5=1", "DELETE FROM longrows.t WHERE id=0")
    task.follow_to(source, "longrows", destination=destination)
    peak = peak_mib(task.process.pid)
    compare.assert_equal(source, "longrows", destination)
    assert peak <= 400, peak


def test_many_columns_and_wide_keys(one_pair, sluice):
    source, destination = one_pair
    columns = ", ".join(f"c{i} INT NULL" for i in range(900))
    source.make_database("wide")
    source.execute(
        f"CREATE TABLE wide.t (id INT PRIMARY KEY, {columns})",
        "INSERT INTO wide.t (id, c0, c899) VALUES (1, 5, 6), (2, NULL, 7)",
        "CREATE TABLE wide.k ("
        + ", ".join(f"k{i} VARCHAR(40) NOT NULL" for i in range(15))
        + ", PRIMARY KEY ("
        + ", ".join(f"k{i}" for i in range(15))
        + "))",
    )
    with source.session("wide") as session:
        session.executemany(
            "INSERT INTO k VALUES (" + ",".join(["%s"] * 15) + ")",
            [[f"v{i % (j + 2)}" for j in range(14)] + [f"r{i}"] for i in range(3000)],
        )
    task = sluice(source, destination, objects=[{"database": "wide"}])
    task.run_until_caught_up()
    source.execute("UPDATE wide.t SET c500=id, c0=NULL", "UPDATE wide.k SET k3='new' WHERE k0='v0'")
    task.run_until_caught_up()
    compare.assert_equal(source, "wide", destination)
    task.verify()


def many_tables(pair, sluice, count, seconds):
    source, destination = pair
    source.make_database("many")
    key = ", UNIQUE (v, id)" if source.engine == "postgresql" else ", KEY (v)"
    with source.session("many") as session:
        for i in range(count):
            session.execute(f"CREATE TABLE t{i} (id INT PRIMARY KEY, v VARCHAR(20){key})")
            session.execute(f"INSERT INTO t{i} VALUES (1,'a'),(2,'b')")
    task = sluice(source, destination, objects=[{"database": "many"}])
    begin = time.monotonic()
    task.run_until_caught_up(timeout=seconds)
    print(f"{count} tables: {time.monotonic() - begin:.1f} s")
    source.execute(*[f"UPDATE many.t{i} SET v='c' WHERE id=1" for i in range(0, count, 7)])
    task.run_until_caught_up(timeout=seconds)
    assert destination.value("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema='many'") == count
    for i in range(0, count, max(1, count // 100)):
        assert source.query(f"SELECT * FROM many.t{i} ORDER BY id") == destination.query(
            f"SELECT * FROM many.t{i} ORDER BY id"
        )
    task.verify(timeout=seconds)


def test_three_hundred_tables(one_pair, sluice):
    many_tables(one_pair, sluice, 300, 120)


@pytest.mark.soak
def test_five_thousand_tables(one_pair, sluice):
    many_tables(one_pair, sluice, 5000, 900)


def test_rate_limit_holds(one_pair, sluice):
    source, destination = one_pair
    fill(source, 20_000)
    task = sluice(
        source, destination, types=["schema", "full"], objects=[{"database": "big"}], limits={"rows_per_second": 4000}
    )
    begin = time.monotonic()
    task.run()
    assert time.monotonic() - begin >= 3.5
    compare.assert_equal(source, "big", destination)


@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
def test_local_infile_off(get, sluice, kind):
    """Multi-row INSERT where LOAD DATA LOCAL is not allowed."""
    source, destination = get.shared("mariadb", "source"), get.own(kind, extra=["--local-infile=OFF"])
    fill(source, 20_000)
    task = sluice(source, destination, objects=[{"database": "big"}])
    task.run_until_caught_up()
    compare.assert_equal(source, "big", destination)


@pytest.mark.parametrize("source_gtid", [True, False])
def test_without_gtid(get, sluice, source_gtid):
    """File and position where MySQL has GTIDs off."""
    source, destination = get.own("mysql", gtid=source_gtid), get.shared("mysql", "destination")
    fill(source, 1000)
    task = sluice(source, destination, objects=[{"database": "big"}])
    task.run_until_caught_up()
    source.execute("UPDATE big.t SET v='x' WHERE id<100", "FLUSH BINARY LOGS", "DELETE FROM big.t WHERE id>900")
    source.restart()
    source.execute("INSERT INTO big.t VALUES (5000, 1, 'after the restart')")
    task.run_until_caught_up()
    compare.assert_equal(source, "big", destination)


@pytest.mark.parametrize("kind", ["pg10", "pg18"])
def test_keyless_rows_arrive_exactly_once_at_postgresql(get, sluice, kind):
    source, destination = get.shared(kind, "source"), get.shared(kind, "destination")
    source.make_database("heap")
    source.execute(
        "CREATE TABLE heap.h (a INT NULL, b VARCHAR(20), c FLOAT8, d JSON)",
        "ALTER TABLE heap.h REPLICA IDENTITY FULL",
        "INSERT INTO heap.h VALUES (1,'x',0.1,'{}'),(1,'x',0.1,'{}'),(1,'x',0.1,'{}'),(NULL,NULL,NULL,NULL),"
        "(NULL,NULL,NULL,NULL)",
    )
    task = sluice(source, destination, objects=[{"database": "heap"}])
    task.run_until_caught_up()
    one = "WHERE ctid = (SELECT ctid FROM heap.h WHERE {} LIMIT 1)".format
    source.execute(
        "DELETE FROM heap.h " + one("a=1"),
        "UPDATE heap.h SET b='y' " + one("a=1"),
        "INSERT INTO heap.h VALUES (1,'x',0.1,'{}')",
        "DELETE FROM heap.h " + one("a IS NULL"),
        "UPDATE heap.h SET c='-0' " + one("a=1"),
        "UPDATE heap.h SET c='NaN' " + one("a=1 AND b='x'"),
        "UPDATE heap.h SET d='[1,2]' " + one("a IS NULL"),
        "UPDATE heap.h SET d='{ \"a\" : 1 }' " + one("b='y'"),
    )
    task.run_until_caught_up()
    compare.assert_equal(source, "heap", destination)


@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
def test_keyless_rows_arrive_exactly_once(get, sluice, kind):
    source, destination = get.shared(kind, "source"), get.shared(kind, "destination")
    source.execute(
        "CREATE DATABASE heap",
        "CREATE TABLE heap.h (a INT NULL, b VARCHAR(20), c DOUBLE, d JSON)",
        "INSERT INTO heap.h VALUES (1,'x',0.1,'{}'),(1,'x',0.1,'{}'),(1,'x',0.1,'{}'),(NULL,NULL,NULL,NULL),(NULL,NULL,NULL,NULL)",
    )
    task = sluice(source, destination, objects=[{"database": "heap"}])
    task.run_until_caught_up()
    source.execute(
        "DELETE FROM heap.h WHERE a=1 LIMIT 1",
        "UPDATE heap.h SET b='y' WHERE a=1 LIMIT 1",
        "INSERT INTO heap.h VALUES (1,'x',0.1,'{}')",
        "DELETE FROM heap.h WHERE a IS NULL LIMIT 1",
        "UPDATE heap.h SET c=-0e0 WHERE a=1 LIMIT 1",
        "UPDATE heap.h SET d='[1,2]' LIMIT 2",
    )
    task.run_until_caught_up()
    compare.assert_equal(source, "heap", destination)
