"""The full load from PostgreSQL interrupted while rows move: its chunks are ranges of pages, and a row that changes
goes to another page."""

import pytest

from tests.support.waiting import wait_until

ROWS = 6000


@pytest.mark.parametrize("kind", ["pg10", "pg18"])
def test_rows_that_move_into_pages_read_before_a_crash_keep_their_large_values(get, sluice, kind):
    """The log tells an update without the large values that it left alone: where the row itself was missed, they were lost."""
    source = get.own(kind)
    destination = get.shared("pg18", "destination")
    source.execute(
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.t (id integer PRIMARY KEY, v integer, large text, pad text)",
        "ALTER TABLE shop.t ALTER large SET STORAGE EXTERNAL",
        "INSERT INTO shop.t SELECT i, 0, repeat(md5(i::text), 320), repeat('x', 500) "
        f"FROM generate_series(1, {ROWS}) i",
        "ANALYZE shop.t",
    )
    task = sluice(source, destination, objects=[{"database": "shop"}], limits={"rows_per_second": 800, "readers": 1})
    task.start()

    def chunks_done():
        there = destination.value("SELECT to_regclass('sluice.chunk')")
        return there and destination.value("SELECT count(*) FROM sluice.chunk WHERE table_name = 't'")

    wait_until(lambda: task.check_alive() or (chunks_done() or 0) >= 1, 90, task.log_text)
    task.kill()
    # The first pages get room, which the last rows take.
    source.execute(
        f"DELETE FROM shop.t WHERE id <= {ROWS // 4}",
        "VACUUM shop.t",
        f"UPDATE shop.t SET v = 1 WHERE id > {ROWS - ROWS // 4}",
    )
    moved = source.value(
        f"SELECT count(*) FROM shop.t WHERE id > {ROWS - ROWS // 4} AND (ctid::text::point)[0] < {ROWS // 60}"
    )
    assert moved > 0, "no row went to the first pages"
    task.call("limits", "--rows-per-second", "0", check=0)
    task.run_until_caught_up()
    rows = "SELECT count(*) || ' ' || md5(string_agg(md5(t::text), '' ORDER BY id)) FROM shop.t t"
    assert destination.value(rows) == source.value(rows)


def test_rows_and_changes_are_on_disk_before_it_is_told(get, sluice):
    """A column of the destination alone tells how the session commits that wrote the row."""
    source, destination = get.shared("pg15", "source"), get.shared("pg15", "destination")
    source.make_database("d")
    source.execute("CREATE TABLE d.t (id integer PRIMARY KEY)", "INSERT INTO d.t VALUES (1)")
    destination.make_database("d")
    destination.execute(
        "CREATE TABLE d.t (id integer PRIMARY KEY, how text DEFAULT current_setting('synchronous_commit'))",
        f'ALTER DATABASE "{destination.value("SELECT current_database()")}" SET synchronous_commit = off',
    )
    try:
        task = sluice(source, destination, objects=[{"schema": "d"}], types=["full", "incremental"])
        task.run_until_caught_up()
        source.execute("INSERT INTO d.t VALUES (2)")
        task.run_until_caught_up()
        assert destination.query("SELECT how FROM d.t ORDER BY id") == [("local",), ("local",)]
    finally:
        destination.execute(f'ALTER DATABASE "{destination.value("SELECT current_database()")}" RESET synchronous_commit')
