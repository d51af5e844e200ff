"""`sluice reverse` and `sluice cutover --reverse`: what is written after the switch-over goes back to the source."""

import subprocess

import yaml

from tests.support import compare
from tests.support.servers import die_with_parent
from tests.support.sluice import Sluice
from tests.support.waiting import wait_until


def fill(server, rows=200):
    server.make_database("shop")
    server.execute(
        f"CREATE TABLE shop.orders (id INT {server.counter} PRIMARY KEY, addr VARCHAR(50) NOT NULL, n INT)",
        "CREATE TABLE shop.items (id INT PRIMARY KEY, order_id INT NOT NULL, FOREIGN KEY (order_id) "
        "REFERENCES shop.orders (id) ON DELETE CASCADE)",
    )
    for n in range(1, rows + 1):
        server.execute(f"INSERT INTO shop.orders (addr, n) VALUES ('street {n}', {n})")
    server.execute("INSERT INTO shop.items (id, order_id) SELECT id, id FROM shop.orders")


RENAMED = [
    {
        "database": "shop",
        "rename": "shop_new",
        "tables": [{"table": "orders", "rename": "orders2", "columns": {"rename": {"addr": "address"}}}, {"table": "items"}],
    }
]
TABLES = [
    compare.Mapped("orders", "orders2", renamed={"addr": "address"}),
    compare.Mapped("items"),
]


def equal(source, destination):
    return not compare.differences(source, "shop", destination, "shop_new", TABLES)


def reverse_of(task, sluice_class=Sluice):
    """The file that `sluice reverse` writes, as a task of the same state directory."""
    file = task.directory / "back.yaml"
    task.call("reverse", "--output", str(file), check=0)
    back = object.__new__(sluice_class)
    back.__dict__.update(task.__dict__)
    back.file, back.process, back.log = file, None, task.directory / "back.log"
    return back


def start_cutover(task, back):
    """In the background; its output goes where that of the way back does."""
    with open(back.log, "ab") as out:
        back.process = subprocess.Popen(
            task._command("cutover", "--reverse", str(back.file)),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=task.environment,
            preexec_fn=die_with_parent,
        )


def test_what_is_written_after_the_switch_over_goes_back(any_pair, sluice):
    goes_back(*any_pair, sluice)


def test_what_is_written_goes_back_between_engines(cross_pair, sluice):
    goes_back(*cross_pair, sluice)


def goes_back(source, destination, sluice):
    fill(source)
    task = sluice(source, destination, objects=RENAMED)
    task.start()
    task.wait_caught_up()
    back = reverse_of(task)
    assert f"{task.file}" not in back.file.read_text()
    written = yaml.safe_load(back.file.read_text())
    assert written["source"]["password"] == "${env:SLUICE_TEST_DST}", "references to secrets stay references"
    assert back.call("precheck").code == 0, back.call("precheck")
    source.execute("UPDATE shop.orders SET n = n + 1000 WHERE id <= 50")  # just before the switch-over
    start_cutover(task, back)
    try:
        wait_until(
            lambda: "way back" in back.log_text() and "is switched over" in back.log_text(),
            60,
            lambda: f"the switch-over\n{back.log_text()}",
        )
        # The application writes at the destination at once.
        destination.execute(
            "INSERT INTO shop_new.orders2 (address, n) VALUES ('new', -1)",
            "UPDATE shop_new.orders2 SET address = 'moved' WHERE id <= 10",
            "DELETE FROM shop_new.orders2 WHERE id BETWEEN 20 AND 30",  # cascades
        )
        back.wait_caught_up()
        wait_until(lambda: equal(source, destination), 60, lambda: f"the changes at the source\n{back.log_text()}")
        assert source.value("SELECT COUNT(*) FROM shop.orders WHERE addr = 'new'") == 1
        assert source.value("SELECT COUNT(*) FROM shop.items") == 200 - 11
        assert back.terminate() == 0
        # Written while it does not run: it goes on from there.
        destination.execute("UPDATE shop_new.orders2 SET n = 0 WHERE id > 150")
        back.run_until_caught_up()
        assert equal(source, destination)
        back.verify()
        # The way there has ended for good: nothing goes round.
        assert "switched over" in task.status()["ended"]
        assert task.call("run").code == 0, "it says so, and does nothing"
        assert equal(source, destination)
    finally:
        back.kill()


def test_a_way_back_that_cannot_begin_stops_nothing(one_pair, sluice):
    source, destination = one_pair
    fill(source, 20)
    task = sluice(source, destination, objects=RENAMED)
    task.start()
    task.wait_caught_up()
    back = reverse_of(task)
    broken = yaml.safe_load(back.file.read_text())
    broken["objects"][0]["tables"][0]["rename"] = "no_such_table"
    back.file.write_text(yaml.safe_dump(broken))
    refused = task.call("cutover", "--reverse", str(back.file))
    assert refused.code == 3 and "TK-0101" in refused.text and "no_such_table" in refused.text, refused
    task.check_alive()
    source.execute("UPDATE shop.orders SET n = 7")
    wait_until(lambda: equal(source, destination), 60, "it goes on")
    # A file that is no way back.
    refused = task.call("cutover", "--reverse", str(task.file))
    assert refused.code == 2 and "CL-0107" in refused.text, refused
    task.check_alive()
    # A file that was edited is not overwritten.
    refused = task.call("reverse", "--output", str(back.file))
    assert "CL-0108" in refused.text, refused


def test_changes_alone_begin_with_the_first_run(one_pair, sluice):
    """`types: [incremental]`: the destination has the rows already."""
    source, destination = one_pair
    fill(source, 50)
    copy = sluice(source, destination, types=["schema", "full"], objects=[{"database": "shop"}], name="copy")
    copy.run()
    task = sluice(source, destination, types=["incremental"], objects=[{"database": "shop"}], name="follow")
    task.start()
    task.wait_caught_up()
    source.execute("UPDATE shop.orders SET n = 5 WHERE id <= 25", "DELETE FROM shop.orders WHERE id = 50")
    wait_until(lambda: not compare.differences(source, "shop", destination), 60, "the changes")
    assert task.terminate() == 0
    source.execute("INSERT INTO shop.orders (addr, n) VALUES ('later', 1)")
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)
