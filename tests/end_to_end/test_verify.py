"""Verify finds missing, extra and different rows, with and without keys, while changes flow; its repair mends them."""

import pytest

from tests.support import compare, every_type, shop
from tests.support.compare import Mapped


def migrated(source, destination, sluice, **more):
    shop.create(source, orders=2000, customers=300)
    task = sluice(source, destination, types=["schema", "full"], objects=[{"database": "shop"}], **more)
    task.run()
    return task


def spoil(destination):
    with destination.session("shop") as session:
        session.execute(destination.unchecked)
        session.execute("DELETE FROM orders WHERE id=1234")
        session.execute("DELETE FROM order_lines WHERE order_id=77")
        session.execute("INSERT INTO orders VALUES (999999, 1, 'extra', NULL, '2024-01-01')")
        session.execute("UPDATE orders SET note='changed' WHERE id IN (5, 1999)")
        session.execute("UPDATE orders SET note=NULL WHERE id=4")
        session.execute("UPDATE customers SET name=CONCAT(name, ' ') WHERE id=7")
        session.execute("UPDATE products SET weight=weight*(1+1e-15) WHERE id=3")
        shop.delete_a_visit(session)
        session.execute("INSERT INTO visits VALUES ('2020-01-01', %s, '/extra')", (b"\x01",))


def test_equal(any_pair, sluice):
    task = migrated(*any_pair, sluice)
    report = task.verify("--json").json
    assert report["equal"] and report["missing"] == report["extra"] == report["different"] == 0
    assert {t["source"] for t in report["tables"]} >= {"shop.orders", "shop.visits", "shop.measures"}
    orders = [t for t in report["tables"] if t["source"] == "shop.orders"][0]
    assert orders["rows_source"] == orders["rows_destination"] == 2000


def test_differences_are_found_and_mended(any_pair, sluice):
    source, destination = any_pair
    task = migrated(source, destination, sluice)
    spoil(destination)
    repair = task.directory / "repair.sql"
    report = task.verify("--json", "--repair-sql", str(repair), check=5).json
    tables = {t["source"]: t for t in report["tables"]}
    assert (tables["shop.orders"]["missing"], tables["shop.orders"]["extra"], tables["shop.orders"]["different"]) == (
        1,
        1,
        3,
    )
    assert tables["shop.customers"]["different"] == 1
    assert tables["shop.products"]["different"] == 1
    assert tables["shop.visits"]["missing"] == 1 and tables["shop.visits"]["extra"] == 1
    assert tables["shop.order_lines"]["missing"] >= 1
    assert tables["shop.measures"]["equal"]
    destination.run_script(repair.read_text())
    compare.assert_equal(source, "shop", destination)
    task.verify()


def test_every_type_repairs(any_pair, sluice):
    source, destination = any_pair
    every_type.give_extensions(source, destination)
    some = every_type.cases(source.kind, destination.kind)
    source.make_database("types")
    with source.session("types") as session:
        every_type.create(session, some)
        every_type.insert(session, some)
    task = sluice(source, destination, types=["schema", "full"], objects=[{"database": "types"}])
    task.run()
    with destination.session("types") as session:
        every_type.allow_all(session)
        for case in some:
            session.execute(f"DELETE FROM {case.table} WHERE id=1")
            session.execute(f"UPDATE {case.table} SET v=NULL WHERE id=2")
    repair = task.directory / "repair.sql"
    task.verify("--repair-sql", str(repair), check=5)
    destination.run_script(repair.read_text())
    compare.assert_equal(source, "types", destination)


def test_while_changes_flow(one_pair, sluice):
    source, destination = one_pair
    shop.create(source, orders=2000)
    task = sluice(source, destination, objects=[{"database": "shop"}])
    with shop.Business(source, threads=2):
        task.start()
        task.wait_caught_up()
        for _ in range(3):
            task.verify()
        destination.execute(
            "UPDATE shop.orders SET note='spoilt' WHERE id=17",
            "DELETE FROM shop.measures WHERE (id, day)=(SELECT id, day FROM (SELECT id, day FROM shop.measures "
            "ORDER BY id, day LIMIT 1) AS first)",
        )
        report = task.verify("--json", check=5).json
    assert report["missing"] + report["different"] in (1, 2), report
    task.kill()


