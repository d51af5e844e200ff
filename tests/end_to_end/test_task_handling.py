"""Limits changed while a task runs, the live position, objects that fail at the destination, stop for good, release."""

import pytest

from tests.support import compare, shop
from tests.support.sluice import lsn_number
from tests.support.waiting import wait_until


def numbers(server, rows, database="shop"):
    server.make_database(database)
    server.execute(
        f"CREATE TABLE {database}.t (id INT {server.counter} PRIMARY KEY, v INT NOT NULL, pad VARCHAR(200) NOT NULL)",
        f"INSERT INTO {database}.t (v, pad) VALUES (0, REPEAT('x', 200))",
    )
    there = 1
    while there < rows:
        more = min(there, rows - there)
        server.execute(f"INSERT INTO {database}.t (v, pad) SELECT v + {there}, pad FROM {database}.t LIMIT {more}")
        there += more


def limits(task, *options, check=0):
    return task.call("limits", "--json", *options, check=check).json


def test_limits_change_while_rows_are_copied(one_pair, sluice):
    source, destination = one_pair
    numbers(source, 60_000)
    # At this rate the copy would take ten minutes.
    task = sluice(source, destination, objects=[{"database": "shop"}], limits={"rows_per_second": 100, "readers": 2})
    assert "TK-0106" in task.call("limits", "--writers", "1", check=2).text, "it was never run"
    task.start()
    task.wait_status(lambda status: status["progress"].get("rows_loaded", 0) > 0, 60, "the first rows")
    assert task.status()["limits"]["rows_per_second"] == 100
    answer = limits(task, "--rows-per-second", "0", "--writers", "7", "--readers", "5")
    assert answer["running"] and answer["limits"]["rows_per_second"] == 0 and answer["limits"]["writers"] == 7
    if answer["limits"]["notes"].get("readers", "").startswith("2 at work"):
        assert answer["limits"]["readers"] == 2 and answer["limits"]["wanted"]["readers"] == 5
    task.wait_caught_up(60)
    compare.assert_equal(source, "shop", destination)
    assert task.terminate() == 0
    # It survives the end of the process, and a later run.
    assert limits(task)["limits"]["writers"] == 7
    assert not limits(task)["running"]
    again = task.run_until_caught_up()
    assert "writers 7 as `sluice limits` has set it" in again.text, again
    status = task.status()
    assert status["limits"]["writers"] == 7 and status["limits"]["changed"] == ["rows_per_second", "readers", "writers"]
    # The file is edited afterwards: the last change wins.
    task.task["limits"]["writers"] = 3
    task.write()
    again = task.run_until_caught_up()
    assert "writers 3 as the task file says now" in again.text, again
    assert limits(task, "--reset")["limits"]["rows_per_second"] == 100
    assert limits(task)["limits"]["changed"] == []
    assert task.call("limits", "--writers", "65").code == 2


def test_limits_change_while_changes_are_followed(any_pair, sluice):
    source, destination = any_pair
    shop.create(source)
    task = sluice(source, destination, objects=[{"database": "shop"}], limits={"writers": 1})
    task.start()
    task.wait_caught_up()
    with shop.Business(source) as business:
        business.wait_for(20)
        for writers in ("4", "2"):
            answer = limits(task, "--writers", writers)
            assert answer["running"] and answer["limits"]["writers"] == int(writers)
            business.wait_for(business.count + 50)
            task.wait_status(
                lambda status: f"with {writers} writer(s) from now on" in task.log_text(100_000), 30, "other writers"
            )
        answer = limits(task, "--readers", "2")
        assert "changes are read by one session" in answer["limits"]["notes"]["readers"]
        # A rate that cannot keep up, felt at once, and taken back.
        limits(task, "--rows-per-second", "1")
        task.wait_status(lambda status: status["delay_ms"] > 2000, 60, "a delay")
        limits(task, "--rows-per-second", "0")
        business.wait_for(business.count + 50)
    task.follow_to(source, "shop", destination=destination)
    compare.assert_equal(source, "shop", destination)
    assert task.terminate() == 0


def position_order(server, position):
    if server.engine == "postgresql":
        return lsn_number(position["lsn"])
    return position["file"], position["offset"]


