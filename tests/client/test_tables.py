"""Tables to and from the kernel."""

from __future__ import annotations

import asyncio
import datetime as dt
import decimal
import threading
import time
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pytest
from lines import Connect, file_of, run
from session import Session

from toree.client import AsyncClient, Client, RequestFailed, ResultTooLarge


def test_tables_there_and_back(connect: Connect) -> None:
    table = pa.table(
        {
            "n": pa.array([1, None, 3], pa.int32()),
            "t": ["a", None, "é"],
            "d": pa.array([dt.date(2026, 1, 1), None, None]),
            "m": pa.array([decimal.Decimal("1.50"), None, None]),
            "list": [[1, 2], [], None],
            "coded": pa.array(["x", "y", "x"]).dictionary_encode(),
        }
    )
    frame = pd.DataFrame({"a": [1.5, 2.5]}, index=pd.Index(["x", "y"], name="key"))

    async def body() -> None:
        async with await connect() as client:
            await client.put("sent", table)
            assert (await client.fetch("sent")).equals(table)
            assert (await client.execute("type(sent).__name__").result()).text == "'Table'"
            await client.put("sent", frame)
            pd.testing.assert_frame_equal((await client.fetch("sent")).to_pandas(), frame)
            assert (await client.execute("list(sent.a)").result()).text == "[1.5, 2.5]"
            [row] = [row for row in await client.variables() if row["name"] == "sent"]
            assert (row["language"], row["kind"]) == ("python", "table")
            empty = table.slice(0, 0)
            await client.put("sent", empty)
            found = await client.fetch("sent")
            assert found.num_rows == 0 and found.schema.equals(empty.schema)
            await client.execute("del sent").result()

    run(body())


def test_large_tables_come_and_go_in_pieces(connect: Connect) -> None:
    table = pa.table({"a": range(3_000_000), "b": [1.5] * 3_000_000})

    async def body() -> None:
        async with await connect() as client:
            await client.put("large", table)
            sizes = [batch.num_rows async for batch in client.batches("large")]
            assert sizes[0] == 0 and sum(sizes) == 3_000_000 and max(sizes) < 1_000_000
            assert (await client.fetch("large")).equals(table)
            assert (await client.fetch("large", limit=5))["a"].to_pylist() == [0, 1, 2, 3, 4]
            await client.execute("del large").result()

    run(body())


def test_what_was_sent_before_has_ended(connect: Connect) -> None:
    async def body() -> None:
        async with await connect() as client:
            client.execute("import time, pandas as pd; time.sleep(0.5)")
            client.execute("late = pd.DataFrame({'a': [1]})")
            assert (await client.fetch("late")).to_pydict() == {"a": [1]}
            running = client.execute("time.sleep(60)")
            assert (await client.fetch("late", now=True)).num_rows == 1
            await running.cancel()
            await running.wait()
            await client.execute("del late").result()

    run(body())


# ---------------------------------------------------------------- with Spark


@pytest.fixture(scope="module")
def client(spark_kernel: Session) -> Iterator[Client]:
    with Client.connect(file_of(spark_kernel)) as client:
        yield client


@pytest.mark.spark
def test_frames_of_every_kind(client: Client) -> None:
    client.execute('val df = spark.range(5).selectExpr("id", "cast(id as string) s")')
    assert client.fetch("df").to_pydict() == {"id": [0, 1, 2, 3, 4], "s": list("01234")}
    assert client.fetch("df", limit=2).num_rows == 2
    client.execute("py = spark.range(3)", language="python")
    assert client.fetch("py")["id"].to_pylist() == [0, 1, 2]
    client.execute('df.createOrReplaceTempView("seen")')
    assert client.fetch("seen").num_rows == 5
    client.execute("val seen = new Object").result()  # no table, and hides none
    assert client.fetch("seen").num_rows == 5
    client.execute('val none = df.where("id > 9")')
    none = client.fetch("none")
    assert none.num_rows == 0 and none.column_names == ["id", "s"]
    client.execute('val bad = df.selectExpr("cast(s as int) / raise_error(s) x")')
    with pytest.raises(RequestFailed, match="USER_RAISED"):
        client.fetch("bad")
    with pytest.raises(RequestFailed, match="no shared name and no table 'absent'"):
        client.fetch("absent")
    assert client.fetch("df").num_rows == 5


