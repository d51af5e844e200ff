"""What a task refuses because of what it is, or what became of it: another file, another server, another process."""

import signal

import pytest

from tests.end_to_end.test_task_handling import numbers
from tests.end_to_end.test_way_back import fill, reverse_of, start_cutover
from tests.support import compare, shop
from tests.support.proxy import Proxy
from tests.support.waiting import wait_until

SHOP = [{"database": "shop"}]


def test_another_file_of_the_same_name(maria_pair, sluice):
    """A rehearsal is done, then the real thing is run under its name: exit status 0 would say that it was migrated."""
    source, destination = maria_pair
    numbers(source, 10)
    numbers(source, 10, "production")
    task = sluice(source, destination, types=["schema", "full"], objects=SHOP)
    task.run()
    task.task["objects"] = [{"database": "production"}]
    task.write()
    refused = task.run(check=2)
    assert "TK-0102" in refused.text and "`name`" in refused.text, refused


def test_restart_spares_tables_of_another_server(get, one_pair, sluice):
    source, destination = one_pair
    numbers(source, 10)
    task = sluice(source, destination, types=["schema", "full"], objects=SHOP)
    task.run()
    other = get.own("mariadb")
    other.make_database("shop")
    other.execute("CREATE TABLE shop.t (id INT PRIMARY KEY, precious VARCHAR(20))", "INSERT INTO shop.t VALUES (1, 'precious')")
    task.task["destination"].update(host=other.host, port=other.port)
    task.write()
    refused = task.run("--restart", check=2)
    assert "TK-0102" in refused.text and str(destination.port) in refused.text, refused
    assert other.value("SELECT precious FROM shop.t") == "precious"


def test_a_table_that_came_in_between_stays_its_owners(maria_pair, sluice):
    """After the precheck, just before the task's own CREATE TABLE."""
    source, destination = maria_pair
    source.make_database("shop")
    source.execute("CREATE TABLE shop.t (id INT, v INT)", "INSERT INTO shop.t VALUES (1, 1)")
    with Proxy(destination) as proxy:
        came = []

        def come(data, _):
            if b"CREATE TABLE `shop`.`t`" in data and not came:
                came.append(data)
                destination.execute("CREATE TABLE shop.t (id INT, v INT)", "INSERT INTO shop.t VALUES (100, 100)")
            return data

        proxy.corrupt = come
        task = sluice(source, proxy, types=["schema", "full"], objects=SHOP)
        task.task["destination"]["tls"] = {"mode": "off"}
        task.write()
        task.run(check=4)
        assert came
        again = task.run(check=4)
        assert "TK-0104" in again.text and "exists already" in again.text, again
        assert destination.query("SELECT * FROM shop.t") == [(100, 100)]
        # Its owner may leave it to the task.
        destination.execute("DELETE FROM shop.t")
        task.call("schema retry", "table shop.t", check=0)
        task.run()
    compare.assert_equal(source, "shop", destination)


def test_only_what_failed_is_tried_again(one_pair, sluice):
    source, destination = one_pair
    numbers(source, 10)
    source.execute("CREATE VIEW shop.w AS SELECT id FROM shop.t")
    task = sluice(source, destination, types=["schema", "full"], objects=SHOP)
    task.run()
    refused = task.call("schema retry", "view shop.w")
    assert refused.code == 2 and "it was created" in refused.text, refused


def test_a_table_is_not_skipped_while_it_is_copied(one_pair, sluice):
    source, destination = one_pair
    numbers(source, 20_000)
    task = sluice(source, destination, types=["schema", "full"], objects=SHOP, limits={"rows_per_second": 500})
    task.start()
    task.wait_status(lambda status: status["progress"].get("rows_loaded", 0) > 0, 60, "the first rows")
    for verb in ("skip", "retry"):
        refused = task.call(f"schema {verb}", "shop.t")
        assert refused.code == 2 and "sluice stop" in refused.text, refused
    assert task.terminate() == 0
    task.call("schema skip", "shop.t", check=0)
    assert task.status()["tables"][0]["state"] == "skipped"


