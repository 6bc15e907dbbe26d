"""A batch script: rows go to Spark, Scala and SQL work on them, a file comes out.

    python batch.py sales.csv totals.csv                    # starts a kernel and ends it
    python batch.py sales.csv totals.csv --existing FILE    # uses one that runs

Its exit code is for the scheduler: 0 well, 1 a step failed, 3 no kernel.
"""

from __future__ import annotations

import argparse
import sys

import pyarrow.csv

from toree.client import Client, ClientError, ExecutionError

STEPS = {
    "scala": """
        import org.apache.spark.sql.functions._
        val valid = sales.where(col("amount") > 0)
        println(s"${sales.count - valid.count} rows are no sales")
    """,
    "sql": "create or replace temp view totals as "
    "select city, count(*) sales, sum(amount) total from valid group by city",
}


def work(client: Client, source: str, target: str) -> None:
    client.put("sales", pyarrow.csv.read_csv(source))
    for language, code in STEPS.items():
        step = client.execute(code, language=language, timeout=600)
        step.on_stream(lambda event: print(event.text, end="", file=sys.stderr))
        step.result()
    totals = client.sql("select * from totals where total >= :least order by city", least=10)
    pyarrow.csv.write_csv(totals, target)
    print(f"{totals.num_rows} cities")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--existing", help="connection file of a kernel")
    given = parser.parse_args()
    try:
        with Client.connect(given.existing) if given.existing else Client.start() as client:
            work(client, given.source, given.target)
    except ExecutionError as error:
        print(error.report, file=sys.stderr)
        return 1
    except ClientError as error:
        print(error, file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
