"""Triggers only at the switch-over, failed objects that are mended or skipped, foreign keys and indexes after the load."""

from tests.support import compare, shop
from tests.support.waiting import wait_until


def triggers(server, database="shop"):
    return server.value("SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema=%s", (database,))


def test_cutover_creates_triggers_and_ends_the_task(pair, sluice):
    source, destination = pair
    shop.create(source)
    task = sluice(source, destination, objects=[{"database": "shop"}])
    with shop.Business(source) as business:
        task.start()
        task.wait_caught_up()
        business.wait_for(100)
    finished = task.call("cutover", "--timeout", "90s", check=0)
    assert task.wait(60) == 0
    assert triggers(destination) == 1
    compare.assert_equal(source, "shop", destination)
    assert "position" in finished.text.lower() or "begins at" in finished.text, finished
    # The trigger works from now on: the application writes to the destination.
    before = destination.value("SELECT COUNT(*) FROM shop.stock_log")
    destination.execute("UPDATE shop.products SET stock=stock+1 WHERE id=1")
    assert destination.value("SELECT COUNT(*) FROM shop.stock_log") == before + 1
    # A task that was switched over never resumes: it could overwrite newer data.
    destination.execute(
        "UPDATE shop.customers SET name='newer' WHERE id=(SELECT MIN(id) FROM shop.customers)"
    ) if destination.is_mariadb else None
    again = task.call("run")
    after = compare.digest(destination, "shop")
    assert again.code == 0, again
    source.execute("UPDATE shop.customers SET name='must not arrive'")
    task.call("run")
    assert compare.digest(destination, "shop") == after


def test_a_table_that_cannot_be_created_does_not_stop_the_others(get, sluice):
    source, destination = get.shared("mariadb", "source"), get.shared("mysql", "destination")
    shop.create(source)
    source.execute(  # with a function that MySQL does not have
        "CREATE TABLE shop.tight (id INT PRIMARY KEY, v VARCHAR(9) DEFAULT (SFORMAT('{}', 1)))",
        "INSERT INTO shop.tight VALUES (1,'2')",
    )
    task = sluice(source, destination, types=["schema", "full"], objects=[{"database": "shop"}])
    finished = task.run(check=4)
    assert "table shop.tight" in finished.text and "schema retry" in finished.text, finished
    failed = [o for o in task.status()["objects"] if o["state"] == "failed"]
    assert [o["object"] for o in failed] == ["shop.tight"], failed
    # The rows of the others are there, and nothing that needs all of them is said to be done.
    assert destination.value("SELECT COUNT(*) FROM shop.orders") == source.value("SELECT COUNT(*) FROM shop.orders")
    statement = task.directory / "tight.sql"
    statement.write_text("CREATE TABLE shop.tight (id INT PRIMARY KEY, v VARCHAR(9))")
    task.call("schema retry", failed[0]["label"], "--statement", str(statement), check=0)
    task.run()
    compare.assert_equal(source, "shop", destination)


def test_a_failed_object_does_not_stop_the_others(maria_pair, sluice):
    source, destination = maria_pair
    shop.create(source)
    source.execute(
        "CREATE TABLE shop.base (id INT PRIMARY KEY, v INT)",
        "CREATE VIEW shop.broken AS SELECT v FROM shop.base",
        "ALTER TABLE shop.base DROP COLUMN v",
        "ALTER TABLE shop.base ADD COLUMN w INT",
    )
    task = sluice(source, destination, types=["schema", "full"], objects=[{"database": "shop"}])
    finished = task.run(check=4)
    assert "broken" in finished.text
    assert compare.tables(destination, "shop", "VIEW") == ["a_big_orders", "z_order_totals"]
    failed = [o for o in task.status()["objects"] if o["state"] == "failed"]
    assert len(failed) == 1 and "broken" in failed[0]["object"], failed
    assert "SELECT" in failed[0]["statement"].upper() and failed[0]["error"]
    statement = task.directory / "view.sql"
    statement.write_text("CREATE SQL SECURITY INVOKER VIEW shop.broken AS SELECT w FROM shop.base")
    task.call("schema retry", failed[0]["label"], "--statement", str(statement), check=0)
    task.run()
    assert "broken" in compare.tables(destination, "shop", "VIEW")
    compare.assert_equal(source, "shop", destination)


