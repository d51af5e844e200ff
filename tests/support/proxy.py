"""A TCP proxy on this machine that can misbehave: refuse, black-hole, close, delay, slice, throttle."""

import contextlib
import random
import select
import socket
import threading
import time


class Proxy:
    """Listens on a free port and hands everything to `server`. `host` and `port` are what a task file names.

    Settings hold from the next bytes on: set them at any time.
    """

    def __init__(self, server):
        self._target = (server.host, server.port)
        self.engine = server.engine
        self.host = "127.0.0.1"
        self._listener = socket.create_server((self.host, 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.black_hole = False  # bytes are swallowed, connections stay; one that lost some stays silent for good
        self.losing = False  # bytes are swallowed, connections go on without them: a faulty relay, no network
        self.delay_seconds = 0.0  # before each piece is handed on
        self.slice_bytes = 0  # pieces of at most this size
        self.bytes_per_second = 0  # per direction and connection
        self.refusing = False  # new connections are closed at once
        self.close_after_bytes = 0  # each connection is closed after so many bytes towards the client
        self.corrupt = None  # callable(bytes, direction) -> bytes: a server that lies
        self.lost = bytearray()  # what was swallowed
        self.connections = 0
        self._open = set()
        self._lock = threading.Lock()
        self._closing = False
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def _accept(self):
        while not self._closing:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refusing:
                self._reset(client)
                continue
            try:
                server = socket.create_connection(self._target, timeout=10)
                server.settimeout(None)
            except OSError:
                self._reset(client)
                continue
            self.connections += 1
            pair = (client, server)
            with self._lock:
                self._open.add(pair)
            threading.Thread(target=self._pump, args=(pair,), daemon=True).start()

    @staticmethod
    def _reset(connection):
        with contextlib.suppress(OSError):  # SO_LINGER 0: the peer sees a reset
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()

    def _pump(self, pair):
        client, server = pair
        to_client = 0
        silent = False
        try:
            while True:
                ready, _, _ = select.select([client, server], [], [], 1.0)
                for one in ready:
                    data = one.recv(65536)
                    if not data:
                        return
                    silent = silent or self.black_hole
                    if silent or self.losing:
                        self.lost += data
                        continue
                    if self.corrupt:
                        data = self.corrupt(data, "to server" if one is client else "to client")
                    self._send(server if one is client else client, data)
                    if one is server:
                        to_client += len(data)
                        if self.close_after_bytes and to_client >= self.close_after_bytes:
                            return
                if self._closing:
                    return
        except (OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._open.discard(pair)
            self._reset(client)
            self._reset(server)

    def _send(self, target, data):
        if not data:
            return
        size = self.slice_bytes or len(data)
        for begin in range(0, len(data), size):
            piece = data[begin : begin + size]
            if self.delay_seconds:
                time.sleep(self.delay_seconds)
            if self.bytes_per_second:
                time.sleep(len(piece) / self.bytes_per_second)
            target.sendall(piece)

    def cut(self):
        """Resets every open connection."""
        with self._lock:
            pairs = list(self._open)
        for client, server in pairs:
            for one in (client, server):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def cut_one(self, rng=random):
        with self._lock:
            pairs = list(self._open)
        if pairs:
            for one in rng.choice(pairs):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def retarget(self, server):
        self._target = (server.host, server.port)

    def close(self):
        self._closing = True
        self._listener.close()
        self.cut()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
