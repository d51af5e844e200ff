"""Random tables and random writers, from a seed. What they did is compared afterwards, so they may fail as they like.

engines/random_*.py know the types, shapes and statements of an engine.
"""

import random
import threading

from .engines import random_mysql, random_postgresql


def _statements(engine):
    return random_postgresql if engine == "postgresql" else random_mysql


def make_tables(rng, count, source, destination, wide=True):
    """Tables that both servers can have; of the source's engine."""
    versions = [getattr(server, "major", 0) for server in (source, destination)]
    if source.engine != "postgresql":
        return _statements(source.engine).make_tables(rng, count, wide, versions)
    return random_postgresql.make_tables(rng, count, wide, versions, foreign=destination.engine != source.engine)


def create(session, tables):
    _statements(session.engine).create(session, tables)


def fill(session, rng, tables, rows):
    """About `rows` rows in each table; rows that a key refuses are left out."""
    _statements(session.engine).fill(session, rng, tables, rows)


class Writers:
    """Threads that write random transactions until they are stopped: `with Writers(...)`."""

    def __init__(self, server, database, tables, seed, threads=2, pause=0.0):
        self._stop = threading.Event()
        self._errors = []
        self.transactions = 0
        self._pause = pause
        self._threads = [
            threading.Thread(
                target=self._run, args=(server, database, tables, random.Random(seed * 1000 + i)), daemon=True
            )
            for i in range(threads)
        ]

    def _run(self, server, database, tables, rng):
        try:
            with server.session(database) as session:
                say = _statements(session.engine)
                say.begin_writing(session)
                while not self._stop.wait(self._pause):
                    say.transaction(session, rng, tables)
                    self.transactions += 1
        except Exception as error:  # noqa: BLE001 - told by stop()
            if not self._stop.is_set():
                self._errors.append(error)

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def stop(self, forgive=False):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self._errors and not forgive:
            raise self._errors[0]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop(forgive=True)
