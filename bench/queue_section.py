"""The officer's queue at the size of a city: 20,000 patches and their cases over 500,000 parcels and 260,000 users,
and the same on a tenth of the land, on both databases.

Parcels and patches go in through the program's own imports; users, and what people have done with the cases since,
straight into the database.
"""

import datetime
import http.client
import json
import sqlite3
import statistics
import time
import urllib.parse
from contextlib import closing, contextmanager

import generate
from measure import GENGWEI, WORK, Failed, demo_environment, free_port, postgres, run, serving

PASSWORD = "耕地保护人人有责二〇二六"
# Whose queue: the unit, and how it is called.
PLACES = [("city", "640500000000", "the city"), ("county", "640502000000", "a county"),
          ("township", "640502100000", "a township")]
TIMES = 20  # requests of each kind, one after the other over one connection

USERS = """
insert into people (id, name, shows_name, created_at)
  with recursive numbers(i) as (select 1 union all select i + 1 from numbers where i < {users})
  select 'person-' || i, '网格员' || i, false, 0 from numbers;
insert into appointments (id, person_id, unit, role, starts, source, recorded_at, recorded_by)
  with recursive numbers(i) as (select 1 union all select i + 1 from numbers where i < {users}),
    villages as (select code, row_number() over (order by code) - 1 as n from regions where level = 5)
  select 'term-' || i, 'person-' || i, v.code, 'grid_worker', '2026-01-01', 'bench', 0, 'bench'
  from numbers join villages v on v.n = i % (select count(*) from villages);
insert into accounts (id, login, name, person_id, password, created_at)
  select 'account-' || p.id, p.id, p.name, p.id, a.password, 0
  from people p, (select password from accounts limit 1) a where p.id like 'person-%';
"""

# What a year's work leaves: most cases are closed, the others are everywhere in the workflow.
WORKED = """
create table bench_days (due bigint primary key, day text not null);
insert into bench_days values {days};
update cases set state = case
    when n % 100 < 55 then 'closed' when n % 100 < 65 then 'opened' when n % 100 < 73 then 'accepted'
    when n % 100 < 81 then 'suspected' when n % 100 < 86 then 'refuted' when n % 100 < 89 then 'verified'
    when n % 100 < 91 then 'determined' when n % 100 < 97 then 'rectifying' when n % 100 < 98 then 'rectified'
    when n % 100 < 99 then 'checked' when n % 200 = 99 then 'enforcing' else 'suspended' end,
  source = case when n % 23 = 0 then 'patrol' when n % 37 = 0 then 'imagery_enforcement'
    when n % 101 = 0 then 'report' else source end,
  permanent = n % 7 = 0, due_at = {first} + (n % {span}) * 86400000000, sent_version = version
  from (select id, row_number() over (order by id) * 7919 as n from cases) r where r.id = cases.id;
update cases set due_at = null where state in ('closed', 'suspended');
update cases set holder = case
    when state = 'opened' then village when state in ('refuted', 'verified', 'determined', 'checked', 'enforcing')
    then county else township end;
delete from tallies where name like 'case.%';
insert into tallies (unit, name, value, n)
with places as (
    select id, city as unit, state, source, kind, permanent, due_at from cases
    union select id, county, state, source, kind, permanent, due_at from cases
    union select id, township, state, source, kind, permanent, due_at from cases
    union select id, village, state, source, kind, permanent, due_at from cases
    union select id, unit, state, source, kind, permanent, due_at from cases
), counted as (
    select unit, 'case.state' as name, state as value from places
    union all select unit, 'case.source', source from places where state <> 'closed'
    union all select unit, 'case.kind', kind from places where state <> 'closed'
    union all select unit, 'case.due', d.day from places p join bench_days d on d.due = p.due_at
    union all select unit, 'case.permanent', 'true' from places where state <> 'closed' and permanent
    union all select holder, 'case.turn', state from cases where state <> 'closed'
)
select unit, name, value, count(*) from counted group by unit, name, value;
"""


