"""Five small worlds of tools, and seeded episodes in them: what `tools.state` is held to."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Call = tuple[str, dict[str, Any]]
State = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Episode:
    """A task: the tools, the tables, calls that solve it and none of which needs another, a read
    that harms nothing, and a write that is forbidden."""

    world: str
    tools: dict[str, Any]
    initial: State
    calls: list[Call]
    read: Call
    forbidden: list[dict[str, Any]]
    forbidden_call: Call


def _by_id(table: str) -> dict[str, Any]:
    return {"op": "get", "table": table, "where": {"id": "$id"}}


SHOP = {
    "get_order": _by_id("orders"),
    "ship": {
        "op": "update",
        "table": "orders",
        "where": {"id": "$id", "status": "paid"},
        "set": {"status": "shipped"},
    },
    "add_note": {
        "op": "insert",
        "table": "notes",
        "values": {"order": "$id", "text": "$text"},
        "require": [{"table": "orders", "where": {"id": "$id"}}],
    },
    "refund": {
        "op": "update",
        "table": "accounts",
        "where": {"order": "$id"},
        "set": {"balance": {"add": "$amount"}},
    },
}
AIRLINE = {
    "find_flight": _by_id("flights"),
    "book": {
        "do": [
            {
                "op": "insert",
                "table": "bookings",
                "values": {"flight": "$flight", "passenger": "$passenger"},
                "unique": ["flight", "passenger"],
            },
            {
                "op": "update",
                "table": "flights",
                "where": {"id": "$flight", "seats": {"at least": 1}},
                "set": {"seats": {"add": -1}},
            },
        ]
    },
    "cancel": {
        "op": "delete",
        "table": "bookings",
        "where": {"flight": "$flight", "passenger": "$passenger"},
    },
    "change_price": {
        "op": "update",
        "table": "prices",
        "where": {"flight": "$flight"},
        "set": {"price": "$price"},
    },
}
CALENDAR = {
    "read_day": {"op": "get", "table": "events", "where": {"day": "$day"}},
    "add_event": {
        "op": "insert",
        "table": "events",
        "values": {"day": "$day", "hour": "$hour", "title": "$title", "place": "$place?"},
        "require": [{"table": "events", "where": {"day": "$day", "hour": "$hour"}, "max": 0}],
    },
    "move_event": {
        "op": "update",
        "table": "events",
        "where": {"title": "$title"},
        "set": {"hour": "$hour"},
    },
    "delete_calendar": {"op": "delete", "table": "owners", "where": {"name": "$name"}},
}
BANK = {
    "balance": _by_id("accounts"),
    "transfer": {
        "do": [
            {
                "op": "update",
                "table": "accounts",
                "where": {"id": "$source", "balance": {"at least": "$amount"}},
                "set": {"last": "$amount"},
            },
            {
                "op": "insert",
                "table": "transfers",
                "values": {"from": "$source", "to": "$target", "amount": "$amount"},
            },
        ],
        "require": [{"table": "accounts", "where": {"id": "$target"}}],
    },
    "close": {"op": "delete", "table": "limits", "where": {"account": "$id"}},
}
TICKETS = {
    "show": _by_id("tickets"),
    "assign": {
        "op": "update",
        "table": "tickets",
        "where": {"id": "$id", "state": {"in": ["new", "open"]}},
        "set": {"owner": "$owner", "state": "open"},
    },
    "tag": {
        "op": "insert",
        "table": "tags",
        "values": {"ticket": "$id", "tag": "$tag"},
        "unique": ["ticket", "tag"],
    },
    "purge": {"op": "delete", "table": "audit", "where": {"ticket": "$id"}},
}


def _shop(rng: random.Random) -> Episode:
    ids = rng.sample(range(10, 90), 5)
    calls: list[Call] = [("ship", {"id": ids[0]}), ("add_note", {"id": ids[1], "text": "gift"})]
    calls += [("ship", {"id": ids[2]})] * rng.randint(0, 1)
    return Episode(
        "shop",
        SHOP,
        {
            "orders": [{"id": i, "status": "paid"} for i in ids],
            "notes": [],
            "accounts": [{"order": i, "balance": 0} for i in ids],
        },
        calls,
        ("get_order", {"id": ids[3]}),
        [{"table": "accounts"}],
        ("refund", {"id": ids[0], "amount": 5}),
    )


def _airline(rng: random.Random) -> Episode:
    one, two, three = rng.sample(range(100, 200), 3)
    name = rng.choice(["Ada", "Ben", "Chidi"])
    calls: list[Call] = [("book", {"flight": one, "passenger": name})]
    calls += [("cancel", {"flight": two, "passenger": name})]
    calls += [("book", {"flight": three, "passenger": name})] * rng.randint(0, 1)
    return Episode(
        "airline",
        AIRLINE,
        {
            "flights": [{"id": i, "seats": rng.randint(1, 4)} for i in (one, two, three)],
            "bookings": [{"flight": two, "passenger": name}, {"flight": two, "passenger": "Zoe"}],
            "prices": [{"flight": i, "price": 99} for i in (one, two, three)],
        },
        calls,
        ("find_flight", {"id": two}),
        [{"table": "prices"}, {"table": "bookings", "where": {"passenger": "Zoe"}}],
        rng.choice(
            [
                ("change_price", {"flight": one, "price": 1}),
                ("cancel", {"flight": two, "passenger": "Zoe"}),
            ]
        ),
    )


def _calendar(rng: random.Random) -> Episode:
    day, hours = rng.choice(["mon", "tue", "wed"]), rng.sample(range(8, 18), 4)
    calls: list[Call] = [
        ("add_event", {"day": day, "hour": hours[0], "title": "lunch", "place": "Graz"}),
        ("move_event", {"title": "review", "hour": hours[1]}),
    ]
    calls += [("add_event", {"day": day, "hour": hours[2], "title": "call"})] * rng.randint(0, 1)
    return Episode(
        "calendar",
        CALENDAR,
        {
            "events": [{"day": day, "hour": hours[3], "title": "review", "place": None}],
            "owners": [{"name": "Ada"}],
        },
        calls,
        ("read_day", {"day": day}),
        [{"table": "owners"}],
        ("delete_calendar", {"name": "Ada"}),
    )


def _bank(rng: random.Random) -> Episode:
    a, b, c, d = rng.sample(range(1000, 2000), 4)
    calls: list[Call] = [("transfer", {"source": a, "target": b, "amount": rng.randint(1, 50)})]
    calls += [("transfer", {"source": c, "target": d, "amount": rng.randint(1, 50)})]
    return Episode(
        "bank",
        BANK,
        {
            "accounts": [{"id": i, "balance": 100, "last": 0} for i in (a, b, c, d)],
            "transfers": [],
            "limits": [{"account": i, "limit": 500} for i in (a, b, c, d)],
        },
        calls,
        ("balance", {"id": a}),
        [{"table": "limits"}],
        ("close", {"id": b}),
    )


def _tickets(rng: random.Random) -> Episode:
    ids = rng.sample(range(1, 500), 4)
    calls: list[Call] = [("assign", {"id": ids[0], "owner": rng.choice(["eve", "dan"])})]
    calls += [("tag", {"id": ids[1], "tag": "billing"})]
    calls += [("tag", {"id": ids[0], "tag": "urgent"})] * rng.randint(0, 1)
    return Episode(
        "tickets",
        TICKETS,
        {
            "tickets": [{"id": i, "state": "new", "owner": None} for i in ids],
            "tags": [],
            "audit": [{"ticket": i} for i in ids],
        },
        calls,
        ("show", {"id": ids[2]}),
        [{"table": "audit"}],
        ("purge", {"id": ids[0]}),
    )


WORLDS: list[Callable[[random.Random], Episode]] = [_shop, _airline, _calendar, _bank, _tickets]


def episodes(each: int) -> list[Episode]:
    """`each` episodes of every world, the same ones every time."""
    return [world(random.Random(f"{world.__name__}/{n}")) for world in WORLDS for n in range(each)]