@pytest.mark.spark
def test_the_same_as_to_arrow(client: Client) -> None:
    client.execute(
        "rows = spark.range(0, 100_000, 1, 7).selectExpr('id', 'id % 7 g', 'cast(id as double) f',"
        " 'cast(id as string) s', 'timestamp_seconds(id) t', 'array(id, id + 1) l')\n"
        "import pyarrow as pa\nlocal = rows.toArrow() if hasattr(rows, 'toArrow') else None",
        language="python",
    ).result()
    table = client.fetch("rows")
    table.validate(full=True)
    assert table["id"].to_pylist() == list(range(100_000))
    assert table.equals(client.fetch("local"))


@pytest.mark.spark
def test_queries(client: Client) -> None:
    client.execute('val people = spark.range(10).toDF("n")').result()
    client.execute("import pandas as pd; scores = pd.DataFrame({'n': [1, 2], 's': ['a', 'b']})",
                   language="python").result()  # fmt: skip
    found = client.sql(
        "select s from people join scores using (n) where n >= :low order by n", low=2
    )
    assert found.to_pydict() == {"s": ["b"]}
    row = client.sql(
        "select :d d, :t t, :m m, :b b, :x x, :s s",
        d=dt.date(2026, 1, 2),
        t=dt.datetime(2026, 1, 2, 3, tzinfo=dt.timezone.utc),
        m=decimal.Decimal("1.5"),
        b=True,
        x=None,
        s="it's :d",
    ).to_pylist()[0]
    assert row["d"] == dt.date(2026, 1, 2) and row["m"] == decimal.Decimal("1.5")
    assert row["t"] == dt.datetime(2026, 1, 2, 3, tzinfo=dt.timezone.utc)
    assert (row["b"], row["x"], row["s"]) == (True, None, "it's :d")
    client.execute("scores = pd.DataFrame({'n': [2], 's': ['new']})", language="python").result()
    assert client.sql("select s from scores").to_pydict() == {"s": ["new"]}
    with pytest.raises(RequestFailed, match="nothing_like_it"):
        client.sql("select nothing_like_it from people")
    with pytest.raises(RequestFailed, match=r"PARSE_SYNTAX_ERROR|yntax error"):
        client.sql("selec 1")
    with pytest.raises(TypeError, match="parameter p: a object"):
        client.sql("select :p", p=object())
    names = {row["name"] for row in client.variables()}
    assert {"people", "scores"} <= names and not {n for n in names if n.startswith("toree")}


@pytest.mark.spark
def test_sent_tables_are_every_languages(client: Client) -> None:
    client.put("sent", pa.table({"k": ["a", "b", "a"], "v": [1, 2, 3]}))
    cell = client.execute("select k, sum(v) v from sent group by k order by k", language="sql")
    assert "4" in cell.result().text
    assert client.execute("sent.count()", language="scala").result().text.endswith("3")


@pytest.mark.spark
def test_rows_are_made_as_they_are_read(client: Client) -> None:
    """A reader that is slow holds back the jobs; one that goes away ends them."""
    client.execute(
        "val seen = sc.longAccumulator; val slow = spark.range(0, 40000000, 1, 80)"
        ".mapPartitions { rows => seen.add(1); rows.map(_ * 2) }.toDF"
    ).result()
    source = client.batches("slow")
    while next(source).num_rows == 0:
        pass
    begun, last = 0, -1
    while begun != last:  # until no partition begins any more
        last, _ = begun, time.sleep(2)
        begun = int(client.execute("seen.value.toLong").result().text)
    assert begun < 40, "partitions ran on for a reader that took one piece"
    source.close()  # type: ignore[attr-defined]
    wait_for_no_jobs(client)


