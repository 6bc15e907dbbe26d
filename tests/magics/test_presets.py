"""`%%configure delta` and its like, with the real packages where there are any for this Spark."""

from __future__ import annotations

import os
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
            f".writeTo('{table}').append()",
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
