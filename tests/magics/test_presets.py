"""`%%configure delta` and its like, with the real packages where there are any for this Spark."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pyspark
import pytest
from session import Session, failed, printed, result

from toree.magics.presets import PRESETS

pytestmark = [pytest.mark.spark, pytest.mark.r, pytest.mark.network]

TABLES = {
    "delta": ("delta", "kept"),
    "iceberg": ("iceberg", "local.db.kept"),
    "hudi": ("hudi", "kept"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_written_and_read_in_four_languages(
    name: str, specs: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if not PRESETS[name].coordinates(pyspark.__version__, "2.13"):
        ran = failed(request.getfixturevalue("kernel"), f"%%configure {name}\n")
        assert f"There is no {name} for Spark {pyspark.__version__} yet" in ran.traceback
        return
    form, table = TABLES[name]
    options = f"--conf spark.sql.warehouse.dir={tmp_path / 'warehouse'}"
    environment = {**os.environ, "SPARK_OPTS": options}
    with Session("toree_scala", env=environment, cwd=str(tmp_path)) as kernel:
        # The session runs: it is made anew, and what languages hold stays.
        result(kernel, "val before = spark.range(1).count()")
        said = printed(kernel, f"%%configure -f {name}\n")
        assert "A fresh session has " in said and "spark.sql.extensions" in said
        result(kernel, "%%sql\ncreate database if not exists local.db" if "." in table else "1")
        result(kernel, f"%%sql\ncreate table {table} (id bigint, word string) using {form}")
        result(kernel, f"spark.sql(\"insert into {table} values (1, 'scala')\")")
        result(kernel, f"%%sql\ninsert into {table} values (2, 'sql')")
        result(
            kernel,
            "%%python\nspark.createDataFrame([(3, 'python')], 'id bigint, word string')"
            f".write.insertInto('{table}')",
        )
        printed(
            kernel,
            f"%%r\ninvisible(DBI::dbExecute(spark, \"insert into {table} values (4, 'r')\"))",
        )
        words = f"select word from {table} order by id"
        assert result(
            kernel, f'spark.sql("{words}").collect.map(_.getString(0)).mkString(",")'
        ) == ("scala,sql,python,r")
        assert result(kernel, f"%%python\n[w for w, in spark.sql('{words}').collect()]") == (
            "['scala', 'sql', 'python', 'r']"
        )
        assert printed(kernel, f"%%r\ncat(DBI::dbGetQuery(spark, '{words}')$word)") == (
            "scala sql python r"
        )
        assert "python" in result(kernel, f"%%sql\n{words}")
        assert result(kernel, "before + 1") == "2"


def test_avro_and_kafka(specs: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Parts of Spark of their own: files of Avro in four languages, a broker that is not there."""
    if tuple(map(int, pyspark.__version__.split(".")[:2])) >= (
        4,
        3,
    ):  # the repositories have none yet, and it is said
        kernel = request.getfixturevalue("kernel")
        for name in ("avro", "kafka"):
            ran = failed(kernel, f"%%configure {name}\n")
            said = f"There is no {name} for Spark {pyspark.__version__} in the repositories."
            assert ran.traceback.startswith(said) and "Its versions are " in ran.traceback
        return
    with Session("toree_scala", cwd=str(tmp_path)) as kernel:
        printed(kernel, "%%configure avro\n")  # no session is made anew for it
        result(kernel, 'spark.range(1).write.format("avro").save("scala")')
        printed(kernel, "%%python\nspark.range(2).write.format('avro').save('python')")
        made = "create table in_{0} using avro location '{1}/{0}' as select * from range({2})"
        result(kernel, f"%%sql\n{made.format('sql', tmp_path, 3)}")
        printed(kernel, f'%%r\ninvisible(DBI::dbExecute(spark, "{made.format("r", tmp_path, 4)}"))')
        for rows, folder in enumerate(("scala", "python", "sql", "r"), 1):
            path, counted = tmp_path / folder, f"{rows}"
            assert result(kernel, f'spark.read.format("avro").load("{path}").count') == counted
            code = f"%%python\nspark.read.format('avro').load('{path}').count()"
            assert result(kernel, code) == counted
            query = f"select count(*) as n from avro.`{path}`"
            assert f"| {rows} " in result(kernel, f"%%sql\n{query}")
            assert printed(kernel, f'%%r\ncat(DBI::dbGetQuery(spark, "{query}")$n)') == counted
        printed(kernel, "%%configure kafka\n")
        options = {
            "kafka.bootstrap.servers": "127.0.0.1:1",
            "subscribe": "topic",
            "kafka.request.timeout.ms": "1000",
            "kafka.default.api.timeout.ms": "2000",
            "fetchOffset.numRetries": "1",
        }
        begun = time.monotonic()
        ran = failed(kernel, f"%%python\nspark.read.format('kafka').load(**{options}).count()")
        assert time.monotonic() - begun < 30
        assert "imed out waiting for a node assignment" in ran.traceback, ran.traceback