def test_status_shows_the_live_position(any_pair, sluice):
    source, destination = any_pair
    numbers(source, 100)
    task = sluice(source, destination, objects=[{"database": "shop"}])
    task.start()
    task.wait_caught_up()
    before = task.wait_status(lambda status: status["position"] and status["source_position"], 10, "a position")
    source.execute("INSERT INTO shop.t (v, pad) VALUES (1, '')")
    source.execute("UPDATE shop.t SET v = v + 1 WHERE id <= 3")
    source.execute("DELETE FROM shop.t WHERE id = 4")

    def moved(status):
        done = status["progress"]
        return status["position"] != before["position"] and (done["inserts"], done["updates"], done["deletes"]) == (
            1,
            3,
            1,
        )

    after = task.wait_status(moved, 20, "the position and the counts to move on while it runs")
    assert after["running"] and after["source_position"]
    assert position_order(source, after["position"]) > position_order(source, before["position"])
    if source.is_mariadb:
        assert after["position"]["gtid"]
    text = task.call("status", check=0).out
    assert "1 inserted, 3 updated, 1 deleted" in text and "source at" in text and "limits" in text, text
    # After a kill the last one that was told stays to be seen.
    task.kill()
    killed = task.status()
    assert not killed["running"] and killed["position"], killed
    task.run_until_caught_up()


def broken_view(source):
    shop.create(source)
    source.execute(
        "CREATE TABLE shop.base (id INT PRIMARY KEY, v INT)",
        "CREATE VIEW shop.broken AS SELECT v FROM shop.base",
        "ALTER TABLE shop.base DROP COLUMN v, ADD COLUMN w INT",
    )


@pytest.mark.parametrize("mend", ["retry", "skip"])
def test_cutover_waits_for_failed_objects(maria_pair, sluice, mend):
    source, destination = maria_pair
    broken_view(source)
    task = sluice(source, destination, objects=[{"database": "shop"}])
    summary = task.run_until_caught_up()
    assert "schema skip" in summary.text and "broken" in summary.text, "the end of a run shows what failed"
    task.start()
    wait_until(lambda: "following changes" in task.log_text(), 60, lambda: f"following\n{task.log_text()}")
    text = task.call("status", check=0).out
    assert "attention" in text and "1 object failed" in text, text
    refused = task.call("cutover", "--timeout", "60s", check=2)
    assert "TK-0110" in refused.text and "broken" in refused.text and "schema retry" in refused.text, refused
    assert task.is_running, "a cutover that is refused stops nothing"
    label = [o for o in task.status()["objects"] if o["state"] == "failed"][0]["label"]
    if mend == "skip":
        task.call("schema skip", label, check=0)
    else:
        task.call("schema retry", label, check=0)
        # It fails again, before anybody is asked to stop writing; the task can go on.
        again = task.call("cutover", "--timeout", "60s", check=4)
        assert "broken" in again.text and "stop writing" not in again.text, again
        assert task.wait(60) == 0
        statement = task.directory / "view.sql"
        statement.write_text("CREATE SQL SECURITY INVOKER VIEW shop.broken AS SELECT w FROM shop.base")
        task.call("schema retry", label, "--statement", str(statement), check=0)
    finished = task.call("cutover", "--timeout", "60s", check=0)
    assert "DROP USER" in finished.text and "INVOKER" in finished.text, "what is left to do"
    if mend == "skip":
        assert task.wait(60) == 0
    assert ("broken" in compare.tables(destination, "shop", "VIEW")) == (mend == "retry")
    assert task.status()["ended"] == "switched over"


def triggers(server):
    return server.value("SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema='shop'")


def test_a_trigger_that_fails_at_the_switch_over_leaves_none_behind(maria_pair, sluice):
    """A trigger that was created before another failed would fire on the changes that are applied afterwards."""
    source, destination = maria_pair
    shop.create(source)
    source.execute(
        "CREATE TABLE shop.base (id INT PRIMARY KEY, v INT)",
        "CREATE TRIGGER shop.zz_broken BEFORE INSERT ON shop.base FOR EACH ROW SET NEW.v = 1",
    )
    task = sluice(source, destination, objects=[{"database": "shop"}])
    task.run_until_caught_up()
    destination.execute(
        "CREATE TRIGGER shop.zz_broken AFTER DELETE ON shop.base FOR EACH ROW SET @x = 1",
    )
    # Its name is taken, so it fails; the other one is there by then.
    task.call("cutover", "--timeout", "60s", check=4)
    assert triggers(destination) == 2
    listed = task.call("schema list", check=0).text
    assert listed.count("SET NEW.v = 1") == 1, listed
    source.execute("UPDATE shop.products SET stock = stock + 1 WHERE id = 1")
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)
    destination.execute("DROP TRIGGER shop.zz_broken")
    source.execute("UPDATE shop.products SET stock = stock + 1 WHERE id = 1")
    task.call("cutover", "--timeout", "60s", check=0)
    assert triggers(destination) == 2
    compare.assert_equal(source, "shop", destination)


