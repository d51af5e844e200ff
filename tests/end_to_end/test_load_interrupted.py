"""The full load interrupted at moments that are hard to meet: a cut whose lock nobody gives back, a snapshot lost after
the first indexes, a stop while tables are being created."""

import MySQLdb
import pytest

from tests.support import compare
from tests.support.proxy import Proxy
from tests.support.waiting import wait_until


def is_locked(server):
    """Whether a writer waits for a second without getting in."""
    with server.session("shop") as session:
        session.execute("SET SESSION lock_wait_timeout=1")
        try:
            session.execute("UPDATE t SET v=v+1")
            return False
        except MySQLdb.OperationalError as error:
            if error.args[0] != 1205:
                raise
            return True


@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
def test_a_client_that_is_gone_does_not_keep_the_source_locked(get, sluice, kind):
    """FLUSH TABLES WITH READ LOCK reached the source, and from then on nothing comes or goes: its server has to end
    the session, and that soon."""
    source = get.own(kind, binlog=False)  # else the cut can do without the lock
    destination = get.shared(kind, "destination")
    source.execute("CREATE DATABASE shop", "CREATE TABLE shop.t (id INT PRIMARY KEY, v INT)", "INSERT INTO shop.t VALUES (1, 0)")
    with Proxy(source) as proxy:
        locks = []

        def watch(data, direction):
            if b"FLUSH TABLES WITH READ LOCK" in data:
                locks.append(direction)
                proxy.black_hole = True
            return data

        proxy.corrupt = watch
        task = sluice(proxy, destination, types=["schema", "full"], objects=[{"database": "shop"}])
        task.task["source"]["tls"] = {"mode": "off"}
        task.write()
        task.start()
        wait_until(lambda: task.check_alive() or locks, 60, "the lock is asked for")
        wait_until(lambda: is_locked(source), 10, "the lock is held")
        wait_until(lambda: not is_locked(source), 45, "the source can be written again")
        task.kill()


def has_index(server, table, index):
    return server.value(
        "SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema='shop' AND table_name=%s AND index_name=%s",
        (table, index),
    )


def fill(server, table, key, rows, width):
    server.execute(
        "CREATE DATABASE IF NOT EXISTS shop",
        f"CREATE TABLE shop.{table} (id INT {key}, v INT, pad VARCHAR(2000), KEY by_v (v))",
    )
    with server.session("shop") as session:
        session.executemany(f"INSERT INTO {table} VALUES (%s, %s, %s)", [(i, i % 97, "x" * width) for i in range(rows)])
        session.execute(f"ANALYZE TABLE {table}")


def altering(server):
    """The table of each session that waits to alter one, the oldest session first."""
    rows = server.query("SELECT info FROM information_schema.processlist WHERE info LIKE 'ALTER TABLE%%' ORDER BY id")
    return [next((name for name in ("few1", "few2", "many") if f"`{name}`" in row[0]), row[0]) for row in rows]


def test_a_snapshot_lost_after_the_first_indexes(pair, sluice):
    """Sessions that made indexes during one attempt make those of the next, whose stop is another. Two indexes are made at
    a time, so that there is a session which the first attempt has opened; it is the last that is given back."""
    source, destination = pair
    for table in ("few1", "few2"):
        fill(source, table, "PRIMARY KEY", 2000, 300)
    fill(source, "many", "", 20000, 1000)  # without a key: one chunk
    with Proxy(source) as proxy, destination.session() as first, destination.session() as second:
        limits = {"rows_per_second": 2000, "readers": 3, "writers": 3}
        task = sluice(proxy, destination, types=["schema", "full"], objects=[{"database": "shop"}], limits=limits)
        task.start()
        wait_until(lambda: task.check_alive() or len(compare.tables(destination, "shop")) == 3, 60, task.log_text)
        holders = {"few1": first, "few2": second}
        for table, session in holders.items():
            session.execute("START TRANSACTION")
            session.query(f"SELECT COUNT(*) FROM shop.{table}")
        wait_until(lambda: task.check_alive() or len(altering(destination)) == 2, 60, task.log_text)
        for table in altering(destination):
            holders[table].rollback()
            wait_until(lambda: has_index(destination, table, "by_v"), 60, f"the index of {table}")
        wait_until(lambda: task.check_alive() or not altering(destination), 60, task.log_text)
        proxy.cut()
        task.call("limits", "--rows-per-second", "0", check=0)
        assert task.wait(120) == 0, task.log_text()
        assert "PL-0103" in task.log_text(20000), task.log_text(20000)
    compare.assert_equal(source, "shop", destination)
    assert has_index(destination, "many", "by_v")
    assert "3 of 3 tables copied" in task.log_text(20000), task.log_text(20000)
    assert {table["state"] for table in task.status()["tables"]} == {"loaded"}


