"""The Spark session's life when cells stop it and build their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyspark
import pytest
from session import Ran, Session

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def kernel(specs: Path) -> Iterator[Session]:
    """One that makes no session before a cell does."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SPARK_CONTEXT_INITIALIZATION_MODE", "none")
        with Session("toree_scala") as session:
            yield session


def run(kernel: Session, code: str) -> Ran:
    ran = kernel.run(code)
    assert ran.status == "ok", ran.traceback
    return ran


BUILT = "{0} = SparkSession.builder.appName('{1}').config('spark.some.thing', '{2}').getOrCreate()"
TOLD = "sc.appName, spark.conf.get('spark.some.thing'), spark.range(3).count()"
GUARDED = """val held = sc.getConf
(sc.appName, spark.conf.get("spark.some.thing"), held.get("spark.authenticate"),
  held.get("spark.executor.killOnFatalError.depth"))"""


def named_in_r(kernel: Session) -> str:
    """The application's name as R's connection has it."""
    return run(kernel, "%%r\ncat(DBI::dbGetQuery(spark, 'set spark.app.name')$value)").text(
        "stdout"
    )


def test_the_first_session_is_the_one_a_python_cell_builds(kernel: Session) -> None:
    ran = run(
        kernel,
        "%%python\nfrom pyspark.sql import SparkSession\n"
        "spark = SparkSession.builder.appName('first').config('spark.some.thing', 'a')"
        ".config('spark.driver.memory', '3g').config('spark.driver.extraClassPath', '/x')"
        ".getOrCreate()\nspark.sparkContext.appName",
    )
    assert ran.result == "'first'"
    late = ran.text("stderr").splitlines()[-2:]
    assert [line.partition(" comes too late")[0] for line in late] == [
        "spark.driver.memory=3g",
        "spark.driver.extraClassPath=/x",
    ]
    assert run(kernel, GUARDED).result == "(first,a,true,0)"
    # Classes of cells reach the tasks of a session that PySpark has made.
    case = "case class Built(x: Int)\nsc.parallelize(1 to 2).map(Built(_)).collect().toList"
    assert run(kernel, case).result == "List(Built(1), Built(2))"
    double = "spark.range(2).select(udf(lambda x: 2 * x, 'long')('id').alias('d')).collect()"
    ran = run(kernel, f"%%python\nfrom pyspark.sql.functions import udf\n{double}")
    assert ran.result == "[Row(d=0), Row(d=2)]"
    assert "first" in run(kernel, "%%sql\nset spark.app.name").result
    assert named_in_r(kernel) == "first"


def test_a_builder_after_a_stop_in_another_cell(kernel: Session) -> None:
    run(kernel, "%%python\nspark.stop()")
    run(kernel, "%%python\n" + BUILT.format("spark", "again", "b"))
    assert run(kernel, "%%python\n" + TOLD).result == "('again', 'b', 3)"
    assert run(kernel, GUARDED).result == "(again,b,true,0)"
    assert named_in_r(kernel) == "again"


def test_a_builder_in_scala_in_the_cell_that_stops(kernel: Session) -> None:
    ran = run(
        kernel,
        "spark.stop()\nimport org.apache.spark.sql.SparkSession\n"
        'val own = SparkSession.builder.appName("scala").config("spark.some.thing", "c")'
        '.config("spark.driver.memory", "2g").getOrCreate()\nown.range(2).count()',
    )
    assert (ran.result, ran.text("stderr").split(" ")[0]) == ("2", "spark.driver.memory=2g")
    assert run(kernel, GUARDED).result == "(scala,c,true,0)"
    assert named_in_r(kernel) == "scala"
    # The session `spark` named in Python has ended: its place is taken.
    ran = run(kernel, "%%python\n" + TOLD)
    assert (ran.result, ran.text("stderr")) == ("('scala', 'c', 3)", "")


def test_a_stop_in_one_language_and_a_builder_in_another(kernel: Session) -> None:
    run(kernel, "spark.stop()")
    # Under another name: `spark` follows.
    run(kernel, "%%python\n" + BUILT.format("session", "mixed", "d"))
    assert run(kernel, "%%python\n" + TOLD).result == "('mixed', 'd', 3)"
    assert run(kernel, GUARDED).result == "(mixed,d,true,0)"
    run(kernel, "%%python\nspark.stop()")
    run(
        kernel,
        "import org.apache.spark.{SparkConf, SparkContext}\n"
        'val bare = new SparkContext(new SparkConf().setAppName("bare").setMaster("local[1]")'
        '.set("spark.some.thing", "e"))',
    )
    ran = run(kernel, "%%python\n" + TOLD)
    assert (ran.result, ran.text("stderr")) == ("('bare', 'e', 3)", "")
    assert run(kernel, GUARDED).result == "(bare,e,true,0)"


