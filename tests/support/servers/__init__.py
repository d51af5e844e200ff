"""Real database servers for tests, one file for each kind: MySQL and MariaDB, PostgreSQL.

Each server has its own data directory, socket and free port, and dies with this process. SIGKILL of a server loses
nothing: what a commit wrote is in the operating system's cache (their settings), which is all that such tests need.
"""

from . import mysql, postgresql
from .base import ADMIN_PASSWORD, Server, ServerFailed, ServerUnavailable, Session, die_with_parent, free_port
from .park import Park, require

# What ./test runs; the versions between them are for the soak.
KINDS = mysql.KINDS + postgresql.KINDS
SOAK_KINDS = KINDS + postgresql.SOAK_KINDS

__all__ = [
    "ADMIN_PASSWORD",
    "KINDS",
    "Park",
    "SOAK_KINDS",
    "Server",
    "ServerFailed",
    "ServerUnavailable",
    "Session",
    "die_with_parent",
    "free_port",
    "mysql",
    "postgresql",
    "require",
]
