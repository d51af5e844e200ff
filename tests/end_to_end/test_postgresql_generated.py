"""Generated columns of PostgreSQL 18: a publication must not stop the application from changing its rows."""

from tests.support import compare

OBJECTS = [{"schema": "d"}]


def test_whole_rows_with_a_stored_column_can_be_changed(get, sluice):
    source, destination = get.shared("pg18", "source"), get.shared("pg18", "destination")
    source.make_database("d")
    source.execute(
        "CREATE TABLE d.t (id integer, a integer, g integer GENERATED ALWAYS AS (a * 2) STORED)",
        "ALTER TABLE d.t REPLICA IDENTITY FULL",
        "INSERT INTO d.t SELECT i, i FROM generate_series(1, 20) i",
    )
    task = sluice(source, destination, objects=OBJECTS)
    task.run_until_caught_up()
    # Refused when the publication leaves the column out.
    source.execute("UPDATE d.t SET a = 100 WHERE id < 5", "DELETE FROM d.t WHERE id > 15", "INSERT INTO d.t VALUES (30, 30)")
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)


def test_whole_rows_with_a_virtual_column_are_told_before(get, sluice):
    source, destination = get.shared("pg18", "source"), get.shared("pg18", "destination")
    source.make_database("d")
    source.execute(
        "CREATE TABLE d.t (id integer PRIMARY KEY, a integer, g integer GENERATED ALWAYS AS (a * 2) VIRTUAL)",
        "ALTER TABLE d.t REPLICA IDENTITY FULL",
    )
    task = sluice(source, destination, objects=OBJECTS)
    finished = task.call("precheck", "--json")
    assert finished.code == 3 and "REPLICA IDENTITY DEFAULT" in finished.text, finished
    source.execute("ALTER TABLE d.t REPLICA IDENTITY DEFAULT", "INSERT INTO d.t VALUES (1, 1)")
    task.run_until_caught_up()
    source.execute("UPDATE d.t SET a = 2")
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)
