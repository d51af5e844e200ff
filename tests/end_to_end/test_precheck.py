"""The precheck gates the start: settings, conflicts, connectivity; each with its cause and what mends it."""

import socket

import pytest

from tests.support import compare, shop
from tests.support.servers import free_port

OBJECTS = [{"database": "shop"}]


def failed_items(finished):
    assert finished.code == 3, finished
    return [item for item in finished.json["items"] if item["status"] == "failed"]


def everything(items):
    return "\n".join(f"{i['id']} {i['title']} {i['object']} {i['cause']} {i['remedy']}" for i in items)


@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
@pytest.mark.parametrize(
    "extra, word",
    [
        (["--binlog-format=STATEMENT"], "binlog_format"),
        (["--binlog-row-image=MINIMAL"], "binlog_row_image"),
        (["--server-id=0"], "server_id"),
    ],
    ids=["format", "image", "server id"],
)
def test_log_settings(get, sluice, kind, extra, word):
    if kind == "mariadb" and word == "server_id":
        extra = []
    source = get.own(kind, extra=extra)
    if kind == "mariadb" and word == "server_id":
        pytest.skip("MariaDB does not allow server_id 0")
    shop.create(source)
    task = sluice(source, get.shared("mariadb", "destination"), objects=OBJECTS)
    assert word in everything(failed_items(task.call("precheck", "--json")))


@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
def test_log_of_the_destination(get, sluice, kind):
    """The destination's own log: with statements InnoDB refuses what is written at READ COMMITTED."""
    source, destination = get.shared(kind, "source"), get.own(kind, extra=["--binlog-format=STATEMENT"])
    shop.create(source)
    task = sluice(source, destination, objects=OBJECTS)
    assert [item["id"] for item in failed_items(task.call("precheck", "--json"))] == ["mysql.destination_log_format"]
    destination.execute("SET GLOBAL binlog_format = 'MIXED'")
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)


@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
def test_binary_log_off(get, sluice, kind):
    source = get.own(kind, binlog=False)
    shop.create(source)
    task = sluice(source, get.shared("mariadb", "destination"), objects=OBJECTS)
    assert "log_bin" in everything(failed_items(task.call("precheck", "--json"))).replace("log-bin", "log_bin")
    # Without changes to follow, the binary log is not needed.
    full = sluice(source, get.shared("mariadb", "destination"), types=["schema", "full"], objects=OBJECTS, name="full")
    full.run()


def test_conflict_with_existing_objects(one_pair, sluice):
    source, destination = one_pair
    shop.create(source)
    destination.make_database("shop")
    destination.execute("CREATE TABLE shop.orders (id INT)", "INSERT INTO shop.orders VALUES (1)")
    task = sluice(source, destination, objects=OBJECTS)
    assert "orders" in everything(failed_items(task.call("precheck", "--json")))
    task.run(check=3)
    assert list(destination.query("SELECT * FROM shop.orders")) == [(1,)]


def test_missing_objects_are_named(one_pair, sluice):
    source, destination = one_pair
    shop.create(source)
    task = sluice(
        source, destination, objects=[{"database": "shop", "tables": [{"table": "ordres"}]}, {"database": "nowhere"}]
    )
    finished = task.call("precheck", "--json")
    assert finished.code in (2, 3), finished
    assert "ordres" in finished.text and "nowhere" in finished.text


def test_bad_filter(one_pair, sluice):
    source, destination = one_pair
    shop.create(source)
    task = sluice(
        source,
        destination,
        objects=[{"database": "shop", "tables": [{"table": "orders", "filter": "no_such_column > 3"}]}],
    )
    text = everything(failed_items(task.call("precheck", "--json")))
    assert "no_such_column" in text and "orders" in text


def test_destination_read_only(get, sluice):
    source, destination = get.shared("mariadb", "source"), get.own("mariadb")
    shop.create(source)
    destination.create_account("mover", "pw-Of-mover1", "ALL ON *.*")
    destination.execute("REVOKE SUPER, READ_ONLY ADMIN ON *.* FROM mover@'%'", "SET GLOBAL read_only=1")
    task = sluice(source, destination, objects=OBJECTS, destination_user="mover", destination_password="pw-Of-mover1")
    assert "read_only" in everything(failed_items(task.call("precheck", "--json")))


