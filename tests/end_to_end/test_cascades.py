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
