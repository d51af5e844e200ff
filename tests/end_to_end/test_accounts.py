"""Accounts with exactly the rights that the documentation names are enough; each missing one is found and named."""

import pytest

from tests.end_to_end.test_precheck import failed_items
from tests.support import compare, shop
from tests.support.engines import rights_mysql, rights_postgresql

ACCOUNT = "mover"
PASSWORD = "least-Pr1vilege"
OBJECTS = [{"database": "shop"}]


def rights_of(server):
    return rights_postgresql if server.engine == "postgresql" else rights_mysql


def statements(remedy):
    """Those of a remedy that give rights."""
    for statement in remedy.split(";"):
        begin = max(statement.find("GRANT "), statement.find("ALTER ROLE "))
        if begin >= 0:
            yield statement[begin:].split("\n")[0]


def make_task(sluice, source, destination, source_rights, destination_rights, **options):
    rights_of(source).give(source, ACCOUNT, PASSWORD, source_rights)
    rights_of(destination).give(destination, ACCOUNT, PASSWORD, destination_rights)
    return sluice(
        source,
        destination,
        source_user=ACCOUNT,
        source_password=PASSWORD,
        destination_user=ACCOUNT,
        destination_password=PASSWORD,
        objects=OBJECTS,
        **options,
    )


def all_rights(source, destination):
    said = rights_of(source)
    return said.SOURCE_DATA + said.SOURCE_LOG, rights_of(destination).DESTINATION


def test_named_rights_are_enough(every_pair, sluice):
    source, destination = every_pair
    rights_of(source).create_shop(source)
    task = make_task(sluice, source, destination, *all_rights(source, destination))
    finished = task.call("precheck", "--json")
    assert finished.code == 0, finished
    with shop.Business(source) as business:
        task.start()
        task.wait_phase("incremental", seconds=120)
        business.wait_for(business.count + 50)
    task.follow_to(source, "shop", destination=destination)
    compare.assert_equal(source, "shop", destination)
    task.verify()
    # The switch-over, and the end of what Sluice keeps, need no more.
    finished = task.call("cutover", "--timeout", "60s", check=0)
    assert task.wait(30) == 0
    # What these rights do not show is said, since it is not waited for.
    assert ("they are not waited for: open transactions" in finished.text) == (source.engine == "mysql"), finished
    compare.assert_equal(source, "shop", destination)
    if source.engine == destination.engine == "postgresql":
        assert destination.value("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") > 0, finished
    task.call("release", check=0)
    if source.engine == "postgresql":
        assert not source.query("SELECT 1 FROM pg_replication_slots")
        if source.major >= 10:
            assert not source.query("SELECT 1 FROM pg_publication")


def test_the_full_load_alone_needs_less(every_pair, sluice):
    source, destination = every_pair
    rights_of(source).create_shop(source)
    rights = rights_of(source).SOURCE_DATA, rights_of(destination).DESTINATION
    make_task(sluice, source, destination, *rights, types=["schema", "full"]).run()
    compare.assert_equal(source, "shop", destination)


def test_reload_makes_an_exact_cut(pair, sluice):
    source, destination = pair
    rights_mysql.create_shop(source)
    given, at_destination = all_rights(source, destination)
    task = make_task(sluice, source, destination, (*given, "RELOAD ON *.*"), at_destination)
    with shop.Business(source, threads=2) as business:
        task.start()
        task.wait_phase("incremental", seconds=120)
        business.wait_for(business.count + 50)
    task.follow_to(source, "shop", destination=destination)
    compare.assert_equal(source, "shop", destination)


@pytest.mark.parametrize(
    "kind, missing, side, words",
    [
        *(("mariadb", *each) for each in rights_mysql.EACH),
        *(("mysql", *each) for each in rights_mysql.EACH),
        *(("pg15", *each) for each in rights_postgresql.EACH),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) and "GRANT" not in value else "",
)
def test_each_missing_right_is_named(get, sluice, kind, missing, side, words):
    source, destination = get.shared(kind, "source"), get.shared(kind, "destination")
    said = rights_of(source)
    said.create_shop(source)
    at_source, at_destination = all_rights(source, destination)
    if side == "source":
        at_source = said.without(at_source, missing)
    else:
        at_destination = said.without(at_destination, missing)
    task = make_task(sluice, source, destination, at_source, at_destination)
    failed = failed_items(task.call("precheck", "--json"))
    assert failed and all(item["side"] == side for item in failed), failed
    remedies = "\n".join(item["remedy"] or "" for item in failed)
    assert any(word in remedies for word in ([words] if isinstance(words, str) else words)), failed
    assert not any(word in remedies for word in ("SUPERUSER", "ALL PRIVILEGES", "GRANT ALL")), failed
    task.run(check=3)
    assert not destination.databases()


def test_no_more_is_asked_for_than_the_chosen_tables(pair, sluice):
    source, destination = pair
    rights_mysql.create_shop(source)
    task = make_task(sluice, source, destination, (), all_rights(source, destination)[1])
    task.task["objects"] = [{"database": "shop", "tables": ["orders"]}]
    task.write()
    remedies = "\n".join(item["remedy"] or "" for item in failed_items(task.call("precheck", "--json")))
    assert "GRANT SELECT ON `shop`.`orders` TO" in remedies, remedies
    assert "`shop`.*" not in remedies, remedies


def test_the_printed_statements_mend_it(one_pair, sluice):
    source, destination = one_pair
    rights_of(source).create_shop(source)
    task = make_task(sluice, source, destination, (), ())
    for _ in range(8):
        finished = task.call("precheck", "--json")
        if finished.code == 0:
            break
        for item in failed_items(finished):
            server = source if item["side"] == "source" else destination
            server.execute(*statements(item["remedy"] or ""))
    assert finished.code == 0, finished
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)
