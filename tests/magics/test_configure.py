"""`%spark` and `%%configure`: they restart the session of the folder's kernel."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from session import Session

from toree.errors import MagicError
from toree.magics.presets import PRESETS
from toree.magics.spark import parsed

pytestmark = pytest.mark.spark


def test_json_and_lines() -> None:
    wanted = parsed(
        '{"driverMemory": "2G", "executorCores": 2, "kind": "spark", '
        '"conf": {"spark.sql.ansi.enabled": true, "spark.jars.packages": "a:b:1,c:d:2"}}'
    )
    assert wanted.settings == {
        "spark.driver.memory": "2G",
        "spark.executor.cores": "2",
        "spark.sql.ansi.enabled": "true",
    }
    assert wanted.packages == ("a:b:1", "c:d:2")
    assert parsed("# a comment\nspark.a = b = c\n").settings == {"spark.a": "b = c"}
    for text in ("{", "nonsense", '{"x": 1}', '{"conf": 1}'):
        with pytest.raises(MagicError):
            parsed(text)


def test_presets_know_their_versions() -> None:
    delta = PRESETS["delta"]
    assert delta.coordinates("3.5.7", "2.12.18") == "io.delta:delta-spark_2.12:3.3.2"
    assert delta.coordinates("9.0.0", "2.13.18") == ""
    assert PRESETS["avro"].coordinates("4.3.0", "2.13.18").endswith("spark-avro_2.13:4.3.0")


def test_the_session_is_looked_at(kernel: Session) -> None:
    assert "Spark UI: " in kernel.run("%spark ui").text("stdout")
    assert "spark-warehouse" in kernel.run("%spark conf spark.sql.warehouse.dir").result
    kernel.run("%spark conf spark.sql.shuffle.partitions=7")
    assert kernel.run('spark.conf.get("spark.sql.shuffle.partitions")').result == "7"
    ran = kernel.run("%spark conf spark.executor.memory=2g")
    assert "can't be set while the session runs" in ran.traceback
    assert "spark_catalog" in kernel.run("%spark catalog").result
    assert "There is no running job 12345" in kernel.run("%spark cancel 12345").traceback
    assert "the id of a job is missing" in kernel.run("%spark cancel").traceback
    assert "0 running" in kernel.run("%spark jobs").result


def test_settings_the_session_takes_need_no_restart(kernel: Session) -> None:
    kernel.run("val application = sc.applicationId")
    ran = kernel.run("%%configure\nspark.sql.shuffle.partitions=9")
    assert ran.text("stdout") == "Set: spark.sql.shuffle.partitions.\n", ran.traceback
    assert kernel.run("sc.applicationId == application").result == "true"
    assert kernel.run('spark.conf.get("spark.sql.shuffle.partitions")').result == "9"


def test_a_restart_keeps_the_variables(kernel: Session) -> None:
    kernel.run("val kept = 41; val frame = spark.range(3); val rdd = sc.range(0, 3)")
    kernel.run("%%python\nkept_too = [1]; frame_too = spark.range(3)")
    cell = '{"conf": {"spark.ui.showConsoleProgress": "false", "spark.toree.test": "yes"}}'
    ran = kernel.run(f"%%configure\n{cell}")
    assert "would need a new one" in ran.traceback and "%%configure -f" in ran.traceback
    ran = kernel.run(f"%%configure -f\n{cell}")
    assert "A fresh session has " in ran.text("stdout"), ran.traceback
    assert kernel.run("kept + 1").result == "42"
    assert kernel.run('sc.getConf.get("spark.toree.test")').result == "yes"
    assert (
        kernel.run("%%python\nprint(kept_too, spark.range(2).count())").text("stdout") == "[1] 2\n"
    )
    for cell in ("frame.count()", "rdd.count()", "%%python\nframe_too.count()"):
        assert "It belongs to a Spark session that has ended" in kernel.run(cell).traceback
    ran = kernel.run("%%configure -f\nspark.driver.memory=3g")
    assert "can only be given when the JVM starts" in ran.text("stdout")
    assert ran.reply["status"] == "ok"


def test_what_spark_refuses(kernel: Session) -> None:
    kernel.run("val application = sc.applicationId")
    ran = kernel.run("%%configure -f\nspark.sql.extensions=no.such.Extension")
    assert "Spark refuses these settings" in ran.traceback and "no.such.Extension" in ran.traceback
    assert kernel.run("spark.range(2).count()").result == "2"
    ran = kernel.run("%%configure -f delta")
    line = kernel.run("org.apache.spark.SPARK_VERSION.split('.').take(2).mkString(\".\")").result
    if line not in PRESETS["delta"].packages:
        assert "There is no delta for Spark" in ran.traceback
    assert "invalid choice: 'detla'" in kernel.run("%%configure -f detla").traceback


@pytest.mark.network
def test_the_examples_of_the_docs(kernel: Session) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "magics.md").read_text()
    blocks = re.findall(r"^```\n(.*?)^```", text, re.S | re.M)
    assert len(blocks) == 4
    kernel.run("val df = spark.range(5).toDF(); val limit = 3")
    for block in blocks:
        ran = kernel.run(block.rstrip("\n"), timeout=300)
        assert ran.reply["status"] == "ok", f"{block}\n{ran.traceback}"
        if block.startswith("%%configure"):  # a new session: the DataFrame is the old one's
            kernel.run("val df = spark.range(5).toDF()")