def test_a_stop_while_tables_are_created_beside_the_load(pair, sluice):
    source, destination = pair
    tables = [f"t{i}" for i in range(150)]
    with source.session() as session:
        session.execute("CREATE DATABASE shop")
        for table in tables:
            session.execute(f"CREATE TABLE shop.{table} (id INT PRIMARY KEY)")
            session.execute(f"INSERT INTO shop.{table} VALUES (1)")
    with Proxy(destination) as proxy, destination.session() as locker:
        proxy.delay_seconds = 0.01
        task = sluice(source, proxy, objects=[{"database": "shop"}])
        task.start()
        wait_until(lambda: task.check_alive() or len(compare.tables(destination, "shop")) > 5, 60, task.log_text, pause=0.01)
        locker.execute("FLUSH TABLES WITH READ LOCK")
        wait_until(
            lambda: destination.value(
                "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'CREATE TABLE `shop`%%'"
            ),
            30,
            "a CREATE TABLE that waits",
        )
        assert task.terminate(20) == 0, task.log_text()
        locker.execute("UNLOCK TABLES")
        assert len(compare.tables(destination, "shop")) < len(tables)
        proxy.delay_seconds = 0
        task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)


ALTERATIONS = {
    "unique key": "CREATE UNIQUE INDEX u ON shop.later (v)",
    "default": "ALTER TABLE shop.later ALTER COLUMN v SET DEFAULT 3",
    "foreign key": "ALTER TABLE shop.later ADD CONSTRAINT f FOREIGN KEY (v) REFERENCES shop.first (id) ON DELETE CASCADE",
    "check": "ALTER TABLE shop.later ADD CONSTRAINT c CHECK (v > 0)",
}


@pytest.mark.parametrize("what", ALTERATIONS)
def test_a_table_that_is_altered_before_it_is_read_at_a_later_cut(one_pair, sluice, what):
    """What was altered between two cuts does not come with the changes of a table that the second one reads."""
    source, destination = one_pair
    source.make_database("shop")
    with source.session("shop") as session:
        for table, rows in (("first", 6000), ("later", 10)):
            session.execute(f"CREATE TABLE {table} (id INT PRIMARY KEY, v INT, pad VARCHAR(200))")
            session.executemany(f"INSERT INTO {table} VALUES (%s, %s, REPEAT('x', 150))", [(i, i) for i in range(1, rows + 1)])
        session.execute("ANALYZE TABLE first" if source.engine == "mysql" else "ANALYZE first")
    limits = {"rows_per_second": 500, "readers": 1, "writers": 1}
    task = sluice(source, destination, objects=[{"database": "shop"}], limits=limits)
    task.start()
    task.wait_status(lambda status: status["progress"].get("rows_loaded", 0) > 0, 60, "the first rows")
    task.kill()
    assert destination.value("SELECT COUNT(*) FROM shop.later") == 0
    source.execute(ALTERATIONS[what])
    task.task["limits"] = {}
    task.write()
    finished = task.call("run", "--until", "caught-up")
    assert finished.code == 4 and "shop.later" in finished.text and "it was altered at the source" in finished.text, finished
    task.run_until_caught_up("--restart")
    assert compare.shape(source, "shop") == compare.shape(destination, "shop")


