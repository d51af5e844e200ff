"""The rights that docs/mysql.md tells users to grant."""

from .. import shop

SOURCE_DATA = ("SELECT, SHOW VIEW ON shop.*",)
SOURCE_LOG = ("REPLICATION SLAVE, REPLICATION CLIENT ON *.*",)
DESTINATION = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW, TRIGGER, "
    "CREATE ROUTINE, ALTER ROUTINE, EXECUTE ON shop.*",
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES ON sluice.*",
)
# (right, side, what one of the statements that mend it says)
EACH = (
    ("REPLICATION SLAVE", "source", "REPLICATION SLAVE"),
    ("REPLICATION CLIENT", "source", ("REPLICATION CLIENT", "BINLOG MONITOR")),
    ("SELECT", "source", "SELECT"),
    *((right, "destination", right) for right in ("INSERT", "CREATE", "ALTER", "UPDATE", "DELETE", "INDEX", "REFERENCES", "DROP")),
)


def create_shop(source):
    """Tables only: what views, triggers and routines need beyond SELECT is told by the precheck."""
    shop.create(source)
    source.execute(
        "DROP VIEW shop.a_big_orders",
        "DROP TRIGGER shop.product_stock",
        "DROP PROCEDURE shop.close_order",
        "DROP FUNCTION shop.gross",
    )


def without(rights, missing):
    left = []
    for grant in rights:
        several, _, scope = grant.partition(" ON ")
        kept = [right for right in several.split(", ") if right != missing]
        if kept:
            left.append(", ".join(kept) + " ON " + scope)
    return left


def give(server, account, password, rights):
    server.create_account(account, password, *rights)