def late_by_seconds(source, destination, sluice):
    """A task that follows changes no faster than the limit allows, and is behind by many seconds."""
    source.make_database("late")
    source.execute("CREATE TABLE late.t (id INT PRIMARY KEY, v INT)", "INSERT INTO late.t VALUES (1, 1), (2, 2)")
    task = sluice(source, destination, objects=[{"database": "late"}], limits={"rows_per_second": 20})
    task.start()
    task.wait_caught_up()
    with source.session("late") as session:
        for begin in range(100, 500, 20):
            session.execute("INSERT INTO t VALUES " + ",".join(f"({i}, {i})" for i in range(begin, begin + 20)))
    task.task["limits"] = {}  # for verify; those of the running process stay
    task.write()
    return task


def test_what_is_only_late_is_no_difference(one_pair, sluice):
    source, destination = one_pair
    task = late_by_seconds(source, destination, sluice)
    destination.execute("UPDATE late.t SET v = 0 WHERE id = 2")
    report = task.verify("--json", check=5).json
    assert (report["missing"], report["extra"], report["different"]) == (0, 0, 1), report
    assert report["tables"][0]["differences"][0]["key"] == ["2"] and not report["changes_wait"]
    assert destination.value("SELECT COUNT(*) FROM late.t") == 402
    assert task.is_running and task.terminate() == 0


def test_changes_that_nobody_applies(one_pair, sluice):
    source, destination = one_pair
    task = late_by_seconds(source, destination, sluice)
    task.kill()
    repair = task.directory / "repair.sql"
    assert "No process applies the task's changes" in task.verify("--repair-sql", str(repair), check=5).text
    assert "No process applied the task's changes" in repair.read_text()
    assert task.verify("--json", check=5).json["changes_wait"]
    task.run_until_caught_up()
    task.verify()


def test_mapping_and_filter_are_honoured(one_pair, sluice):
    source, destination = one_pair
    shop.create(source, orders=1000)
    task = sluice(
        source,
        destination,
        types=["schema", "full"],
        objects=[
            {
                "database": "shop",
                "rename": "shop2",
                "tables": [
                    {
                        "table": "orders",
                        "rename": "o2",
                        "filter": "state <> 'closed'",
                        "columns": {"exclude": ["note"], "rename": {"state": "st"}},
                    },
                    {"table": "customers"},
                ],
            }
        ],
    )
    task.run()
    task.verify()
    compare.assert_equal(
        source,
        "shop",
        destination,
        "shop2",
        only=[Mapped("orders", "o2", "state <> 'closed'", ("note",), {"state": "st"}), Mapped("customers")],
    )
    destination.execute("UPDATE shop2.o2 SET st='x' WHERE id=(SELECT one FROM (SELECT MIN(id) AS one FROM shop2.o2) AS least)")
    report = task.verify("--json", check=5).json
    assert report["different"] == 1 and report["missing"] == report["extra"] == 0


def test_a_repair_file_that_does_not_fit(maria_pair, sluice):
    source, destination = maria_pair
    task = migrated(source, destination, sluice)
    destination.execute("DELETE FROM shop.visits LIMIT 1")
    failed = task.call("verify", "--repair-sql", "/dev/full")
    assert failed.code not in (0, 5) and "ST-0101" in failed.text and "/dev/full" in failed.text, failed


@pytest.mark.parametrize("rows", [0, 1])
def test_tiny_tables(one_pair, sluice, rows):
    source, destination = one_pair
    source.make_database("tiny")
    source.execute("CREATE TABLE tiny.a (id INT PRIMARY KEY)", "CREATE TABLE tiny.b (x INT)")
    if rows:
        source.execute("INSERT INTO tiny.a VALUES (1)", "INSERT INTO tiny.b VALUES (NULL)")
    task = sluice(source, destination, types=["schema", "full"], objects=[{"database": "tiny"}])
    task.run()
    task.verify()
    destination.execute("INSERT INTO tiny.b VALUES (NULL)")
    assert task.verify("--json", check=5).json["extra"] == 1