def test_a_skipped_table_stays_so_beside_its_relatives(one_pair, sluice):
    """Tables that a foreign key ties are read again together at a new cut: not the one that is left out."""
    source, destination = one_pair
    numbers(source, 20_000)
    source.execute(
        "CREATE TABLE shop.parent (id INT PRIMARY KEY)",
        "INSERT INTO shop.parent VALUES (1), (2)",
        "ALTER TABLE shop.t ADD COLUMN parent INT DEFAULT 1, ADD FOREIGN KEY (parent) REFERENCES shop.parent (id)",
    )
    task = sluice(source, destination, types=["schema", "full"], objects=SHOP, limits={"rows_per_second": 500})
    task.start()

    def states(status):
        return {table["table"]: table["state"] for table in status["tables"]}

    def has_parents():  # rows of the other may come before this one is created
        return "parent" in compare.tables(destination, "shop") and destination.query("SELECT id FROM shop.parent")

    task.wait_status(lambda status: status["progress"].get("rows_loaded", 0) > 0, 60, "the first rows")
    wait_until(has_parents, 60, lambda: f"the parent's rows\n{task.log_text()}")
    assert task.terminate() == 0
    assert states(task.status())["shop.t"] != "loaded"
    task.call("schema skip", "shop.t", check=0)
    task.task["limits"] = {"rows_per_second": 0}
    task.write()
    task.run()
    assert states(task.status()) == {"shop.parent": "loaded", "shop.t": "skipped"}
    assert destination.query("SELECT id FROM shop.parent ORDER BY id") == [(1,), (2,)]
    assert destination.value("SELECT COUNT(*) FROM shop.t") < 20_000


def test_switch_over_with_an_edited_file(maria_pair, sluice):
    source, destination = maria_pair
    shop.create(source)
    task = sluice(source, destination, objects=SHOP)
    task.start()
    task.wait_caught_up()
    task.task["types"] = ["incremental"]
    task.write()
    refused = task.call("cutover", "--timeout", "60s")
    assert refused.code == 2 and "TK-0102" in refused.text, refused
    task.check_alive()


def test_switch_over_twice(maria_pair, sluice):
    """The second finds the first at work, and must not take over what that has ended."""
    source, destination = maria_pair
    shop.create(source)
    task = sluice(source, destination, objects=SHOP)
    task.run_until_caught_up()
    task.start_command("cutover", "--timeout", "60s")
    wait_until(lambda: "stop writing" in task.log_text(), 60, task.log_text)
    second = task.call("cutover", "--timeout", "60s")
    first = task.wait(60)
    assert sorted((first, second.code)) in ([0, 2], [0, 130]), f"{task.log_text()}\n{second}"
    assert task.status()["ended"] == "switched over"
    triggers = "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = 'shop'"
    assert destination.value(triggers) == source.value(triggers)


def test_switch_over_within_its_time(maria_pair, sluice):
    source, destination = maria_pair
    numbers(source, 100)
    task = sluice(source, destination, objects=SHOP, limits={"rows_per_second": 5})
    task.run_until_caught_up()
    with source.session("shop") as session:
        for i in range(300):
            session.execute(f"INSERT INTO t (v, pad) VALUES ({i}, 'x')")
    refused = task.call("cutover", "--timeout", "2s", timeout=60)
    assert refused.code == 4 and "TK-0108" in refused.text, refused
    assert "nobody was asked" in refused.text and "stop writing to the source now" not in refused.text, refused
    assert task.status()["state"] == "paused"


