"""TRUNCATE in PostgreSQL's log: it empties at the destination what it emptied at the source, and nothing more."""


TABLES = (
    "CREATE SCHEMA shop",
    "CREATE TABLE shop.parent (id integer PRIMARY KEY, v text)",
    "CREATE TABLE shop.child (id integer PRIMARY KEY, parent integer REFERENCES shop.parent)",
    "CREATE TABLE shop.kept (id integer PRIMARY KEY)",
    "CREATE TABLE shop.parts (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id)",
    "CREATE TABLE shop.parts_1 PARTITION OF shop.parts FOR VALUES FROM (0) TO (100)",
    "CREATE TABLE shop.parts_2 PARTITION OF shop.parts FOR VALUES FROM (100) TO (200)",
    "INSERT INTO shop.parent SELECT i, 'p' FROM generate_series(1, 5) i",
    "INSERT INTO shop.child SELECT i, i FROM generate_series(1, 5) i",
    "INSERT INTO shop.kept SELECT generate_series(1, 5)",
    "INSERT INTO shop.parts SELECT i, 'x' FROM generate_series(50, 149) i",
)
COUNTS = (
    "SELECT (SELECT count(*) FROM {0}.parent), (SELECT count(*) FROM {0}.child), (SELECT count(*) FROM {0}.kept), "
    "(SELECT count(*) FROM {0}.parts)"
)


def test_only_what_was_emptied_is_emptied(get, sluice):
    source, destination = get.own("pg15"), get.shared("pg18", "destination")
    source.execute(*TABLES)
    task = sluice(source, destination, objects=[{"database": "shop", "rename": "shop_new"}])
    task.run_until_caught_up()
    assert destination.query(COUNTS.format("shop_new")) == [(5, 5, 5, 100)]
    source.execute("TRUNCATE shop.parts_1")
    task.run_until_caught_up()
    assert destination.query(COUNTS.format("shop_new")) == [(5, 5, 5, 50)], "a partition is not its table"
    source.execute("TRUNCATE shop.parent CASCADE", "INSERT INTO shop.parent VALUES (7, 'after')")
    task.run_until_caught_up()
    assert destination.query(COUNTS.format("shop_new")) == source.query(COUNTS.format("shop")) == [(1, 0, 5, 50)]
    source.execute("TRUNCATE shop.parts")
    task.run_until_caught_up()
    assert destination.query(COUNTS.format("shop_new")) == [(1, 0, 5, 0)]