def test_connection_failures_are_told_apart(one_pair, sluice):
    source, destination = one_pair
    shop.create(source)

    def item(**change):
        task = sluice(source, destination, objects=OBJECTS, name="c" + str(len(change)) + str(list(change)[0]))
        task.task["source"].update(change)
        task.write()
        finished = task.call("precheck", "--json", timeout=120)
        assert finished.code in (3, 4), finished
        return finished.text

    texts = {
        "port": item(port=free_port()),
        "name": item(host="no-such-host.invalid"),
        "user": item(user="nobody_here"),
        "tls": item(tls={"mode": "verify-full"}),
    }
    code = "PG-0101" if source.engine == "postgresql" else "MY-0101"
    assert code in texts["port"] and "refused" in texts["port"]
    assert "no-such-host.invalid" in texts["name"]
    assert "nobody_here" in texts["user"] and texts["user"] != texts["port"]
    assert "TLS" in texts["tls"].upper()
    if source.engine == "postgresql":
        assert "no_such_database" in item(database="no_such_database")
        return  # what pg_hba.conf refuses: precheck_server_test
    source.create_account("local_only", "pw-1-Local", "SELECT ON *.*", host="10.255.255.1")
    host = item(user="local_only")
    assert "host" in host.lower() or "denied" in host.lower()


def test_a_silent_server_is_given_up(one_pair, sluice):
    """Something listens and never says a word: a clear error within a minute, not a hang."""
    source, destination = one_pair
    shop.create(source)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        task = sluice(source, destination, objects=OBJECTS)
        task.task["source"]["port"] = silent.getsockname()[1]
        task.write()
        finished = task.call("precheck", "--json", timeout=90)
    assert finished.code in (3, 4), finished


def test_warnings_do_not_stop(one_pair, sluice):
    source, destination = one_pair
    source.make_database("w")
    source.execute("CREATE TABLE w.keyless (a INT)")
    if source.engine == "postgresql":
        source.execute("ALTER TABLE w.keyless REPLICA IDENTITY FULL")
    task = sluice(source, destination, objects=[{"database": "w"}])
    finished = task.call("precheck", "--json", check=0)
    warnings = [i for i in finished.json["items"] if i["status"] == "warning"]
    assert any("keyless" in str(i) for i in warnings), finished


ROUNDED = [
    ("DATETIME(6)", "DATETIME"),
    ("DATETIME(3)", "DATE"),
    ("TIMESTAMP(6)", "TIMESTAMP(3)"),
    ("TIME(1)", "TIME"),
    ("DOUBLE", "FLOAT"),
    ("DOUBLE", "INT"),
    ("DECIMAL(10,2)", "INT"),
    ("DECIMAL(10,4)", "DECIMAL(12,2)"),
    ("DECIMAL(20,2)", "DOUBLE"),
    ("BIGINT", "DOUBLE"),
    ("INT", "FLOAT"),
]


def test_a_column_that_would_round_silently(get, sluice):
    """In tables that the user made: the server stores another value, in strict mode too, without a warning."""
    source, destination = get.shared("mariadb", "source"), get.shared("mysql", "destination")
    for server, at in ((source, 0), (destination, 1)):
        columns = ", ".join(f"c{number} {pair[at]} NULL" for number, pair in enumerate(ROUNDED))
        server.execute("CREATE DATABASE d", f"CREATE TABLE d.t (id INT PRIMARY KEY, {columns}, fine DATETIME)")
    task = sluice(source, destination, types=["full"], objects=[{"database": "d"}])
    (item,) = failed_items(task.call("precheck", "--json"))
    assert item["id"] == "mysql.rounding" and item["remedy"].startswith("ALTER TABLE `d`.`t` MODIFY COLUMN"), item
    for number in range(len(ROUNDED)):
        assert f"MODIFY COLUMN `c{number}`" in item["remedy"], item
    assert "fine" not in item["object"]
