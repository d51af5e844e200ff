"""Threads that write to a source while it is moved."""

import random
import threading

from .waiting import wait_until


class Writers:
    """`with Writers(...)`; `count` committed transactions. `write(session, rng)` is one of them, without its end.

    `pause` in seconds between transactions. Connects again when the server was killed.
    """

    def __init__(self, server, database, write, seeds, pause):
        self._server, self._database, self._write, self._pause = server, database, write, pause
        self._stop = threading.Event()
        self.count = 0
        self._threads = [threading.Thread(target=self._run, args=(random.Random(seed),), daemon=True) for seed in seeds]

    def _run(self, rng):
        session = None
        while not self._stop.wait(self._pause):
            try:
                if session is None:
                    session = self._server.make_session(self._server.connect(self._database, autocommit=False))
                self._write(session, rng)
                session.commit()
                self.count += 1
            except (*self._server.errors, OSError) as error:
                if session is None or not self._rolled_back(session, error):
                    session = None
                    self._stop.wait(0.05)

    def _rolled_back(self, session, error):
        """Whether the session goes on after a refused statement."""
        if not self._server.is_refusal(error):
            return False
        try:
            session.rollback()
            return True
        except (*self._server.errors, OSError):
            return False

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