def test_switch_over_waits_for_what_is_open(one_pair, sluice):
    """The application has stopped, but for a transaction that it began before."""
    source, destination = one_pair
    numbers(source, 10)
    task = sluice(source, destination, objects=SHOP)
    task.run_until_caught_up()
    with source.session() as session:
        session.execute("BEGIN")
        session.execute("INSERT INTO shop.t (v, pad) VALUES (4711, 'late')")
        refused = task.call("cutover", "--timeout", "5s", timeout=60)
        assert refused.code == 4 and "TK-0108" in refused.text and "admin" in refused.text, refused
        assert ("KILL" if source.engine == "mysql" else "pg_terminate_backend") in refused.text, refused
        task.start_command("cutover", "--timeout", "60s")
        wait_until(lambda: task.check_alive() or "waiting for transactions" in task.log_text(), 60, task.log_text)
        session.execute("COMMIT")
    assert task.wait(60) == 0, task.log_text()
    assert destination.value("SELECT COUNT(*) FROM shop.t WHERE v = 4711") == 1


def begun_way_back(source, destination, sluice, objects):
    task = sluice(source, destination, objects=objects)
    task.run_until_caught_up()
    return task, reverse_of(task)


def test_a_rehearsed_switch_over_is_no_beginning_of_the_next(one_pair, sluice):
    """The way back of the rehearsal stands at the rehearsal's end: all that the task did since would come back."""
    source, destination = one_pair
    fill(source, 50)
    source.execute("DROP TABLE shop.items")
    objects = [{"database": "shop", "rename": "shop_new", "tables": [{"table": "orders", "filter": "id <= 10"}]}]
    task, back = begun_way_back(source, destination, sluice, objects)
    start_cutover(task, back)
    wait_until(lambda: "is switched over" in back.log_text(), 60, back.log_text)
    back.wait_caught_up()
    assert back.terminate() == 0
    task.call("release", check=0)
    destination.execute("DROP TABLE shop_new.orders")
    task.run_until_caught_up("--restart")
    back.log.unlink()
    start_cutover(task, back)
    wait_until(lambda: "is switched over" in back.log_text(), 60, back.log_text)
    destination.execute("UPDATE shop_new.orders SET n = -1 WHERE id = 3")
    back.wait_caught_up()
    wait_until(lambda: source.value("SELECT n FROM shop.orders WHERE id = 3") == -1, 60, back.log_text)
    assert back.terminate() == 0
    assert source.value("SELECT COUNT(*) FROM shop.orders") == 50


def test_a_way_back_that_runs_is_in_the_way(one_pair, sluice):
    source, destination = one_pair
    fill(source, 10)
    task, back = begun_way_back(source, destination, sluice, SHOP)
    back.start()
    back.wait_caught_up()
    refused = task.call("cutover", "--reverse", str(back.file))
    assert refused.code == 2 and "running already" in refused.text, refused
    assert back.terminate() == 0


@pytest.mark.parametrize("moment", ["way back: precheck passed", "way back: changes begin", "creating triggers"])
def test_a_stop_while_the_way_back_begins(maria_pair, sluice, moment):
    """Either nothing is switched over, or the way back has everything from the switch-over on."""
    source, destination = maria_pair
    fill(source, 10)
    task, back = begun_way_back(source, destination, sluice, SHOP)
    start_cutover(task, back)
    wait_until(lambda: moment in back.log_text() or not back.is_running, 60, back.log_text, pause=0.001)
    back.process.send_signal(signal.SIGTERM)  # SIGINT may be ignored, as in what a shell runs in the background
    back.wait(60)
    if task.status()["ended"] != "switched over":
        assert task.status()["state"] == "paused"
        task.run_until_caught_up()
        compare.assert_equal(source, "shop", destination)
        return
    destination.execute("UPDATE shop.orders SET n = 4711 WHERE id = 1")
    back.run_until_caught_up()
    assert source.value("SELECT n FROM shop.orders WHERE id = 1") == 4711


def test_the_way_back_carries_what_the_way_there_does(one_pair, sluice):
    source, destination = one_pair
    fill(source, 5)
    objects = [{"database": "shop", "operations": {"dml": ["insert", "update"], "ddl": []}}]
    back = reverse_of(sluice(source, destination, objects=objects, name="x" * 64))
    text = back.file.read_text()
    assert "operations: {dml: [insert, update], ddl: []}" in text, text
    back.call("validate", check=0)