def test_a_task_stopped_for_good_never_resumes(one_pair, sluice):
    source, destination = one_pair
    numbers(source, 100)
    task = sluice(source, destination, objects=[{"database": "shop"}])
    task.start()
    task.wait_caught_up()
    stopped = task.call("stop", "--final", check=0)
    assert "refuse" in stopped.text, stopped
    assert task.wait(30) == 0
    source.execute("UPDATE shop.t SET v = -1")
    for arguments in ((), ("--restart",)):
        refused = task.run(*arguments, check=2)
        assert "TK-0103" in refused.text and "release" in refused.text, refused
    assert destination.value("SELECT COUNT(*) FROM shop.t WHERE v = -1") == 0
    assert task.status()["ended"] == "stopped"
    assert task.call("limits", "--writers", "2").code == 2


def test_release_removes_what_sluice_keeps(any_pair, sluice):
    source, destination = any_pair
    numbers(source, 100)
    numbers(source, 10, "other")
    task = sluice(source, destination, objects=[{"database": "shop"}], name="first")
    other = sluice(source, destination, objects=[{"database": "other"}], name="second")
    other.run_until_caught_up()
    task.start()
    task.wait_caught_up()
    other_id = other.status()["id"]
    released = task.call("release", "--json", check=0).json
    assert task.wait(30) == 0, "a running task is stopped"
    assert released["was_running"] and released["records_removed"] >= 2 and not released["database_removed"]
    assert released["other_tasks"] == [other_id]
    task_id = task.status()["id"]
    for table in ("chunk", "progress", "note"):
        assert destination.value(f"SELECT COUNT(*) FROM sluice.{table} WHERE task = '{task_id}'") == 0
    refused = task.run(check=2)
    assert "TK-0103" in refused.text and "released" in refused.text, refused
    assert destination.value("SELECT COUNT(*) FROM shop.t") == 100, "what was migrated stays"
    # The other one is not disturbed.
    source.execute("UPDATE other.t SET v = 7")
    other.run_until_caught_up()
    compare.assert_equal(source, "other", destination)
    if destination.engine == "mysql":
        destination.execute("CREATE TABLE sluice.stage_4711 (id INT)")  # as a crash in the middle of a chunk leaves it
    last = other.call("release", check=0)
    assert f"{'database' if destination.engine == 'mysql' else 'schema'} sluice is gone" in last.text, last
    assert destination.value("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name='sluice'") == 0
    other.call("release", check=0)  # can be repeated
    assert other.status()["ended"] == "released"
    # Anew only after the user has made room.
    assert task.run("--restart", check=3)
    assert destination.value("SELECT COUNT(*) FROM shop.t") == 100
    destination.drop_database("shop")
    task.run_until_caught_up("--restart")
    compare.assert_equal(source, "shop", destination)


def test_release_spares_tables_that_are_not_sluices(maria_pair, sluice):
    source, destination = maria_pair
    numbers(source, 10)
    task = sluice(source, destination, objects=[{"database": "shop"}])
    task.run_until_caught_up()
    destination.execute("CREATE TABLE sluice.notes_of_the_dba (id INT)")
    released = task.call("release", check=0)
    assert "notes_of_the_dba" in released.text, released
    tables = destination.value("SELECT GROUP_CONCAT(table_name) FROM information_schema.tables WHERE table_schema='sluice'")
    assert tables == "notes_of_the_dba"
    destination.execute("DROP DATABASE sluice")


def test_cutover_then_restart_does_not_drop_what_is_in_use(one_pair, sluice):
    source, destination = one_pair
    numbers(source, 10)
    task = sluice(source, destination, objects=[{"database": "shop"}])
    task.run_until_caught_up()
    task.call("cutover", "--timeout", "60s", check=0)
    destination.execute("INSERT INTO shop.t (v, pad) VALUES (99, 'newer')")
    refused = task.run("--restart", check=2)
    assert "TK-0103" in refused.text and "switched over" in refused.text, refused
    assert destination.value("SELECT COUNT(*) FROM shop.t WHERE v = 99") == 1
    wait_until(lambda: not task.status()["running"], 10, "the lock to be free")