def test_a_failed_object_can_be_skipped(maria_pair, sluice):
    source, destination = maria_pair
    shop.create(source)
    source.execute(
        "CREATE TABLE shop.base (id INT PRIMARY KEY, v INT)",
        "CREATE VIEW shop.broken AS SELECT v FROM shop.base",
        "ALTER TABLE shop.base DROP COLUMN v, ADD COLUMN w INT",
    )
    task = sluice(source, destination, types=["schema", "full"], objects=[{"database": "shop"}])
    task.run(check=4)
    label = [o for o in task.status()["objects"] if o["state"] == "failed"][0]["label"]
    task.call("schema skip", label, check=0)
    finished = task.run()
    assert "broken" in finished.text, "what was skipped is reported as not migrated"
    compare.assert_equal(source, "shop", destination)


def test_a_finished_task_says_so_and_restart_begins_anew(maria_pair, sluice):
    source, destination = maria_pair
    shop.create(source)
    task = sluice(source, destination, types=["schema", "full"], objects=[{"database": "shop"}])
    task.run()
    again = task.run()
    assert "complete" in again.text.lower()
    compare.assert_equal(source, "shop", destination)
    destination.execute("DROP DATABASE shop")
    task.run("--restart")
    compare.assert_equal(source, "shop", destination)


def test_full_load_alone_into_tables_of_the_user(maria_pair, sluice):
    """F without S; foreign keys and a trigger of the user are at the destination already."""
    source, destination = maria_pair
    shop.create(source)
    structure = sluice(source, destination, types=["schema"], objects=[{"database": "shop"}], name="structure")
    structure.run()
    assert destination.value("SELECT COUNT(*) FROM shop.orders") == 0
    destination.execute("DROP TRIGGER IF EXISTS shop.product_stock")
    task = sluice(source, destination, types=["full", "incremental"], objects=[{"database": "shop"}], name="rows")
    task.run_until_caught_up()
    with shop.Business(source) as business:
        business.wait_for(100)
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)


def test_what_is_created_between_the_precheck_and_the_cut(pair, sluice):
    """It is in neither the plan nor the changes after the cut."""
    source, destination = pair
    shop.create(source)
    source.execute("CREATE VIEW shop.gone AS SELECT 1 AS a", "CREATE VIEW shop.altered AS SELECT 1 AS a")
    mapping = [{"kind": "column", "in": "shop.customers", "match": "^none$", "replace": "none2"}]
    task = sluice(source, destination, objects=[{"database": "shop"}], mapping=mapping)
    with destination.session() as hold:
        hold.execute("FLUSH TABLES WITH READ LOCK")  # holds up everything that is created there, and so the cut
        task.start()
        wait_until(lambda: task.check_alive() or "precheck passed" in task.log_text(), 60, task.log_text)
        source.execute(
            "CREATE TABLE shop.late (id INT PRIMARY KEY, v INT, KEY (v))",
            "INSERT INTO shop.late VALUES (1,2)",
            "CREATE VIEW shop.late_view AS SELECT * FROM shop.late",
            "DROP VIEW shop.gone",
            "ALTER VIEW shop.altered AS SELECT 2 AS b",
        )
        hold.execute("UNLOCK TABLES")
    task.wait_caught_up()
    source.execute("UPDATE shop.late SET v=3")
    wait_until(lambda: destination.value("SELECT v FROM shop.late") == 3, 30, "a change of the late table")
    task.terminate()
    assert "shop.late was created after the precheck" in task.log_text()
    assert compare.tables(destination, "shop", "VIEW") == compare.tables(source, "shop", "VIEW")
    assert destination.query("SELECT * FROM shop.altered") in ([(2,)], ((2,),))
    compare.assert_equal(source, "shop", destination)
