"""The publication of a PostgreSQL source: limited to what the task carries from 15 on, and by nobody else unseen."""

import psycopg2
import pytest

from tests.end_to_end.test_precheck import failed_items
from tests.support.waiting import wait_until

NO_DDL = {"ddl": []}
TABLES = [
    "CREATE TABLE shop.whole (id integer PRIMARY KEY, a integer, b text, secret text)",
    "ALTER TABLE shop.whole REPLICA IDENTITY FULL",
    "ALTER TABLE shop.whole ALTER b SET STORAGE EXTERNAL",
    "INSERT INTO shop.whole SELECT i, i, repeat('b', 9000), 'left out' FROM generate_series(1, 40) i",
    "CREATE TABLE shop.keyed (tenant integer, id integer, v varchar(20), PRIMARY KEY (tenant, id))",
    "INSERT INTO shop.keyed SELECT i % 3, i, 'v' || i FROM generate_series(1, 40) i",
    "CREATE TABLE shop.listed (id integer PRIMARY KEY, v integer, secret text, code integer UNIQUE)",
    "INSERT INTO shop.listed SELECT i, i, 'left out', i FROM generate_series(1, 40) i",
]
RULES = [
    {"table": "whole", "filter": "a BETWEEN 10 AND 20", "columns": {"exclude": ["secret"]}},
    {"table": "keyed", "filter": "tenant = 1 OR id < 5"},
    {"table": "listed", "columns": {"exclude": ["secret", "code"]}},
]
CARRIED = [
    ("SELECT id, a, length(b), left(b, 9) FROM {}.whole {} ORDER BY 1", "WHERE a BETWEEN 10 AND 20"),
    ("SELECT tenant, id, v FROM {}.keyed {} ORDER BY 1, 2", "WHERE tenant = 1 OR id < 5"),
    ("SELECT id, v FROM {}.listed {} ORDER BY 1", ""),
]


def make(get, sluice, kind="pg15", destination="pg18", **options):
    source, destination = get.shared(kind, "source"), get.shared(destination, "destination")
    source.execute("CREATE SCHEMA shop", *TABLES)
    objects = [{"database": "shop", "tables": RULES, "operations": NO_DDL}]
    return source, destination, sluice(source, destination, objects=objects, **options)


def assert_same(source, destination):
    for question, condition in CARRIED:
        expected = source.query(question.format("shop", condition))
        assert expected and destination.query(question.format("shop", "")) == expected, question


def publication(source):
    return source.value("SELECT pubname FROM pg_publication")


def limits(source):
    """What is published of each table that is limited: the numbers of its columns, the condition."""
    rows = source.query(
        "SELECT relname, prattrs::text, pg_get_expr(prqual, prrelid) FROM pg_publication_rel JOIN pg_class c ON "
        "c.oid = prrelid WHERE prattrs IS NOT NULL OR prqual IS NOT NULL"
    )
    return {row[0]: row[1:] for row in rows}


UPDATES = [
    "UPDATE shop.whole SET a = a + 5, secret = 'left out, too'",  # into the filter, within it, out of it
    "UPDATE shop.whole SET id = id + 1000 WHERE id % 2 = 0",
    "UPDATE shop.whole SET b = 'small' WHERE id % 5 = 0",
    "UPDATE shop.whole SET a = 1 WHERE id % 10 = 1",
    "UPDATE shop.whole SET a = 15 WHERE id % 10 = 1",
    "UPDATE shop.keyed SET tenant = (tenant + 1) % 3",
    "UPDATE shop.keyed SET v = 'even' WHERE id % 2 = 0",
    "UPDATE shop.keyed SET id = id + 100 WHERE id BETWEEN 1 AND 3",
    "UPDATE shop.listed SET v = v + 1, secret = 'left out, too', code = code + 1000",
    "UPDATE shop.listed SET secret = 'and again'",
    "UPDATE shop.listed SET id = id + 1000 WHERE id % 2 = 0",
]
CHANGES = [
    *UPDATES,
    "DELETE FROM shop.whole WHERE id % 7 = 0",
    "INSERT INTO shop.whole VALUES (5000, 12, 'in', 's'), (5001, 99, 'out', 's')",
    "DELETE FROM shop.keyed WHERE id % 7 = 0",
    "INSERT INTO shop.keyed VALUES (1, 500, 'in'), (2, 501, 'out'), (2, 0, 'in')",
    "DELETE FROM shop.listed WHERE id % 7 = 0",
    "INSERT INTO shop.listed SELECT i, i, 's', i FROM generate_series(3000, 3005) i",
]


@pytest.mark.parametrize(
    "kind, destination",
    [("pg10", "pg18"), ("pg15", "pg18"), ("pg18", "pg15"), ("pg15", "mariadb"), ("pg18", "mysql")],
)
def test_what_is_carried_arrives(get, sluice, kind, destination):
    """The application is refused nothing, and rows that move into the filter and out of it are right."""
    source, destination, task = make(get, sluice, kind, destination)
    task.run_until_caught_up()
    assert_same(source, destination)
    if source.major >= 15:
        assert limits(source) == {
            "whole": (None, "((a >= 10) AND (a <= 20))"),
            "keyed": (None, "((tenant = 1) OR (id < 5))"),
            "listed": ("1 2 4", None),  # the last for the order of changes
        }
    source.execute(*CHANGES)
    task.run_until_caught_up()
    assert_same(source, destination)
    # Within one transaction each row changes several times.
    source.execute("; ".join(["BEGIN", *UPDATES, *UPDATES, "COMMIT"]))
    task.run_until_caught_up()
    assert_same(source, destination)
    task.verify()


