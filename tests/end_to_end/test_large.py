"""Much of everything: rows, transactions, tables, columns; memory stays flat."""

import time

import pytest

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
    server.execute("CREATE DATABASE big", "CREATE TABLE big.t (id INT PRIMARY KEY, k INT, v VARCHAR(200), KEY (k))")
    setting, query = sequence(server, count, "i, i % 1000, REPEAT(CHAR(65 + i % 26), 150)")
    with server.session("big") as session:
        session.execute(setting)
        session.execute("INSERT INTO t " + query)


@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
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


def test_long_rows(pair, sluice):
    """Rows of several MB between small ones: the queues are bounded in bytes, not rows."""
    source, destination = pair
    source.execute("CREATE DATABASE longrows", "CREATE TABLE longrows.t (id INT PRIMARY KEY, v LONGBLOB)")
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


def test_many_columns_and_wide_keys(maria_pair, sluice):
    source, destination = maria_pair
    columns = ", ".join(f"c{i} INT NULL" for i in range(900))
    source.execute(
        "CREATE DATABASE wide",
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


def many_tables(maria_pair, sluice, count, seconds):
    source, destination = maria_pair
    source.execute("CREATE DATABASE many")
    with source.session("many") as session:
        for i in range(count):
            session.execute(f"CREATE TABLE t{i} (id INT PRIMARY KEY, v VARCHAR(20), KEY (v))")
            session.execute(f"INSERT INTO t{i} VALUES (1,'a'),(2,'b')")
    task = sluice(source, destination, objects=[{"database": "many"}])
    begin = time.monotonic()
    task.run_until_caught_up(timeout=seconds)
    print(f"{count} tables: {time.monotonic() - begin:.1f} s")
    source.execute(*[f"UPDATE many.t{i} SET v='c' WHERE id=1" for i in range(0, count, 7)])
    task.run_until_caught_up(timeout=seconds)
    total = "SELECT COUNT(*), SUM(table_rows) FROM information_schema.tables WHERE table_schema='many'"
    assert destination.query(total)[0][0] == count
    for i in range(0, count, max(1, count // 100)):
        assert source.query(f"SELECT * FROM many.t{i} ORDER BY id") == destination.query(
            f"SELECT * FROM many.t{i} ORDER BY id"
        )
    task.verify(timeout=seconds)


def test_three_hundred_tables(maria_pair, sluice):
    many_tables(maria_pair, sluice, 300, 120)


@pytest.mark.soak
def test_five_thousand_tables(maria_pair, sluice):
    many_tables(maria_pair, sluice, 5000, 900)


def test_rate_limit_holds(maria_pair, sluice):
    source, destination = maria_pair
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
