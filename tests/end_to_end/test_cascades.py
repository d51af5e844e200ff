"""What foreign keys do at the source, they have done at the destination: some servers log it, others do not."""

import pytest

from tests.support import compare

TABLES = [
    "CREATE TABLE parent (id INT PRIMARY KEY, u INT NULL UNIQUE, v INT)",
    "CREATE TABLE child (id INT PRIMARY KEY, p INT NULL, KEY (p), CONSTRAINT f_child FOREIGN KEY (p) REFERENCES parent (id) "
    "ON DELETE CASCADE ON UPDATE CASCADE)",
    "CREATE TABLE grandchild (id INT PRIMARY KEY, c INT NULL, KEY (c), CONSTRAINT f_grand FOREIGN KEY (c) REFERENCES child "
    "(id) ON DELETE SET NULL ON UPDATE CASCADE)",
    "CREATE TABLE tree (id INT PRIMARY KEY, up INT NULL, KEY (up), CONSTRAINT f_tree FOREIGN KEY (up) REFERENCES tree (id) "
    "ON DELETE CASCADE)",
]
CHANGES = [
    "REPLACE INTO parent VALUES (1, 10, 2)",  # the same key: MySQL from 9.6 on leaves the children, others do not
    "UPDATE child SET p=p WHERE p=1",
    "REPLACE INTO parent VALUES (200, 20, 1)",  # takes row 2 away by its unique value
    "DELETE FROM parent WHERE id IN (3, 4)",
    "UPDATE parent SET id=500 WHERE id=5",
    "UPDATE child SET id=id+1000 WHERE p=6",
    "DELETE FROM child WHERE p=7",
    "INSERT INTO parent VALUES (8, 80, 9) ON DUPLICATE KEY UPDATE id=800",
    "DELETE FROM tree WHERE id=1",
    "UPDATE parent SET v=v+1",
]


@pytest.mark.parametrize("together", [True, False], ids=["one transaction", "a transaction each"])
def test_cascades_arrive(pair, sluice, together):
    source, destination = pair
    source.execute("CREATE DATABASE fk")
    source.execute(
        *TABLES,
        "INSERT INTO parent VALUES " + ",".join(f"({i},{i * 10},0)" for i in range(1, 21)),
        "INSERT INTO child VALUES " + ",".join(f"({i},{1 + i % 20})" for i in range(1, 101)),
        "INSERT INTO grandchild VALUES " + ",".join(f"({i},{1 + i % 100})" for i in range(1, 301)),
        "INSERT INTO tree VALUES (1,NULL),(2,1),(3,2),(4,NULL),(5,4)",
        database="fk",
    )
    task = sluice(source, destination, objects=[{"database": "fk"}])
    task.run_until_caught_up()
    with source.session("fk") as session:
        session.execute("SET SESSION sql_mode=''")
        if together:
            session.execute("START TRANSACTION")
        for change in CHANGES:
            session.execute(change)
        session.execute("COMMIT")
    task.run_until_caught_up()
    compare.assert_equal(source, "fk", destination)
    task.verify()


def test_cascades_into_tables_whose_changes_are_left_out(pair, sluice):
    """What a foreign key of the source does to a row belongs to the change that it follows from, whether it is logged (MySQL
    from 9.6 on) or the destination's own keys do it: rows must not refer to nothing."""
    source, destination = pair
    source.execute("CREATE DATABASE fk")
    source.execute(
        *TABLES[:3],
        "CREATE TABLE emptied (id INT PRIMARY KEY, p INT NULL, KEY (p), CONSTRAINT f_emptied FOREIGN KEY (p) REFERENCES "
        "parent (id) ON DELETE SET NULL ON UPDATE CASCADE)",
        "INSERT INTO parent VALUES " + ",".join(f"({i},{i * 10},0)" for i in range(1, 21)),
        "INSERT INTO child VALUES " + ",".join(f"({i},{1 + i % 20})" for i in range(1, 101)),
        "INSERT INTO grandchild VALUES " + ",".join(f"({i},{1 + i % 100})" for i in range(1, 301)),
        "INSERT INTO emptied VALUES " + ",".join(f"({i},{1 + i % 20})" for i in range(1, 101)),
        database="fk",
    )
    tables = [{"table": "parent"}] + [
        {"table": name, "operations": {"dml": ["insert"]}} for name in ("child", "grandchild", "emptied")
    ]
    task = sluice(source, destination, objects=[{"database": "fk", "tables": tables}])
    task.run_until_caught_up()
    source.execute("DELETE FROM parent WHERE id IN (3, 4)", "UPDATE parent SET id=500 WHERE id=5", database="fk")
    source.execute("INSERT INTO child VALUES (1000, 500)", database="fk")
    source.execute("DELETE FROM child WHERE id=7", "UPDATE emptied SET p=1 WHERE id=8", database="fk")  # these are left out
    task.run_until_caught_up()
    assert destination.value("SELECT COUNT(*) FROM fk.child WHERE id=7") == 1
    destination.execute("DELETE FROM fk.child WHERE id=7")
    destination.execute("UPDATE fk.emptied SET p=1 WHERE id=8")
    compare.assert_equal(source, "fk", destination)


