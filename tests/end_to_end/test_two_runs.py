"""One task run from two state directories, of which one is a copy of the other: they never write to a destination at the
same time, the newest run wins, and an older directory is refused."""

import contextlib
import shutil
import sqlite3

import pytest

from tests.support import compare
from tests.support.waiting import wait_until
from tests.support.writers import Writers

SHOP = [{"database": "shop"}]


def copy_of(task, make, source, destination, **more):
    """The same task in another state directory, as the first one stands now: what a snapshot of its machine has."""
    copy = make(source, destination, **{"objects": SHOP, "types": task.task["types"], **more})
    copy.state.mkdir()
    # Through SQLite: the file alone is not whole while somebody writes.
    with (
        contextlib.closing(sqlite3.connect(task.state / "sluice.db")) as old,
        contextlib.closing(sqlite3.connect(copy.state / "sluice.db")) as new,
    ):
        old.backup(new)
    return copy


def fill(server, rows=2000):
    """`heap` has no key: a row that is written twice is there twice."""
    server.make_database("shop")
    server.execute(
        "CREATE TABLE shop.heap (a INT NULL, b VARCHAR(40))",
        f"CREATE TABLE shop.t (id INT {server.counter} PRIMARY KEY, v INT)",
        "INSERT INTO shop.t (v) VALUES (1)",
    )
    if server.engine == "postgresql":
        server.execute("ALTER TABLE shop.heap REPLICA IDENTITY FULL")
    while server.value("SELECT COUNT(*) FROM shop.t") < rows:
        server.execute("INSERT INTO shop.t (v) SELECT v + 1 FROM shop.t")
    server.execute("INSERT INTO shop.heap SELECT v, 'row' FROM shop.t")


def write(session, rng):
    for _ in range(3):
        session.execute(f"INSERT INTO shop.heap VALUES ({rng.randrange(100)}, 'new')")
    session.execute(f"UPDATE shop.t SET v = v + 1 WHERE id = {rng.randrange(1, 50)}")


def lost(task, seconds=60):
    """The task's process has ended because another run has taken over."""
    assert task.wait(seconds) == 4, task.log_text()
    text = task.log_text(20_000)
    assert "CN-0101" in text and "process " in text and "since 20" in text, text
    assert task.status()["state"] == "failed"


def refused(finished):
    assert finished.code == 2 and "TK-0111" in finished.text and "Nothing was written" in finished.text, finished


def test_while_changes_are_followed(one_pair, sluice):
    source, destination = one_pair
    fill(source)
    older = sluice(source, destination, objects=SHOP, limits={"writers": 2})
    with Writers(source, "shop", write, seeds=[1, 2], pause=0.002) as writers:
        older.start()
        older.wait_caught_up()
        newer = copy_of(older, sluice, source, destination, limits={"writers": 2})
        writers.wait_for(writers.count + 50)
        newer.start()
        lost(older)
        newer.wait_caught_up()
        writers.wait_for(writers.count + 50)
        # The older one is refused now, whatever it is asked for, and the newer one goes on.
        refused(older.call("run"))
        refused(older.call("cutover", "--timeout", "30s"))
        refused(older.call("release"))
        writers.wait_for(writers.count + 50)
    newer.follow_to(source, "shop", destination=destination)
    newer.check_alive()
    compare.assert_equal(source, "shop", destination)
    # Unless it is to begin anew. What came along the log is not dropped then.
    if source.engine == "mysql":
        destination.execute("DROP TABLE shop.sluice_marker")
    older.run_until_caught_up("--restart")
    lost(newer)
    refused(newer.call("run"))
    source.execute("INSERT INTO shop.heap VALUES (4711, 'last')")
    older.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)


def test_while_nothing_is_written(one_pair, sluice):
    """The older run notices all the same: it may hold the replication slot that the newer one waits for."""
    source, destination = one_pair
    fill(source)
    older = sluice(source, destination, objects=SHOP)
    older.start()
    older.wait_caught_up()
    newer = copy_of(older, sluice, source, destination)
    newer.start()
    lost(older)
    newer.wait_caught_up()
    source.execute("INSERT INTO shop.heap VALUES (4711, 'once')")
    newer.follow_to(source, "shop", destination=destination)
    compare.assert_equal(source, "shop", destination)
    assert newer.terminate() == 0


def test_in_the_full_load(one_pair, sluice):
    source, destination = one_pair
    fill(source)
    for i in range(4):
        source.execute(f"CREATE TABLE shop.more{i} AS SELECT * FROM shop.t")
        if source.engine == "postgresql":
            source.execute(f"ALTER TABLE shop.more{i} REPLICA IDENTITY FULL")
    limits = {"readers": 1, "writers": 1, "rows_per_second": 1000}
    older = sluice(source, destination, objects=SHOP, limits=limits)
    with Writers(source, "shop", write, seeds=[1], pause=0.01):
        older.start()
        older.wait_status(lambda status: status["progress"].get("rows_loaded", 0) > 0, 60, "the first rows")
        newer = copy_of(older, sluice, source, destination)
        # What the older one loads from here on the copy knows nothing of.
        older.wait_status(lambda status: status["progress"].get("rows_loaded", 0) > 4500, 60, "more rows")
        newer.start()
        lost(older)
        newer.wait_caught_up()
        refused(older.call("run"))
    newer.follow_to(source, "shop", destination=destination)
    compare.assert_equal(source, "shop", destination)
    assert newer.terminate() == 0