@pytest.mark.spark
def test_a_query_that_is_left_ends_its_shuffles(spark_kernel: Session) -> None:
    """They run before there are rows."""

    async def body() -> None:
        async with await AsyncClient.connect(file_of(spark_kernel)) as client:
            endless = "select count(*) from range(100000000000) where id % 7 = 9"
            query = asyncio.ensure_future(client.sql(endless))
            while (await client.execute(JOBS).result()).text == "0":
                await asyncio.sleep(0.1)
            query.cancel()
            await asyncio.wait([query])

    run(body())
    with Client.connect(file_of(spark_kernel)) as client:
        wait_for_no_jobs(client)


JOBS = "sc.statusTracker.getActiveJobIds.length"


def wait_for_no_jobs(client: Client) -> None:
    deadline = time.monotonic() + 60
    while client.execute(JOBS).result().text != "0":
        assert time.monotonic() < deadline, "jobs run on for nobody"
        time.sleep(0.2)


@pytest.mark.spark
def test_tables_are_answered_while_a_cell_runs(client: Client, spark_kernel: Session) -> None:
    client.execute("val few = spark.range(3).toDF").result()
    with Client.connect(file_of(spark_kernel)) as other:
        running = other.execute("println(1); while (true) {}", language="scala")
        next(iter(running))
        assert client.fetch("few").num_rows == 3
        assert client.sql("select count(*) c from few").to_pydict() == {"c": [3]}
        running.cancel()
        running.wait()


@pytest.mark.spark
def test_many_clients_of_one_kernel(spark_kernel: Session) -> None:
    """Nothing is lost and nothing reaches who did not ask for it."""
    codes = {
        "scala": lambda n: (f"println({n}); {n} * 2", str(n * 2)),
        "python": lambda n: (f"print({n}); {n} * 3", str(n * 3)),
        "sql": lambda n: (f"select {n} * 5 v", str(n * 5)),
    }
    faults: list[str] = []

    def one(number: int) -> None:
        try:
            with Client.connect(file_of(spark_kernel)) as mine:
                for turn in range(6):
                    language = list(codes)[(number + turn) % 3]
                    code, expected = codes[language](1000 * number + turn + 7)
                    cell = mine.execute(code, language=language)
                    if expected not in cell.result().text:
                        faults.append(f"{language}: {code} gave {cell.outputs}")
                    printed = [o["text"] for o in cell.outputs if o["output_type"] == "stream"]
                    if language != "sql" and printed != [f"{1000 * number + turn + 7}\n"]:
                        faults.append(f"{code} printed {printed}")
                    asked = mine.sql("select :n n", n=number).to_pydict()
                    if asked != {"n": [number]}:
                        faults.append(f"{number}: {asked}")
        except Exception as error:
            faults.append(f"{number}: {error!r}")

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_too_large(python_kernel: Session) -> None:
    with Client.connect(file_of(python_kernel)) as client:
        client.execute("import pandas as pd; big = pd.DataFrame({'a': range(1_000_000)})")
        with pytest.raises(ResultTooLarge, match="1,000,000 bytes"):
            client.fetch("big", max_bytes=1_000_000)
        assert client.fetch("big", limit=10, max_bytes=1_000_000).num_rows == 10
        client.execute("del big").result()


def test_what_is_no_table(python_kernel: Session) -> None:
    with Client.connect(file_of(python_kernel)) as client:
        client.execute("number = 1; lock = __import__('threading').Lock()").result()
        with pytest.raises(RequestFailed, match="number is no table"):
            client.fetch("number")
        with pytest.raises(RequestFailed, match="lock can't be fetched"):
            client.fetch("lock")
        with pytest.raises(TypeError, match="list is no pyarrow Table"):
            client.put("rows", [1, 2])
        for name in ("spark", "no name", "1x", "_hidden"):
            with pytest.raises(RequestFailed, match="can't be a shared name"):
                client.put(name, pa.table({"a": [1]}))
        client.execute("del number, lock").result()