FAMILY = [
    "CREATE TABLE fk.p (id INT PRIMARY KEY, u INT NOT NULL, UNIQUE KEY (u))",
    "CREATE TABLE fk.c (id INT PRIMARY KEY, p INT, CONSTRAINT f FOREIGN KEY (p) REFERENCES fk.p (u) ON DELETE CASCADE)",
]


def cascades(task):
    """The item of the precheck, if it fails."""
    items = [item for item in task.call("precheck", "--json").json["items"] if item["id"].endswith(".cascades")]
    assert all(item["status"] == "failed" for item in items), items
    return items[0]["object"] if items else ""


@pytest.mark.parametrize("to", ["mariadb", "pg15"])
@pytest.mark.parametrize("table, column", [("c", "p"), ("p", "u")])
def test_a_cascade_over_a_column_that_is_left_out_is_refused(get, sluice, to, table, column):
    source, destination = get.shared("mariadb", "source"), get.shared(to, "destination")
    source.execute("CREATE DATABASE fk", *FAMILY)
    tables = [{"table": name} | ({"columns": {"exclude": [column]}} if name == table else {}) for name in ("p", "c")]
    objects = [{"database": "fk", "tables": tables}]
    assert "fk.c.f" in cascades(sluice(source, destination, objects=objects))
    assert not cascades(sluice(source, destination, objects=objects, types=["schema", "full"], name="once"))


@pytest.mark.parametrize("to", ["mariadb", "pg15"])
def test_own_tables_need_the_cascades_of_the_source(get, sluice, to):
    source, destination = get.shared("mariadb", "source"), get.shared(to, "destination")
    source.execute("CREATE DATABASE fk", *FAMILY)
    destination.make_database("fk")
    destination.execute(FAMILY[0].replace("UNIQUE KEY", "UNIQUE"), "CREATE TABLE fk.c (id INT PRIMARY KEY, p INT)")
    task = sluice(source, destination, objects=[{"database": "fk"}], types=["full", "incremental"])
    assert "fk.c.f" in cascades(task)
    key = "ALTER TABLE fk.c ADD CONSTRAINT other FOREIGN KEY (p) REFERENCES fk.p (u)"
    destination.execute(f"{key} ON DELETE SET NULL")
    assert "fk.c.f" in cascades(task)
    destination.execute("ALTER TABLE fk.c DROP " + ("CONSTRAINT other" if to == "pg15" else "FOREIGN KEY other"))
    destination.execute(f"{key} ON DELETE CASCADE")
    assert not cascades(task)
    source.execute("INSERT INTO fk.p VALUES (1, 1), (2, 2)", "INSERT INTO fk.c VALUES (1, 1), (2, 2)")
    task.run_until_caught_up()
    source.execute("DELETE FROM fk.p WHERE id = 1")
    task.run_until_caught_up()
    assert [row[0] for row in destination.query("SELECT id FROM fk.c")] == [2]


def test_a_cascade_over_a_generated_column_that_cannot_be_is_refused(get, sluice):
    source, destination = get.shared("mariadb", "source"), get.shared("pg15", "destination")
    source.execute(
        "CREATE DATABASE fk", FAMILY[0], "CREATE TABLE fk.c (id INT PRIMARY KEY, a INT, g INT AS (a DIV 1) STORED, h INT AS "
        "(a + 0) STORED, CONSTRAINT f FOREIGN KEY (g) REFERENCES fk.p (u) ON DELETE CASCADE, CONSTRAINT k FOREIGN KEY (h) "
        "REFERENCES fk.p (u) ON DELETE CASCADE)",
    )  # fmt: skip
    assert cascades(sluice(source, destination, objects=[{"database": "fk"}])) == "foreign key fk.c.f"