def without_plans(state):
    """As a copy that was made a moment before the chunks were planned."""
    with contextlib.closing(sqlite3.connect(state / "sluice.db")) as store:
        planned = store.execute("SELECT COUNT(*) FROM tables WHERE chunks LIKE '%],[%'").fetchone()[0]
        store.execute("UPDATE tables SET chunks = ''")
        store.commit()
    return planned


def without_cuts(state):
    with contextlib.closing(sqlite3.connect(state / "sluice.db")) as store:
        store.execute("UPDATE tables SET chunks = '', cut = '', state = 'pending'")
        store.commit()


def fill_wide(server):
    """A table of several chunks."""
    server.make_database("shop")
    server.execute(f"CREATE TABLE shop.wide (id INT {server.counter} PRIMARY KEY, pad VARCHAR(4000))")
    if server.engine == "postgresql":
        server.execute("ALTER TABLE shop.wide ALTER COLUMN pad SET STORAGE PLAIN")
    server.execute("INSERT INTO shop.wide (pad) VALUES (REPEAT('x', 4000))")
    for _ in range(13):
        server.execute("INSERT INTO shop.wide (pad) SELECT pad FROM shop.wide")
    if server.engine == "postgresql":
        server.execute("ANALYZE shop.wide")
    else:
        with server.session("shop") as session:
            session.execute("ANALYZE TABLE wide")


def test_a_copy_of_before_the_chunks_were_planned(one_pair, sluice):
    """The first chunk is in: it is not the whole table."""
    source, destination = one_pair
    fill_wide(source)
    types = ["schema", "full"]
    limits = {"readers": 1, "writers": 1, "megabytes_per_second": 4}
    older = sluice(source, destination, objects=SHOP, types=types, limits=limits)
    older.start()
    chunks = "SELECT COUNT(*) FROM sluice.chunk WHERE task <> ''"
    older.wait_status(lambda status: status["progress"].get("rows_loaded", 0) > 0, 60, "the first rows")
    wait_until(lambda: older.check_alive() or destination.value(chunks) > 0, 60, older.log_text)
    newer = copy_of(older, sluice, source, destination)
    assert without_plans(newer.state) == 1, "a table of several chunks"
    newer.run()
    lost(older)
    compare.assert_equal(source, "shop", destination)


@pytest.mark.parametrize("types", [["schema", "full", "incremental"], ["schema", "full"]])
def test_a_copy_of_before_the_cut(one_pair, sluice, types):
    """What was created up to the cut is not in its plan. It is refused, and the run that is at work goes on."""
    source, destination = one_pair
    fill(source)
    task = sluice(source, destination, objects=SHOP, types=types, limits={"rows_per_second": 500})
    task.start()
    task.wait_status(lambda status: status["progress"].get("rows_loaded", 0) > 0, 60, "the first rows")
    copy = copy_of(task, sluice, source, destination)
    without_cuts(copy.state)
    refused(copy.call("run"))
    task.check_alive()
    task.call("limits", "--rows-per-second", "0", check=0)
    if "incremental" in types:
        task.wait_caught_up()
        assert task.terminate() == 0
    else:
        assert task.wait(60) == 0, task.log_text()
    compare.assert_equal(source, "shop", destination)


def test_a_copy_of_before_the_switch_over(one_pair, sluice):
    """The application writes at the destination by now."""
    source, destination = one_pair
    fill(source)
    task = sluice(source, destination, objects=SHOP)
    task.run_until_caught_up()
    copy = copy_of(task, sluice, source, destination)
    task.call("cutover", "--timeout", "60s", check=0)
    destination.execute("UPDATE shop.t SET v = -1 WHERE id = 1")
    source.execute("UPDATE shop.t SET v = 4711 WHERE id = 1")
    refused(copy.call("run"))
    assert destination.value("SELECT v FROM shop.t WHERE id = 1") == -1
    assert "TK-0111" in copy.call("stop", "--final", check=0).text


def test_records_that_another_directory_has_released(maria_pair, sluice):
    """Without its records a half loaded task would be loaded once more beside its rows."""
    source, destination = maria_pair
    fill(source)
    task = sluice(source, destination, objects=SHOP)
    task.run_until_caught_up()
    copy = copy_of(task, sluice, source, destination)
    task.call("release", check=0)
    rows = destination.value("SELECT COUNT(*) FROM shop.heap")
    gone = copy.run(check=4)
    assert "TK-0109" in gone.text and "no longer holds" in gone.text, gone
    assert destination.value("SELECT COUNT(*) FROM shop.heap") == rows
    shutil.rmtree(copy.state)
