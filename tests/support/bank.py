"""Transfers between accounts in two tables: the sum over both is the same at every commit that anyone can see."""

import random
import threading
import time

import pymysql

from .waiting import wait_until

ACCOUNTS = 200
BALANCE = 1000
TOTAL = 2 * ACCOUNTS * BALANCE


def create(server, database="bank"):
    server.execute(f"CREATE DATABASE {database}")
    with server.session(database) as session:
        for table in ("north", "south"):
            session.execute(
                f"CREATE TABLE {table} (id INT PRIMARY KEY, balance BIGINT NOT NULL, moves INT NOT NULL DEFAULT 0)"
            )
            session.execute(
                f"INSERT INTO {table} (id, balance) VALUES " + ",".join(f"({i},{BALANCE})" for i in range(ACCOUNTS))
            )
        session.execute("CREATE TABLE journal (id BIGINT AUTO_INCREMENT PRIMARY KEY, giver INT, taker INT, amount INT)")
        session.execute("CREATE TABLE keyless_journal (giver INT, taker INT, amount INT)")


class Transfers:
    """Writers at the source: `with Transfers(server)`; `count` committed ones."""

    def __init__(self, server, database="bank", threads=3, seed=1, pause=0.0):
        self._server, self._database, self._pause = server, database, pause
        self._stop = threading.Event()
        self.count = 0
        self._threads = [
            threading.Thread(target=self._run, args=(random.Random(seed * 100 + i),), daemon=True)
            for i in range(threads)
        ]

    def _connect(self):
        while not self._stop.is_set():
            try:
                return self._server.connect(self._database, autocommit=False)
            except (pymysql.err.MySQLError, OSError):
                time.sleep(0.05)
        return None

    def _run(self, rng):
        connection = self._connect()
        while not self._stop.wait(self._pause):
            try:
                with connection.cursor() as cursor:
                    self._transfer(cursor, rng)
                connection.commit()
                self.count += 1
            except pymysql.err.MySQLError as error:
                if error.args[0] in (1205, 1213):
                    connection.rollback()
                else:
                    connection = self._connect()  # the server was killed under us
                    if connection is None:
                        return

    @staticmethod
    def _transfer(cursor, rng):
        amount = rng.randrange(1, 100)
        giver, taker = rng.randrange(ACCOUNTS), rng.randrange(ACCOUNTS)
        one, other = rng.choice([("north", "south"), ("south", "north"), ("north", "north")])
        cursor.execute(f"UPDATE {one} SET balance=balance-%s, moves=moves+1 WHERE id=%s", (amount, giver))
        cursor.execute(f"UPDATE {other} SET balance=balance+%s, moves=moves+1 WHERE id=%s", (amount, taker))
        cursor.execute("INSERT INTO journal (giver, taker, amount) VALUES (%s,%s,%s)", (giver, taker, amount))
        cursor.execute("INSERT INTO keyless_journal VALUES (%s,%s,%s)", (giver, taker, amount))

    def wait_for(self, count, seconds=120):
        """Until so many transactions are committed since the beginning."""
        wait_until(lambda: self.count >= count, seconds, f"{count} transactions")

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()


class Auditor:
    """Reads the destination's sums again and again, each in one snapshot; `wrong` holds what must not be seen.

    Begin it once the full load is over: during the load the tables are not yet complete.
    """

    def __init__(self, server, database="bank"):
        self._server, self._database = server, database
        self._stop = threading.Event()
        self.looks = 0
        self.wrong = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._stop.is_set():
            try:
                connection = self._server.connect(self._database, autocommit=False)
                while not self._stop.is_set():
                    self._look(connection)
            except (pymysql.err.MySQLError, OSError):
                time.sleep(0.05)

    def _look(self, connection):
        with connection.cursor() as cursor:
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
            cursor.execute(
                "SELECT (SELECT SUM(balance) FROM north) + (SELECT SUM(balance) FROM south), "
                "(SELECT SUM(moves) FROM north) + (SELECT SUM(moves) FROM south), "
                "(SELECT COUNT(*) FROM journal), (SELECT COUNT(*) FROM keyless_journal)"
            )
            total, moves, journal, keyless = (int(v or 0) for v in cursor.fetchone())
            connection.rollback()
        self.looks += 1
        if total != TOTAL or moves != 2 * journal or journal != keyless:
            self.wrong.append({"total": total, "moves": moves, "journal": journal, "keyless": keyless})

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