def test_a_table_that_is_altered_between_precheck_and_cut(maria_pair, sluice):
    source, destination = maria_pair
    source.execute(
        "CREATE DATABASE shop",
        "CREATE TABLE shop.first (id INT PRIMARY KEY)",
        "CREATE TABLE shop.later (id INT PRIMARY KEY, v INT)",
        "INSERT INTO shop.first VALUES (1), (2)",
        "INSERT INTO shop.later VALUES (1, 1), (2, 2)",
    )
    task = sluice(source, destination, objects=[{"database": "shop"}])
    with destination.session() as holder:
        holder.execute("FLUSH TABLES WITH READ LOCK")
        task.start()
        wait_until(lambda: task.check_alive() or "precheck passed" in task.log_text(), 60, task.log_text)
        source.execute(ALTERATIONS["foreign key"])
        holder.execute("UNLOCK TABLES")
    assert task.wait(60) == 4
    assert "shop.later" in task.log_text() and "it was altered at the source" in task.log_text(), task.log_text()
    task.run_until_caught_up("--restart")
    source.execute("DELETE FROM shop.first WHERE id = 1")
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)


def test_patience_counts_from_the_first_failure(pair, sluice):
    """A load that takes longer than `give_up_after` goes on after each loss of its snapshot: rows came in between."""
    source, destination = pair
    for i in range(20):
        fill(source, f"t{i}", "PRIMARY KEY", 1000, 10)
    with Proxy(source) as proxy:
        limits = {"rows_per_second": 1000, "readers": 1, "writers": 1}
        more = {"limits": limits, "options": {"give_up_after": "1500ms"}}
        task = sluice(proxy, destination, types=["schema", "full"], objects=[{"database": "shop"}], **more)
        task.start()
        for rows in (3000, 6000):  # at 1,000 a second
            task.wait_status(lambda status: status["progress"].get("rows_loaded", 0) >= rows, 60, f"{rows} rows")
            proxy.cut()
        wait_until(lambda: task.check_alive() or task.log_text(20000).count("PL-0103") == 2, 60, task.log_text)
        task.call("limits", "--rows-per-second", "0", check=0)
        assert task.wait(120) == 0, task.log_text()
        assert task.log_text(20000).count("PL-0103") == 2, task.log_text(20000)
    compare.assert_equal(source, "shop", destination)


def test_a_foreign_key_that_takes_longer_than_patience(pair, sluice):
    """Its connection is lost after more than `give_up_after`: that loss is the first, and the foreign key is made."""
    source, destination = pair
    source.execute(
        "CREATE DATABASE shop",
        "CREATE TABLE shop.parent (id INT PRIMARY KEY)",
        "CREATE TABLE shop.held (id INT PRIMARY KEY, pad VARCHAR(2000), CONSTRAINT f FOREIGN KEY (id) REFERENCES parent (id))",
    )
    with source.session("shop") as session:
        session.executemany("INSERT INTO parent VALUES (%s)", [(i,) for i in range(2000)])
        session.executemany("INSERT INTO held VALUES (%s, REPEAT('x', 1000))", [(i,) for i in range(2000)])
    with Proxy(destination) as proxy, destination.session() as holder:
        more = {"limits": {"rows_per_second": 500, "readers": 1, "writers": 1}, "options": {"give_up_after": "1s"}}
        task = sluice(source, proxy, types=["schema", "full"], objects=[{"database": "shop"}], **more)
        task.start()
        wait_until(lambda: task.check_alive() or "held" in compare.tables(destination, "shop"), 60, task.log_text, pause=0.01)
        holder.execute("START TRANSACTION")
        holder.query("SELECT COUNT(*) FROM shop.held")
        waits = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'ALTER TABLE%%held%%' AND time >= 2"
        wait_until(lambda: task.check_alive() or destination.value(waits), 60, task.log_text)
        proxy.cut()
        wait_until(lambda: task.check_alive() or "trying again" in task.log_text(), 60, task.log_text)
        holder.rollback()
        assert task.wait(120) == 0, task.log_text()
    compare.assert_equal(source, "shop", destination)
    keys = "SELECT COUNT(*) FROM information_schema.referential_constraints WHERE constraint_schema='shop'"
    assert destination.value(keys) == 1
