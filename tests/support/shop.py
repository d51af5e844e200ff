"""A small shop: foreign keys, a view on a view, a trigger, routines, generated columns, a CHECK, partitions."""

import random

from .engines import shop_mysql, shop_postgresql
from .writers import Writers

STATES = ("new", "paid", "sent", "closed")


def _statements(engine):
    return shop_postgresql if engine == "postgresql" else shop_mysql


def create(server, database="shop", customers=50, products=30, orders=200, visits=100, seed=1):
    """Makes and fills it; the trigger is in force from the start."""
    rng = random.Random(seed)
    say = _statements(server.engine)
    server.make_database(database)
    with server.session(database) as session:
        for statement in say.tables(server):
            session.execute(statement)
        session.executemany(
            "INSERT INTO customers (email, name, born, tier, flags, settings) VALUES (%s,%s,%s,%s,%s,%s)",
            [
                (
                    f"c{i}@example.com",
                    f"Customer {i} Grüße 😀",
                    f"{1940 + i % 70}-0{1 + i % 9}-1{i % 9}",
                    ("plain", "silver", "gold")[i % 3],
                    say.flags(((), ("news",), ("news", "sms"))[i % 3]),
                    '{"size": %d, "tags": ["a", "ü"]}' % i if i % 4 else None,
                )
                for i in range(1, customers + 1)
            ],
        )
        session.executemany(
            say.PRODUCT,
            [
                (
                    f"SKU{i:09}",
                    f"Thing\t{i}\\",
                    f"{rng.randrange(1, 20000) / 100:.2f}",
                    rng.random() * 10,
                    rng.randbytes(50),
                    rng.random() * 180,
                    rng.random() * 90,
                    1000,
                )
                for i in range(1, products + 1)
            ],
        )
        session.executemany(
            "INSERT INTO orders (id, customer_id, state, note, ordered) VALUES (%s,%s,%s,%s,%s)",
            [
                (
                    i,
                    rng.randint(1, customers),
                    rng.choice(STATES),
                    f"line one\nline two {i}" if i % 3 else None,
                    f"2024-0{1 + i % 9}-1{i % 9} 10:20:30.{i % 10 ** 6:06}",
                )
                for i in range(1, orders + 1)
            ],
        )
        session.executemany(
            "INSERT INTO order_lines VALUES (%s,%s,%s,%s)",
            [
                (i, line, rng.randint(1, products), rng.randint(1, 9))
                for i in range(1, orders + 1)
                for line in range(1, 2 + i % 4)
            ],
        )
        session.executemany(
            "INSERT INTO visits VALUES (%s,%s,%s)",
            [("2024-05-01 10:00:00", rng.randbytes(4), f"/p/{i % 7}") for i in range(visits)],
        )
        session.executemany(
            "INSERT INTO measures VALUES (%s,%s,%s)", [(i, f"{2018 + i % 9}-01-01", rng.random()) for i in range(100)]
        )
        for statement in say.objects(server):
            session.execute(statement)


def delete_a_visit(session):
    _statements(session.engine).delete_a_visit(session)


def _some(session, rng, table):
    """The key of a random row, found by key; None when the table is empty."""
    low, high = session.query(f"SELECT MIN(id), MAX(id) FROM {table}")[0]
    if low is None:
        return None
    return session.value(f"SELECT MIN(id) FROM {table} WHERE id >= %s", (rng.randint(low, high),))


def write_once(session, rng):
    """One transaction of everyday business, keys of every table touched."""
    say = _statements(session.engine)
    dice = rng.random()
    customer = _some(session, rng, "customers")
    if dice < 0.4 and customer:
        order = say.insert_order(session, customer, f"note {rng.random()}")
        for line in range(1, rng.randint(2, 4)):
            product = _some(session, rng, "products")
            session.execute("INSERT INTO order_lines VALUES (%s,%s,%s,%s)", (order, line, product, rng.randint(1, 5)))
            session.execute("UPDATE products SET stock=stock-1 WHERE id=%s", (product,))
    elif dice < 0.6:
        session.execute("UPDATE orders SET state=%s WHERE id=%s", (rng.choice(STATES), _some(session, rng, "orders")))
    elif dice < 0.7:
        session.execute(
            "INSERT INTO customers (email, name) VALUES (%s,%s)", (f"n{rng.randrange(10 ** 12)}@example.com", "New")
        )
    elif dice < 0.75 and customer:
        session.execute("DELETE FROM customers WHERE id=%s", (customer,))  # cascades to orders and lines
    elif dice < 0.78 and customer:
        session.execute("UPDATE customers SET id=id+1000000 WHERE id=%s AND id<1000000", (customer,))  # cascades too
    elif dice < 0.9:
        session.execute("INSERT INTO visits VALUES (NOW(), %s, '/new')", (rng.randbytes(16),))
    elif dice < 0.95:
        say.delete_a_visit(session)
    else:
        say.put_measure(session, (rng.randrange(100), f"{rng.randrange(2015, 2030)}-01-01", rng.random()))


class Business(Writers):
    """Keeps writing to the shop: `with Business(server)`."""

    def __init__(self, server, database="shop", seed=1, pause=0.002, threads=1):
        super().__init__(server, database, write_once, range(seed, seed + threads), pause)