class City:
    """A city of `columns` townships in a database of its own."""

    def __init__(self, kind, columns, users, patches):
        self.folder = WORK / f"queue-{kind}-{columns}"
        run("rm", "-rf", self.folder)
        self.folder.mkdir(parents=True)
        self.url = f"http://127.0.0.1:{free_port()}"
        self.environment = demo_environment(self.folder, self.url)
        self.database = None
        if kind == "postgres":
            cluster = postgres()
            name = f"bench_queue_{columns}"
            run("psql", cluster, "-qc", f"drop database if exists {name}", "-c", f"create database {name}")
            self.database = cluster.rsplit("/", 1)[0] + f"/{name}"
            self.environment["DATABASE_URL"] = self.database
        self.fill(columns, users, patches)

    def gengwei(self, *words, **options):
        return run(GENGWEI, *words, env=self.environment, **options)

    def sql(self, text):
        if self.database:
            # PostgreSQL looks at its tables by itself after a while; SQLite never does, and must do without.
            run("psql", self.database, "-q", "-v", "ON_ERROR_STOP=1", input=text + "\nanalyze;")
        else:
            with closing(sqlite3.connect(self.folder / "gengwei.db")) as database:
                database.executescript(text)

    def fill(self, columns, users, patches):
        parcels, changes, divisions = generate.city(WORK, columns, patches)
        self.gengwei("import", "divisions", divisions)
        self.gengwei("import", "parcels", parcels, "--outside", "accept")
        said = self.gengwei("import", "patches", changes, "--outside", "accept", "--period", "2026-03")
        if f"imported {patches} " not in said.splitlines()[-1]:
            raise Failed(said)
        for login, unit, _ in PLACES:
            self.sql(f"insert into people (id, name, shows_name, created_at) values ('{login}', '{login}', false, 0);"
                     "insert into appointments (id, person_id, unit, role, starts, source, recorded_at, recorded_by) "
                     f"values ('{login}', '{login}', '{unit}', 'officer', '2026-01-01', 'bench', 0, 'bench');")
            self.gengwei("user", "add", login, "--person", login, input=PASSWORD + "\n")
        self.sql(USERS.format(users=users))
        today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()
        first, span = today - datetime.timedelta(days=30), 70
        midnight = datetime.datetime.combine(first, datetime.time(), datetime.timezone(datetime.timedelta(hours=8)))
        start = int(midnight.timestamp()) * 1_000_000
        days = ", ".join(f"({start + n * 86_400_000_000}, '{first + datetime.timedelta(days=n - 1)}')" for n in range(span))
        self.sql(WORKED.format(days=days, first=start, span=span))

    @contextmanager
    def speaking(self):
        """One kept-alive connection to a fresh server, after everybody has logged in."""
        with serving([GENGWEI, "serve"], f"{self.url}/readyz", env=self.environment):
            time.sleep(10)  # reminders of what has come due meanwhile are raised once
            host = urllib.parse.urlsplit(self.url).netloc
            with closing(http.client.HTTPConnection(host)) as connection:
                yield Client(connection)


class Client:
    def __init__(self, connection):
        self.connection, self.tokens = connection, {}
        for login, *_ in PLACES:
            body = json.dumps({"account": login, "password": PASSWORD})
            self.tokens[login] = self.ask("POST", "/api/v1/sessions", None, body)["token"]

    def ask(self, method, path, login, body=None):
        headers = {"Content-Type": "application/json"}
        if login:
            headers["Authorization"] = f"Bearer {self.tokens[login]}"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        read = answer.read()
        if answer.status not in (200, 201):
            raise Failed(f"{method} {path}: {answer.status} {read[:500]!r}")
        return json.loads(read)

    def median_ms(self, path, login):
        """The median of some requests for a path."""
        taken = []
        for _ in range(TIMES):
            begun = time.perf_counter()
            self.ask("GET", path, login)
            taken.append((time.perf_counter() - begun) * 1000)
        return statistics.median(taken)


def figures(client, login, unit):
    """First page, the slowest of the filters, the counts and the patches of one officer's queue."""
    cases = "/api/v1/cases?limit=50"
    first = client.ask("GET", cases, login)
    if len(first["items"]) != 50:
        raise Failed(f"{login} sees {len(first['items'])} cases")
    code = unit.rstrip("0") if login != "township" else unit[:9]
    filters = ["state=suspected", "state=rectifying", "state=enforcing", "state=closed", "source=patrol", "source=report",
               "kind=illegal_house", "kind=fish_pond", "deadline=overdue", "deadline=long_overdue", "deadline=soon",
               "permanent=true", f"holder={code}", "state=rectifying&deadline=overdue", "state=opened&source=report",
               "state=suspected&kind=illegal_house&permanent=true", f"cursor={first['next']}"]
    slowest = max((client.median_ms(f"{cases}&{words}", login), words) for words in filters)
    patches = ["/api/v1/patches?limit=50", "/api/v1/patches?limit=50&verdict=illegal_house",
               "/api/v1/patches?limit=50&verdict=lawful"]
    return {"page_ms": client.median_ms(cases, login), "filter_ms": slowest[0],
            "count_ms": client.median_ms("/api/v1/cases/counts", login),
            "patches_ms": max(client.median_ms(path, login) for path in patches)}, slowest[1]


def queue_section(peers_only):
    if peers_only:
        return []
    found = []
    for kind, title in (("sqlite", "SQLite"), ("postgres", "PostgreSQL")):
        small, large = City(kind, 4, 26_000, 2_000), City(kind, 40, 260_000, 20_000)
        for city, words in ((small, ", a tenth"), (large, "")):
            with city.speaking() as client:
                for login, unit, name in PLACES:
                    measured, slowest = figures(client, login, unit)
                    found.append({"name": f"{title}, {name}{words}", "ours": not words, **measured,
                                  "command": f"GET /api/v1/cases, slowest with {slowest}"})
    return found
