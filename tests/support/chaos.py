"""One migration under random violence: SIGKILL of Sluice, of either server, cut connections, at random moments.

The bank and the shop write meanwhile. Afterwards everything must be at the destination exactly once: keyed rows,
keyless rows, money.
"""

import random
import time

from . import bank, compare, shop
from .proxy import Proxy
from .waiting import wait_until

PHASES = ("schema", "full", "incremental", "any")
VICTIMS = ("sluice", "source", "destination", "network")


def fill_keyless(server, rows):
    if server.engine == "postgresql":
        server.execute(
            "CREATE TABLE heap (a INT NULL, b VARCHAR(40), c DOUBLE PRECISION)",
            "ALTER TABLE heap REPLICA IDENTITY FULL",
            f"INSERT INTO heap SELECT i % 100, 'row ' || i % 1000, i / 7.0 FROM generate_series(1, {rows}) i",
            database="shop",
        )
        return
    with server.session("shop") as session:
        session.execute("CREATE TABLE heap (a INT NULL, b VARCHAR(40), c DOUBLE)")
        session.execute(
            "SET SESSION cte_max_recursion_depth=100000000"
            if not server.is_mariadb
            else "SET SESSION max_recursive_iterations=100000000"
        )
        session.execute(
            "INSERT INTO heap WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<%d) "
            "SELECT i %% 100, CONCAT('row ', i %% 1000), i / 7 FROM n" % rows
        )


class Chaos:
    def __init__(self, source, destination, make_sluice, seed, victims=VICTIMS, rows=60_000):
        self.rng = random.Random(seed)
        self.source, self.destination = source, destination
        self.victims = victims
        shop.create(source, orders=6000, customers=1000, products=300, visits=6000)
        bank.create(source)
        fill_keyless(source, rows)
        self.source_proxy, self.destination_proxy = Proxy(source), Proxy(destination)
        self.task = make_sluice(
            self.source_proxy,
            self.destination_proxy,
            objects=[{"database": "shop"}, {"database": "bank"}],
            limits={"readers": 2, "writers": self.rng.choice([1, 2, 4])},
        )
        self.struck = []

    def run(self, strikes=3, seconds=180):
        """Strikes `strikes` times, then lets it finish; raises with what happened if anything is wrong."""
        try:
            with bank.Transfers(self.source, threads=2, pause=0.002), shop.Business(self.source, pause=0.004):
                self.task.start()
                for _ in range(strikes):
                    self._strike()
                    self._revive()
                self._finish(seconds)
            self._finish(seconds)
            self._compare()
        except AssertionError as error:
            raise AssertionError(f"after {self.struck}: {error}") from error
        finally:
            self.task.kill()
            self.source_proxy.close()
            self.destination_proxy.close()

    def _strike(self):
        """Waits for a random moment: a phase by condition, then a random part of a second."""
        phase = self.rng.choice(PHASES)
        if phase != "any":
            order = ["", "precheck", "schema", "full", "incremental"]
            with_deadline = time.monotonic() + 20
            while time.monotonic() < with_deadline and self.task.is_running:
                status = self.task.status()
                if status and order.index(status.get("phase") or "") >= order.index(phase):
                    break
                time.sleep(0.05)  # each look is a process
        time.sleep(self.rng.random() ** 2 * 1.5)  # the random moment itself, not a wait for anything
        victim = self.rng.choice(self.victims)
        status = self.task.status() or {}
        self.struck.append(f"{victim} in {status.get('phase') or 'the beginning'}")
        if victim == "sluice":
            self.task.kill()
        elif victim == "network":
            proxy = self.rng.choice([self.source_proxy, self.destination_proxy])
            if self.rng.random() < 0.5:
                proxy.cut_one(self.rng)
            else:
                proxy.cut()
        else:
            (self.source if victim == "source" else self.destination).kill()

    def _revive(self):
        for server in (self.source, self.destination):
            if not server.is_running:
                server.start()
        if not self.task.is_running:
            # Ended by SIGKILL, or by an error that a restart mends: the same command goes on.
            self.task.start()

    def _finish(self, seconds):
        # PostgreSQL tells the position up to which everything is applied. Else a new table, not a row: independent rows
        # may overtake each other on the lanes, a schema statement is a barrier, so that everything before it has arrived
        # when it has. Only from the log: a table that is there at the cut is created beside the load.
        def is_loaded():
            self._check_alive()
            return (self.task.status() or {}).get("phase") == "incremental"

        wait_until(is_loaded, seconds, lambda: f"the end of the load\n{self.task.log_text()}", pause=0.2)
        if self.source.engine == "postgresql":
            self.task.follow_to(self.source, "bank", seconds=seconds, destination=self.destination)
            return
        marker = f"sluice_marker_{self.rng.randrange(10**15)}"
        self.source.execute(f"CREATE TABLE bank.{marker} (id BIGINT PRIMARY KEY)")

        answers = []

        def arrived():
            self._check_alive()
            try:
                answers[:] = [self.destination.value(
                    f"SELECT COUNT(*) FROM information_schema.tables WHERE table_schema='bank' AND table_name='{marker}'"
                )]
            except Exception as error:  # noqa: BLE001 - told if it never arrives
                answers[:] = [error]
            return answers == [1]

        wait_until(arrived, seconds, lambda: f"the marker {marker} ({answers})\n{self.task.log_text()}", pause=0.2)

    def _check_alive(self):
        if not self.task.is_running:
            raise AssertionError(f"`run` ended with {self.task.process.returncode}:\n{self.task.log_text()}")

    def _compare(self):
        for database in ("bank", "shop"):
            compare.assert_equal(self.source, database, self.destination)
        money = "SELECT (SELECT SUM(balance) FROM bank.north) + (SELECT SUM(balance) FROM bank.south)"
        assert self.destination.value(money) == bank.TOTAL
