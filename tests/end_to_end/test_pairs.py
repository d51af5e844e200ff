"""One migration of a small shop for each pair of servers: schema, full load, changes, verify."""

from tests.support import compare, shop
from tests.support.waiting import wait_until

OBJECTS = [{"database": "shop"}]


def routines(server, database):
    return sorted(
        server.query(
            "SELECT routine_name, routine_type, security_type FROM information_schema.routines "
            "WHERE routine_schema=%s",
            (database,),
        )
    )


def test_schema_and_rows(any_pair, sluice):
    source, destination = any_pair
    shop.create(source)
    task = sluice(source, destination, types=["schema", "full"], objects=OBJECTS)
    task.run()
    compare.assert_equal(source, "shop", destination)
    assert compare.shape(source, "shop") == compare.shape(destination, "shop")
    assert compare.tables(destination, "shop", "VIEW") == ["a_big_orders", "z_order_totals"]
    if source.engine == "mysql":  # of PostgreSQL the shape has them
        assert routines(destination, "shop") == [
            ("close_order", "PROCEDURE", "INVOKER"),
            ("gross", "FUNCTION", "INVOKER"),
        ]
    assert destination.value("SELECT COUNT(*) FROM shop.a_big_orders") == source.value(
        "SELECT COUNT(*) FROM shop.a_big_orders"
    )
    # Without changes to follow, triggers come after the load; nothing fired on the way.
    assert destination.value("SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema='shop'") == 1
    task.verify()
    # The source is never altered.
    assert source.databases() == ["shop"]


def test_changes_are_followed(any_pair, sluice):
    source, destination = any_pair
    shop.create(source)
    task = sluice(source, destination, objects=OBJECTS)
    with shop.Business(source, threads=2) as business:
        task.start()
        task.wait_phase("incremental", seconds=120)
        seen = business.count
        task.wait_status(lambda _: business.count > seen + 100, 60, "more business")
    task.wait_caught_up()
    task.follow_to(source, "shop", destination=destination)
    compare.assert_equal(source, "shop", destination)
    # A trigger at the destination would have doubled what the log brings.
    assert destination.value("SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema='shop'") == 0
    task.verify()
    assert task.terminate() == 0


def test_until_caught_up_can_be_repeated(any_pair, sluice):
    source, destination = any_pair
    shop.create(source)
    task = sluice(source, destination, objects=OBJECTS)
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)
    with shop.Business(source) as business:
        business.wait_for(100)
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)


def test_between_engines_under_other_names(cross_pair, sluice):
    source, destination = cross_pair
    shop.create(source, orders=2000)
    group = "schema" if source.engine == "postgresql" else "database"
    task = sluice(source, destination, objects=[{group: "shop", "rename": "store"}],
                  mapping=[{"kind": "table", "in": "shop.orders", "suffix": "_v2"}])  # fmt: skip
    with shop.Business(source) as business:
        task.start()
        task.wait_caught_up()
        seen = business.count
        business.wait_for(seen + 300)
    number = source.value("SELECT COUNT(*) FROM shop.orders")
    wait_until(lambda: destination.value("SELECT COUNT(*) FROM store.orders_v2") == number, 60, "the last orders")
    assert task.terminate() == 0
    task.run_until_caught_up()
    task.verify()