def test_a_task_that_follows_statements_is_not_limited(get, sluice):
    source, _, task = make(get, sluice)
    task.task["objects"] = [{"schema": "shop", "tables": RULES}]
    task.write()
    task.run_until_caught_up()
    assert limits(source) == {}
    source.execute("ALTER TABLE shop.listed DROP COLUMN v", "ALTER TABLE shop.whole ALTER a TYPE bigint")
    task.run_until_caught_up()


NARROWED = [
    "SET TABLE shop.whole, shop.keyed, shop.listed WHERE (id > 100)",
    "SET TABLE shop.whole, shop.keyed, shop.listed (id)",
    "SET (publish = 'insert')",
    "SET (publish_via_partition_root = true)",
]


@pytest.mark.parametrize("kind", ["pg15", "pg18"])
@pytest.mark.parametrize("statement", NARROWED, ids=["rows", "columns", "kinds", "roots"])
def test_who_limits_it_further_is_found(get, sluice, kind, statement):
    source, destination, task = make(get, sluice, kind)
    task.start()
    task.wait_caught_up()
    source.execute(f"ALTER PUBLICATION {publication(source)} {statement}")
    assert task.wait(60) == 4, task.log_text()
    assert "PG-0221" in task.log_text()
    finished = task.run_until_caught_up(check=4)
    assert "PG-0221" in finished.text and "--restart" in finished.text, finished
    task.run_until_caught_up("--restart")
    source.execute(*CHANGES)
    task.run_until_caught_up()
    assert_same(source, destination)


def test_the_records_of_statements_are_not_left_out_unseen(get, sluice):
    source, _, task = make(get, sluice)
    task.task["objects"] = [{"schema": "shop", "tables": RULES}]
    task.write()
    task.run_until_caught_up()
    name = publication(source)
    source.execute(f"ALTER PUBLICATION {name} DROP TABLE sluice.{name}")
    assert "PG-0221" in task.run_until_caught_up(check=4).text


def test_a_ready_publication_is_judged_by_the_precheck(get, sluice):
    """One with a filter is named with the statement that mends it; then the task runs, with everything published."""
    source, destination, task = make(get, sluice, source_user="reader", source_password="Read-0nly")
    source.create_account(
        "reader", "Read-0nly", "USAGE ON SCHEMA shop", "SELECT ON ALL TABLES IN SCHEMA shop", "REPLICATION"
    )
    task.run_until_caught_up(check=3)  # from here on it has a name
    failed = failed_items(task.call("precheck", "--json"))
    source.execute(failed[0]["remedy"].split(";")[0])
    name = publication(source)
    source.execute(f"ALTER PUBLICATION {name} SET TABLE shop.whole, shop.keyed, shop.listed WHERE (id > 100)")
    failed = failed_items(task.call("precheck", "--json"))
    assert [item["id"] for item in failed] == ["postgresql.publication"], failed
    assert "shop.listed" in failed[0]["cause"] and "id > 100" in failed[0]["cause"], failed
    source.execute(*failed[0]["remedy"].split(";")[:2])
    task.run_until_caught_up()
    assert limits(source) == {}
    source.execute(*CHANGES)
    task.run_until_caught_up()
    assert_same(source, destination)
    # Mended while the task is under way it would hide what was left out meanwhile.
    source.execute(f"ALTER PUBLICATION {name} SET TABLE shop.whole, shop.keyed, shop.listed WHERE (id > 100)")
    failed = failed_items(task.call("precheck", "--json"))
    assert "--restart" in failed[0]["remedy"], failed


@pytest.mark.parametrize("kind", ["pg10", "pg15", "pg18"])
def test_an_added_column_stops_the_task(get, sluice, kind):
    source, destination, task = make(get, sluice, kind)
    task.run_until_caught_up()
    source.execute("ALTER TABLE shop.listed ADD more integer", "INSERT INTO shop.listed VALUES (100, 1, 's', 100, 1)")
    text = task.run_until_caught_up(check=4).text
    assert "PG-0205" in text and "column more is new" in text, text
    source.execute("ALTER TABLE shop.listed DROP more")
    if source.major >= 15:  # before, the log has the column
        task.run_until_caught_up()
        assert_same(source, destination)


def test_another_identity_hinders_the_application_for_a_moment_only(get, sluice):
    source, destination, task = make(get, sluice)
    task.start()
    task.wait_caught_up()
    source.execute("ALTER TABLE shop.listed REPLICA IDENTITY FULL")

    def is_taken():
        try:
            source.execute("UPDATE shop.listed SET v = v + 1, secret = 'whole'")
            return True
        except psycopg2.Error:
            return False

    wait_until(is_taken, 30, "the update is taken")
    assert "listed" not in limits(source)
    task.follow_to(source, "shop", destination=destination)
    assert_same(source, destination)
    task.terminate()
    source.execute(*CHANGES)
    task.run_until_caught_up()
    assert_same(source, destination)
