"""Servers in other time zones than each other and than this machine: an instant stays an instant, a wall clock its
digits, in the hours that a change of clocks repeats or leaves out too."""

import pytest

from tests.support import compare

BERLIN, NEW_YORK, KATHMANDU = "Europe/Berlin", "America/New_York", "Asia/Kathmandu"
MOMENTS = [
    "1970-01-02 00:00:01",
    "2023-03-26 00:59:59",  # the clocks of Berlin go from 2 to 3
    "2023-03-26 01:00:00",
    "2023-10-29 00:30:00",  # it is half past two in Berlin
    "2023-10-29 01:30:00",  # and again
    "2023-11-05 05:30:00",  # the same in New York
    "2023-11-05 06:30:00",
    "2038-01-19 03:14:06",
]


def server(get, kind, zone):
    if kind.startswith("pg"):
        return get.own(kind, extra=[f"timezone={zone}"])
    return get.own(kind, environment={"TZ": zone})


def insert(source, first):
    """The session is in UTC (see connect())."""
    with source.session("d") as session:
        for number, moment in enumerate(MOMENTS, first):
            session.execute(f"INSERT INTO moments VALUES ({number}, '{moment}', '{moment}', '{moment[11:]}')")


@pytest.mark.parametrize(
    "kinds",
    [("mariadb", "mysql"), ("mysql", "mariadb"), ("mysql", "pg15"), ("pg15", "mariadb"), ("pg15", "pg15")],
    ids="-".join,
)
def test_zones_of_servers(get, sluice, kinds):
    source = server(get, kinds[0], BERLIN)
    destination = server(get, kinds[1], KATHMANDU if kinds[1] == "mysql" else NEW_YORK)
    source.make_database("d")
    instant, wall = ("timestamptz", "timestamp") if source.engine == "postgresql" else ("TIMESTAMP", "DATETIME")
    source.execute(
        f"CREATE TABLE moments (id INT PRIMARY KEY, at {instant} NULL, wall {wall}, clock TIME)", database="d"
    )
    insert(source, 1)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)
    insert(source, 101)
    source.execute("UPDATE moments SET at = wall WHERE id = 4", "UPDATE moments SET wall = at WHERE id = 5", database="d")
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)
    task.verify()
