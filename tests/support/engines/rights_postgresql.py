"""The rights that docs/postgresql.md tells users to grant."""

from .. import shop

SOURCE_DATA = (
    "USAGE ON SCHEMA shop",
    "SELECT ON ALL TABLES IN SCHEMA shop",
    "SELECT ON ALL SEQUENCES IN SCHEMA shop",
)
_OWNER = "shop_owner"  # membership of the tables' owner
SOURCE_LOG = ("REPLICATION", "CREATE ON DATABASE app", _OWNER)
_TRIGGERS = "SET ON PARAMETER session_replication_role"
DESTINATION = ("CREATE ON DATABASE app", _TRIGGERS)
# (right, side, what one of the statements that mend it says to an account `mover`)
EACH = (
    ("USAGE ON SCHEMA shop", "source", 'GRANT USAGE ON SCHEMA "shop"'),
    ("SELECT ON ALL TABLES IN SCHEMA shop", "source", "GRANT SELECT ON"),
    ("SELECT ON ALL SEQUENCES IN SCHEMA shop", "source", "GRANT SELECT ON ALL SEQUENCES IN SCHEMA"),
    ("REPLICATION", "source", 'ALTER ROLE "mover" REPLICATION;'),
    ("CREATE ON DATABASE app", "source", 'GRANT CREATE ON DATABASE "app"'),
    (_OWNER, "source", 'GRANT "shop_owner" TO "mover";'),
    ("CREATE ON DATABASE app", "destination", 'GRANT CREATE ON DATABASE "app"'),
    (_TRIGGERS, "destination", "GRANT SET ON PARAMETER session_replication_role"),
)


def create_shop(source):
    """As applications have it: its tables belong to a role of their own."""
    shop.create(source)
    with source.session() as session:
        if not session.value("SELECT 1 FROM pg_roles WHERE rolname = %s", (_OWNER,)):
            session.execute(f"CREATE ROLE {_OWNER}")
        kinds = "relkind IN ('r', 'p')"
        tables = session.query(
            f"SELECT relname FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND {kinds} ORDER BY 1"
        )
        for (table,) in tables:
            session.execute(f"ALTER TABLE shop.{table} OWNER TO {_OWNER}")


def without(rights, missing):
    # The owner's members may read without any other right.
    also = _OWNER if missing.startswith("SELECT") else None
    return [right for right in rights if right not in (missing, also)]


def give(server, account, password, rights):
    granted = [right for right in rights if right != _OWNER]
    # Foreign keys and triggers at the destination: before 15 only a superuser may silence them.
    if _TRIGGERS in granted and server.major < 15:
        granted[granted.index(_TRIGGERS)] = "SUPERUSER"
    server.create_account(account, password, *granted)
    if _OWNER in rights:
        server.execute(f"GRANT {_OWNER} TO {account}")
