"""Roles with exactly the rights that docs/postgresql.md names are enough; each missing one is found and named."""

import pytest

from tests.end_to_end.test_precheck import failed_items
from tests.support import compare, shop

PASSWORD = "least-Pr1vilege"
OBJECTS = [{"database": "shop"}]
SOURCE_DATA = (
    "USAGE ON SCHEMA shop",
    "SELECT ON ALL TABLES IN SCHEMA shop",
    "SELECT ON ALL SEQUENCES IN SCHEMA shop",
)
# `shop_owner`: membership of the tables' owner; an attribute; a right.
SOURCE_LOG = ("REPLICATION", "CREATE ON DATABASE app", "shop_owner")
DESTINATION = ("CREATE ON DATABASE app",)
TRIGGERS = "SET ON PARAMETER session_replication_role"


def create_shop(source):
    """As applications have it: its tables belong to a role of their own."""
    shop.create(source)
    with source.session() as session:
        if not session.value("SELECT 1 FROM pg_roles WHERE rolname = 'shop_owner'"):
            session.execute("CREATE ROLE shop_owner")
        kinds = "relkind IN ('r', 'p')"
        tables = session.query(
            f"SELECT relname FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND {kinds} ORDER BY 1"
        )
        for (table,) in tables:
            session.execute(f"ALTER TABLE shop.{table} OWNER TO shop_owner")


def give(server, rights):
    attributes = [right for right in rights if right != "shop_owner"]
    # Foreign keys and triggers at the destination: before 15 only a superuser may silence them.
    if TRIGGERS in attributes and server.major < 15:
        attributes[attributes.index(TRIGGERS)] = "SUPERUSER"
    server.create_account("mover", PASSWORD, *attributes)
    if "shop_owner" in rights:
        server.execute("GRANT shop_owner TO mover")


def make_task(sluice, source, destination, **options):
    return sluice(
        source,
        destination,
        source_user="mover",
        source_password=PASSWORD,
        destination_user="mover",
        destination_password=PASSWORD,
        objects=OBJECTS,
        **options,
    )


@pytest.mark.parametrize("kinds", [("pg15", "pg15"), ("pg10", "pg18"), ("pg18", "pg10")], ids=lambda one: "-".join(one))
def test_named_rights_are_enough(get, sluice, kinds):
    source, destination = get.shared(kinds[0], "source"), get.shared(kinds[1], "destination")
    source.features = min(source.major, destination.major)
    create_shop(source)
    give(source, SOURCE_DATA + SOURCE_LOG)
    give(destination, (*DESTINATION, TRIGGERS))
    task = make_task(sluice, source, destination)
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
    compare.assert_equal(source, "shop", destination)
    assert destination.value("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") > 0, finished
    task.call("release", check=0)
    assert not source.query("SELECT 1 FROM pg_replication_slots") and not source.query("SELECT 1 FROM pg_publication")


def test_the_full_load_alone_needs_less(get, sluice):
    source, destination = get.shared("pg15", "source"), get.shared("pg15", "destination")
    create_shop(source)
    give(source, SOURCE_DATA)
    give(destination, (*DESTINATION, TRIGGERS))
    make_task(sluice, source, destination, types=["schema", "full"]).run()
    compare.assert_equal(source, "shop", destination)


@pytest.mark.parametrize(
    "missing, side, words",
    [
        ("USAGE ON SCHEMA shop", "source", 'GRANT USAGE ON SCHEMA "shop"'),
        ("SELECT ON ALL TABLES IN SCHEMA shop", "source", "GRANT SELECT ON"),
        ("SELECT ON ALL SEQUENCES IN SCHEMA shop", "source", "GRANT SELECT ON ALL SEQUENCES IN SCHEMA"),
        ("REPLICATION", "source", 'ALTER ROLE "mover" REPLICATION;'),
        ("CREATE ON DATABASE app", "source", 'GRANT CREATE ON DATABASE "app"'),
        ("shop_owner", "source", 'GRANT "shop_owner" TO "mover";'),
        ("CREATE ON DATABASE app", "destination", 'GRANT CREATE ON DATABASE "app"'),
        (TRIGGERS, "destination", "GRANT SET ON PARAMETER session_replication_role"),
    ],
    ids=lambda value: value.replace(" ", "_") if " " in value or value.isupper() else value,
)
def test_each_missing_right_is_named(get, sluice, missing, side, words):
    source, destination = get.shared("pg15", "source"), get.shared("pg15", "destination")
    create_shop(source)
    rights = {"source": SOURCE_DATA + SOURCE_LOG, "destination": (*DESTINATION, TRIGGERS)}
    rights[side] = tuple(right for right in rights[side] if right != missing)
    if missing.startswith("SELECT"):  # the owner's members may read
        rights[side] = tuple(right for right in rights[side] if right != "shop_owner")
    give(source, rights["source"])
    give(destination, rights["destination"])
    task = make_task(sluice, source, destination)
    failed = failed_items(task.call("precheck", "--json"))
    assert all(item["side"] == side for item in failed), failed
    remedies = "\n".join(item["remedy"] for item in failed)
    assert words in remedies and "SUPERUSER" not in remedies and "GRANT ALL" not in remedies, failed
    task.run(check=3)
    assert not destination.databases()


def test_the_printed_statements_mend_it(get, sluice):
    source, destination = get.shared("pg15", "source"), get.shared("pg15", "destination")
    create_shop(source)
    give(source, ())
    give(destination, ())
    task = make_task(sluice, source, destination)
    for _ in range(8):
        finished = task.call("precheck", "--json")
        if finished.code == 0:
            break
        for item in failed_items(finished):
            server = source if item["side"] == "source" else destination
            for statement in item["remedy"].split(";"):
                begin = max(statement.find("GRANT "), statement.find("ALTER ROLE "))
                if begin >= 0:
                    server.execute(statement[begin:].split("\n")[0])
    assert finished.code == 0, finished
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)
