"""Accounts with exactly the rights that the requirements name are enough; each missing one is found and named."""

import pytest

from tests.support import compare, shop

PASSWORD = "least-Pr1vilege"
# What docs/mysql.md tells users to grant.
SOURCE_DATA = ["SELECT, SHOW VIEW ON shop.*"]
SOURCE_LOG = ["REPLICATION SLAVE, REPLICATION CLIENT ON *.*"]
DESTINATION = [
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW, TRIGGER, "
    "CREATE ROUTINE, ALTER ROUTINE, EXECUTE ON shop.*",
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES ON sluice.*",
]


def plain_tables(source):
    """Tables only: what views, triggers and routines need beyond SELECT is told by the precheck."""
    shop.create(source)
    source.execute(
        "DROP VIEW shop.a_big_orders",
        "DROP TRIGGER shop.product_stock",
        "DROP PROCEDURE shop.close_order",
        "DROP FUNCTION shop.gross",
    )


def accounts(source, destination, source_grants, destination_grants):
    source.create_account("mover", PASSWORD, *source_grants)
    if destination is not source:
        destination.create_account("mover", PASSWORD, *destination_grants)
    return {
        "source_user": "mover",
        "source_password": PASSWORD,
        "destination_user": "mover",
        "destination_password": PASSWORD,
    }


def test_named_rights_are_enough(pair, sluice):
    source, destination = pair
    plain_tables(source)
    task = sluice(
        source,
        destination,
        objects=[{"database": "shop"}],
        **accounts(source, destination, SOURCE_DATA + SOURCE_LOG, DESTINATION)
    )
    finished = task.call("precheck", "--json")
    assert finished.code == 0, finished
    with shop.Business(source) as business:
        task.start()
        task.wait_phase("incremental", seconds=120)
        business.wait_for(business.count + 50)
    task.follow_to(source, "shop", destination=destination)
    compare.assert_equal(source, "shop", destination)
    task.verify()
    assert task.terminate() == 0


def test_reload_makes_an_exact_cut(pair, sluice):
    source, destination = pair
    plain_tables(source)
    task = sluice(
        source,
        destination,
        objects=[{"database": "shop"}],
        **accounts(source, destination, SOURCE_DATA + SOURCE_LOG + ["RELOAD ON *.*"], DESTINATION)
    )
    with shop.Business(source, threads=2) as business:
        task.start()
        task.wait_phase("incremental", seconds=120)
        business.wait_for(business.count + 50)
    task.follow_to(source, "shop", destination=destination)
    compare.assert_equal(source, "shop", destination)


@pytest.mark.parametrize(
    "missing, side",
    [
        ("REPLICATION SLAVE", "source"),
        ("REPLICATION CLIENT", "source"),
        ("SELECT", "source"),
        ("INSERT", "destination"),
        ("CREATE", "destination"),
        ("ALTER", "destination"),
        ("UPDATE", "destination"),
        ("DELETE", "destination"),
        ("INDEX", "destination"),
        ("REFERENCES", "destination"),
        ("DROP", "destination"),
    ],
)
@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
def test_each_missing_right_is_named(get, sluice, kind, missing, side):
    source, destination = get.shared(kind, "source"), get.shared(kind, "destination")
    plain_tables(source)

    def without(grants):
        left = []
        for grant in grants:
            rights, _, scope = grant.partition(" ON ")
            kept = [r for r in rights.split(", ") if r != missing]
            if kept:
                left.append(", ".join(kept) + " ON " + scope)
        return left

    source_grants = SOURCE_DATA + SOURCE_LOG
    task = sluice(
        source,
        destination,
        objects=[{"database": "shop"}],
        **accounts(
            source,
            destination,
            without(source_grants) if side == "source" else source_grants,
            without(DESTINATION) if side == "destination" else DESTINATION,
        )
    )
    finished = task.call("precheck", "--json")
    assert finished.code == 3, finished
    failed = [item for item in finished.json["items"] if item["status"] == "failed"]
    assert failed, finished
    remedies = "\n".join(item["remedy"] or "" for item in failed)
    assert "GRANT" in remedies and "ALL PRIVILEGES" not in remedies and "GRANT ALL" not in remedies, remedies
    wanted = {
        "REPLICATION CLIENT": ("REPLICATION CLIENT", "BINLOG MONITOR"),
        "REPLICATION SLAVE": ("REPLICATION SLAVE",),
    }.get(missing, (missing,))
    assert any(word in remedies for word in wanted), remedies
    assert any(item["side"] == side for item in failed)
    assert task.call("run").code == 3
    assert destination.value("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema='shop'") == 0


def test_the_printed_grant_mends_it(maria_pair, sluice):
    source, destination = maria_pair
    plain_tables(source)
    task = sluice(
        source,
        destination,
        objects=[{"database": "shop"}],
        **accounts(source, destination, ["SELECT ON shop.customers"], [])
    )
    for _ in range(6):
        finished = task.call("precheck", "--json")
        if finished.code == 0:
            break
        for item in finished.json["items"]:
            if item["status"] == "failed":
                server = source if item["side"] == "source" else destination
                for statement in item["remedy"].split(";"):
                    begin = statement.find("GRANT ")
                    if begin >= 0:
                        server.execute(statement[begin:].split("\n")[0])
    assert finished.code == 0, finished
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)