def test_use_after_a_stop_gives_a_fresh_session_and_says_so(kernel: Session) -> None:
    run(kernel, "spark.stop()")
    ran = run(kernel, "%%python\nspark.range(4).count(), sc.appName")
    assert ran.result == "(4, 'Toree')"
    assert ran.text("stderr") == "The Spark session had ended: this is a fresh one.\n"
    run(kernel, "%%python\nspark.stop()")
    ran = run(kernel, "spark.range(5).count()")
    assert ran.result == "5"
    assert ran.text("stderr") == "The Spark session was stopped; a fresh one takes its place.\n"


def test_files_are_the_same_in_tasks_and_udfs_of_all_languages(
    kernel: Session, tmp_path: Path
) -> None:
    before, after, code = tmp_path / "early.txt", tmp_path / "late.txt", tmp_path / "module_ours.py"
    before.write_text("early")
    after.write_text("late")
    code.write_text("answer = 42\n")
    run(
        kernel,
        "%%python\nfrom pyspark import SparkFiles\nfrom pyspark.sql.functions import udf, lit\n"
        "def text(name):\n    return open(SparkFiles.get(name)).read()\n"
        "def answer(_):\n    import module_ours\n    return module_ours.answer\n"
        "_ = spark.udf.register('text', text); read = udf(text)\n"
        f"sc.addFile({str(before)!r})",
    )
    everywhere = (
        "%%python\nn = '{}.txt'\n[text(n), sc.parallelize([n]).map(text).first(),"
        " spark.range(1).select(read(lit(n))).first()[0]]"
    )
    assert run(kernel, everywhere.format("early")).result == "['early', 'early', 'early']"
    run(kernel, f'sc.addFile("{after}")')  # the workers run already
    assert run(kernel, everywhere.format("late")).result == "['late', 'late', 'late']"
    assert "late" in run(kernel, "%%sql\nselect text('late.txt') t").result
    query = "DBI::dbGetQuery(spark, \"select text('late.txt') t\")$t"
    assert run(kernel, f"%%r\ncat({query})").text("stdout") == "late"
    scala = (
        "import org.apache.spark.SparkFiles, org.apache.spark.sql.functions._\n"
        "val content = (n: String) => scala.io.Source.fromFile(SparkFiles.get(n)).mkString\n"
        'val m = "early.txt"\n(content(m), sc.parallelize(Seq(m)).map(content).first(), '
        "spark.range(1).select(udf(content).apply(lit(m))).head.getString(0))"
    )
    assert run(kernel, scala).result == "(early,early,early)"
    ran = run(
        kernel,
        f"%%python\nsc.addPyFile({str(code)!r})\n"
        "sc.parallelize([1]).map(answer).first(), spark.range(1).select(udf(answer, 'int')('id'))"
        ".first()[0]",
    )
    assert ran.result == "(42, 42)"


def test_artifacts_are_files_and_classes_of_all_languages(kernel: Session, tmp_path: Path) -> None:
    """`addArtifact`, where Spark has it (Python from 4.0 on, Scala from 4.0 on)."""
    if pyspark.__version__ < "4":
        pytest.skip("this Spark has no addArtifact outside Spark Connect")
    text, code = tmp_path / "artifact.txt", tmp_path / "module_of_artifact.py"
    text.write_text("by artifact")
    code.write_text("answer = 43\n")
    ran = run(
        kernel,
        "%%python\nfrom pyspark import SparkFiles\nfrom pyspark.sql.functions import udf\n"
        f"spark.addArtifacts({str(text)!r}, file=True)\n"
        f"spark.addArtifacts({str(code)!r}, pyfile=True)\n"
        "def told(_):\n    import module_of_artifact\n"
        "    return open(SparkFiles.get('artifact.txt')).read() + str(module_of_artifact.answer)\n"
        "_ = spark.udf.register('told', told)\n"
        "sc.parallelize([1]).map(told).first(), spark.range(1).select(udf(told)('id')).first()[0]",
    )
    assert ran.result == "('by artifact43', 'by artifact43')"
    assert (
        run(kernel, "%%r\ncat(DBI::dbGetQuery(spark, 'select told(1) t')$t)").text("stdout")
        == "by artifact43"
    )
    ran = run(
        kernel,
        "sc.parallelize(Seq(1)).map(_ => scala.io.Source.fromFile("
        'org.apache.spark.SparkFiles.get("artifact.txt")).mkString).first()',
    )
    assert ran.result == "by artifact"
