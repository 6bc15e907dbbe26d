"""Names shared between Scala, Python and SQL cells, as a front end sees them."""

from __future__ import annotations

import time

import pytest
from session import Ran, Session

pytestmark = pytest.mark.spark


def run(kernel: Session, code: str) -> Ran:
    ran = kernel.run(code)
    assert ran.status == "ok", ran.traceback
    return ran


def printed(kernel: Session, code: str) -> str:
    return run(kernel, code).text("stdout")


def result(kernel: Session, code: str) -> str:
    return str(run(kernel, code).result)


def failed(kernel: Session, code: str) -> Ran:
    ran = kernel.run(code)
    assert ran.status == "error"
    return ran


def test_a_dataframe_and_a_value_in_every_direction(kernel: Session) -> None:
    run(kernel, 'val people = spark.range(5).toDF("age"); val limit = 2')
    assert printed(kernel, "%%python\nprint(people.filter(people.age > limit).count())") == "2\n"
    table = run(kernel, "%%sql\nselect count(*) n from people where age > :limit")
    assert table.result.splitlines()[4].split() == ["|", "2", "|"]
    run(kernel, "%%python\nolder = people.filter('age > 3')")
    assert result(kernel, "older.count()") == "1"
    run(kernel, "%%sql -o total\nselect sum(age) total from people")
    assert result(kernel, "total.head.getLong(0)") == "10"
    assert result(kernel, "%%python\ntotal.first().total") == "10"


def test_lineage_is_kept_and_nothing_runs(kernel: Session) -> None:
    run(
        kernel,
        "val ran = sc.longAccumulator\n"
        "val lazyOnes = spark.range(3).map { x => ran.add(1); x + 1 }",
    )
    assert result(kernel, "%%python\nlazyOnes.columns") == "['value']"
    assert result(kernel, "ran.value") == "0"
    assert result(kernel, "%%python\nlazyOnes.count()") == "3"


def test_a_streaming_dataframe(kernel: Session) -> None:
    run(kernel, 'val stream = spark.readStream.format("rate").load()')
    assert result(kernel, "%%python\nstream.isStreaming") == "True"


def test_local_tables(kernel: Session) -> None:
    run(kernel, "%%python\nimport pandas as pd\nscores = pd.DataFrame({'city': ['a', 'b', 'a']})")
    assert result(kernel, 'scores.filter($"city" === "a").count()') == "2"
    assert "3" in result(kernel, "%%sql\nselect count(*) from scores")
    run(
        kernel,
        "case class City(name: String, size: Option[Int])\n"
        'val cities = Seq(City("x", Some(1)), City("y", None))',
    )
    assert result(
        kernel, "%%python\ntype(cities).__name__, cities.shape, cities.columns.tolist()"
    ) == ("('DataFrame', (2, 2), ['name', 'size'])")


def test_the_last_assignment_wins(kernel: Session) -> None:
    run(kernel, "val x1 = 1")
    assert result(kernel, "%%python\nx1") == "1"
    run(kernel, "%%python\nx1 = 'two'")
    assert result(kernel, "x1.length") == "3"
    run(kernel, "val x1 = 3.0")
    assert result(kernel, "%%python\nx1") == "3.0"
    run(kernel, "%%python\nx1 = x1 + 1")
    assert result(kernel, "x1") == "4.0"


def test_an_equal_assignment_is_one_too(kernel: Session) -> None:
    run(kernel, "%%python\nfive = 5")
    run(kernel, "val five = 6")
    run(kernel, "%%python\nfive = 5")
    assert result(kernel, "five") == "5"


def test_a_scala_var(kernel: Session) -> None:
    run(kernel, "var counter = 1")
    assert result(kernel, "%%python\ncounter") == "1"
    run(kernel, "counter = 2")
    assert result(kernel, "%%python\ncounter") == "2"
    run(kernel, "def count() = { counter += 1 }")
    run(kernel, "count()")
    assert result(kernel, "%%python\ncounter") == "3"
    run(kernel, "1 + 1")
    first = result(kernel, "%%python\nid(counter)")
    assert result(kernel, "%%python\nid(counter)") == first


def test_another_languages_function_does_not_come_and_is_missed_only_where_it_lacks(
    kernel: Session,
) -> None:
    run(kernel, "def sorted(x: Int) = x; class Holder")
    ran = run(kernel, "%%python\nsorted([2, 1])")
    assert (ran.result, ran.text("stderr")) == ("[1, 2]", "")
    ran = failed(kernel, "%%python\nHolder()")
    assert "Holder is in Scala and did not come over: a class." in ran.text("stderr")


def test_a_change_in_place_is_seen(kernel: Session) -> None:
    run(kernel, "%%python\nrows = [1]\nalias = rows")
    assert result(kernel, "rows.sum") == "1"
    run(kernel, "%%python\nrows.append(2)")
    assert result(kernel, "rows.sum") == "3"
    run(kernel, "%%python\nalias.append(3)")
    assert result(kernel, "rows.sum") == "6"
    run(kernel, "%%python\ndef grow():\n    rows.append(4)")
    run(kernel, "%%python\ngrow()")
    assert result(kernel, "rows.sum") == "10"
    run(kernel, "%%python\nclass Holder: pass\nholder = Holder(); holder.kept = {'r': rows}")
    run(kernel, "%%python\nholder.kept['r'].append(5)")
    assert result(kernel, "rows.sum") == "15"
    run(kernel, "%%python\nimport numpy as np\nwhole = np.arange(4.0)\npart = whole[1:3]")
    assert result(kernel, "whole.sum") == "6.0"
    run(kernel, "%%python\npart[:] = 5")
    assert result(kernel, "whole.sum") == "13.0"
    run(kernel, 'val counts = scala.collection.mutable.Map("a" -> 1)')
    assert result(kernel, "%%python\ncounts") == "{'a': 1}"
    run(kernel, 'counts("b") = 2')
    assert result(kernel, "%%python\nlen(counts)") == "2"
    run(
        kernel,
        'object Adder { def add(name: String) = counts(name) = 3 }\ndef more() = Adder.add("c")',
    )
    run(kernel, "more()")
    assert result(kernel, "%%python\nlen(counts)") == "3"


def test_a_value_crosses_once_per_version(kernel: Session) -> None:
    run(kernel, "val pair = Seq(1, 2)")
    first = result(kernel, "%%python\nid(pair)")
    assert result(kernel, "%%python\nid(pair)") == first


def test_deleting_unshares(kernel: Session) -> None:
    run(kernel, "%%python\ngone = 1")
    assert result(kernel, "gone") == "1"
    run(kernel, "%%python\ndel gone")
    ran = failed(kernel, "gone + 1")
    assert "not found: value gone" in ran.traceback
    assert "gone was deleted in Python." in ran.traceback
    run(kernel, "val gone = 2")
    assert result(kernel, "gone") == "2"
    assert result(kernel, "%%python\ngone") == "2"


@pytest.mark.parametrize(
    "code",
    [
        "'secret1'",
        "# secret1\n1",
        "''.join.__call__(['a']) if False else type('A', (), {'secret1': 1}).secret1",
        "(lambda secret1: secret1)(1)",
        "[secret1 for secret1 in [1]]",
        "secret1 = 0\nsecret1",
    ],
)
def test_what_is_no_reference_brings_nothing_to_python(kernel: Session, code: str) -> None:
    run(kernel, "val secret1 = 1")
    run(kernel, f"%%python\n{code}")
    assert "secret1" not in run(kernel, "%%python\nkernel.data").text("stdout")
    shown = next(line for line in result(kernel, "%shared").splitlines() if "secret1" in line)
    assert shown.split("|")[4].strip() in ("Scala", "Python")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ('"secret2"', "secret2"),
        ("1 // secret2", "1"),
        ("((secret2: Int) => secret2)(1)", "1"),
        ("{ val secret2 = 3; secret2 }", "3"),
        ("Some(1).map { case secret2 => secret2 }.get", "1"),
    ],
)
def test_what_is_no_reference_brings_nothing_to_scala(
    kernel: Session, code: str, text: str
) -> None:
    run(kernel, "%%python\nsecret2 = 7")
    assert result(kernel, code) == text
    shown = next(line for line in result(kernel, "%shared").splitlines() if "secret2" in line)
    assert shown.split("|")[4].strip() == "Python"


def test_interpolations_are_references(kernel: Session) -> None:
    run(kernel, "%%python\ninner1 = 7")
    assert result(kernel, 's"<$inner1> ${inner1 + 1}"') == "<7> 8"
    run(kernel, "val inner2 = 8")
    assert result(kernel, "%%python\nf'<{inner2}>'") == "'<8>'"


def test_a_scala_cell_that_reads_a_name_and_then_defines_it(kernel: Session) -> None:
    run(kernel, "%%python\ntwice = 7")
    assert result(kernel, "val before = twice\nval twice = before + 1\ntwice") == "8"
    assert result(kernel, "%%python\ntwice") == "8"


def test_lines_of_errors_do_not_count_what_is_brought_in(kernel: Session) -> None:
    run(kernel, "%%python\nshift = 1")
    assert "<cell>:2: error" in failed(kernel, "val a = shift\nval b: String = shift").traceback
    assert result(kernel, "shift + 1") == "2"


def test_functions_of_earlier_cells_see_the_newest_value(kernel: Session) -> None:
    run(kernel, "val base = 1")
    run(kernel, "%%python\ndef plus(n): return base + n")
    assert result(kernel, "%%python\nplus(1)") == "2"
    run(kernel, "val base = 10")
    assert result(kernel, "%%python\nplus(1)") == "11"


def test_what_cannot_cross_says_so_where_it_is_used(kernel: Session) -> None:
    run(
        kernel,
        "%%python\nimport os\nhandle = open(os.devnull)\nadd = lambda a, b: a + b\nbig = 2**70",
    )
    assert (
        "handle is in Python and did not come over: an open file."
        in failed(kernel, "handle").traceback
    )
    assert (
        "add is in Python and did not come over: a function."
        in failed(kernel, "add(1, 2)").traceback
    )
    assert "the integer takes more than 64 bits" in failed(kernel, "big").traceback
    run(kernel, "val square = (x: Int) => x * x")
    ran = failed(kernel, "%%python\nsquare(2)")
    assert ran.reply["ename"] == "NameError"
    assert ran.text("stderr") == "square is in Scala and did not come over: a function.\n"
    shown = result(kernel, "%shared")
    line = next(line for line in shown.splitlines() if line.startswith("| handle "))
    assert line.split("|")[6].strip() == "not shareable: an open file"


def test_an_older_value_of_ones_own_is_not_used_in_silence(kernel: Session) -> None:
    run(kernel, "val mine = 1")
    run(kernel, "%%python\nmine = open(os.devnull)")
    ran = run(kernel, "mine")
    assert ran.result == "1"
    assert ran.text("stderr") == (
        "mine is in Python and did not come over: an open file. The cell used Scala's own.\n"
    )
    run(kernel, "%%python\nmine = 2")
    assert result(kernel, "mine") == "2"


def test_names_of_ones_own_are_not_hidden(kernel: Session) -> None:
    run(kernel, "val max = 7")
    assert result(kernel, "%%python\nmax([1, 2])") == "2"
    run(kernel, "%%python\nsql = 'select 1'")
    assert result(kernel, 'sql("select 2").head.getInt(0)') == "2"
    assert printed(kernel, "%share max --to python") == "max is now in Python.\n"
    assert result(kernel, "%%python\nmax") == "7"
    run(kernel, "%%python\ndel max")


def test_a_failed_cell_shares_what_it_assigned_before(kernel: Session) -> None:
    failed(kernel, "%%python\nhalf = 1\nraise ValueError\nother_half = 2")
    assert result(kernel, "half") == "1"
    failed(kernel, 'val done = 1\nval done2 = sys.error("stop"): Int')
    run(kernel, "val done2 = 5")
    assert result(kernel, "%%python\ndone2") == "5"


def test_sql_leaves_the_catalog_as_it_was(kernel: Session) -> None:
    run(kernel, "val sqlFrame = spark.range(3).toDF")
    assert "| 3 " in result(kernel, "%%sql\nselect count(*) n from SQLFRAME")
    assert result(kernel, 'spark.catalog.tableExists("sqlFrame")') == "false"
    failed(kernel, "%%sql\nselect nothing from sqlFrame")
    assert result(kernel, 'spark.catalog.tableExists("sqlFrame")') == "false"
    assert result(kernel, 'spark.conf.getOption("spark.sql.legacy.storeAnalyzedPlanForView")') in (
        "None",
        "Some(false)",
    )


def test_a_view_of_the_same_name_wins_with_a_note(kernel: Session) -> None:
    run(kernel, 'spark.range(9).createTempView("both"); val both = spark.range(1).toDF')
    ran = run(kernel, "%%sql\nselect count(*) n from both")
    assert "| 9 " in str(ran.result)
    assert "`both` is a table or view of the catalog here" in ran.text("stderr")
    run(kernel, 'spark.catalog.dropTempView("both")')
    assert "| 1 " in result(kernel, "%%sql\nselect count(*) n from both")


def test_a_view_made_of_a_shared_dataframe_outlives_the_statement(kernel: Session) -> None:
    run(kernel, "val source = spark.range(4).toDF")
    run(kernel, "%%sql\ncreate temp view kept as select id + 1 as n from source")
    assert "| 10 " in result(kernel, "%%sql\nselect sum(n) s from kept")
    run(kernel, "%%sql\ncreate or replace temp view source as select * from source where id > 1")
    assert "| 2 " in result(kernel, "%%sql\nselect count(*) n from source")
    run(kernel, 'spark.catalog.dropTempView("kept"); spark.catalog.dropTempView("source")')


def test_names_of_a_with_clause_are_the_statements_own(kernel: Session) -> None:
    run(kernel, "val cte = spark.range(4).toDF")
    assert "| 1 " in result(kernel, "%%sql\nwith cte as (select 1 n) select count(*) from cte")
    assert "| 4 " in result(kernel, "%%sql\nselect (select count(*) from cte) as n")


def test_what_sql_makes_sql_has(kernel: Session) -> None:
    run(kernel, "%%sql -o made\nselect id d from range(5)")
    assert "| 4 " in result(kernel, "%%sql\nselect max(d) m from made")
    run(kernel, "%%sql -o made\nselect d + 10 d from MADE")  # of itself, and in its place
    assert "| 14 " in result(kernel, "%%sql\nselect 1; select max(d) m from made")
    run(kernel, "%%python\nmade = made.filter('d < 13')")
    assert "| 12 " in result(kernel, "%%sql\nselect max(d) m from made")
    run(kernel, 'val made = spark.range(3).toDF("d")')
    assert "| 2 " in result(kernel, "%%sql\nselect max(d) m from made")
    run(kernel, "%%sql -o made\nselect max(d) + 5 d from made")
    assert result(kernel, "made.head.getLong(0)") == "7"
    assert "| 7 " in result(kernel, "%%sql\nselect * from made")
    run(kernel, "%%python\ndel made")
    assert "made" in failed(kernel, "%%sql\nselect * from made").reply["evalue"]


def test_what_scala_imports_stays_its_own(kernel: Session) -> None:
    run(kernel, "%%python\ncount = 5; sum = 1; col = 'x'; lit = 2; Map = 3; util = spark.range(4)")
    use = 'spark.range(4).agg(count(lit(1)), sum(col("id"))).head.getLong(1)'
    ran = run(kernel, f"import org.apache.spark.sql.functions._\n{use}")
    assert ran.result == "6"
    assert ran.text("stderr").splitlines()[0] == (
        "Python's count did not come: Scala has a count of its own (%share count --to scala "
        "brings it)."
    )
    ran = run(kernel, use)  # by the import of the cell before; once is told enough
    assert (ran.result, ran.text("stderr")) == ("6", "")
    # What Scala has everywhere; of packages values of the name are nobody's.
    assert result(kernel, "(Map(1 -> 2), util.count())") == "(Map(1 -> 2),4)"
    run(kernel, "%share col --to scala")
    assert result(kernel, "col.length") == "1"
    by_name = "import scala.util.{Random => lit}\nlit.nextInt(1)"
    assert result(kernel, by_name) == "0"


def test_what_python_imports_stays_its_own(kernel: Session) -> None:
    run(kernel, "%%python\nfrom pyspark.sql.functions import *\nfrom statistics import mean")
    run(kernel, "val mean = 3; val lower = 4; val len = 5; val fineInt = 6")
    shown = "spark.range(1).select(lower('id')).columns, mean([1, 3]), len('ab'), fineInt"
    assert result(kernel, f"%%python\n{shown}") == "(['lower(id)'], 2, 2, 6)"
    run(kernel, "%share mean --to python")
    assert result(kernel, "%%python\nmean") == "3"
    run(kernel, "%%python\nlower = 'mine'")  # an assignment is none of an import
    run(kernel, "val lower = 7")
    assert result(kernel, "%%python\nlower") == "7"
    run(
        kernel,
        "%%python\nimport builtins\nfor n in dir():\n"
        "    if getattr(globals().get(n), '__module__', '') in "
        "('pyspark.sql.functions', 'pyspark.sql.functions.builtin'): del globals()[n]",
    )


def test_sql_parameters_are_typed(kernel: Session) -> None:
    run(
        kernel,
        "%%python\nimport datetime as dt\nday = dt.date(2024, 2, 29)\n"
        'name = "it\'s"\nnums = [1, 2]',
    )
    shown = result(kernel, "%%sql\nselect :day as d, :name as s, array_contains(:nums, 2) as c")
    assert shown.splitlines()[2].split() == ["|", "date", "|", "string", "|", "boolean", "|"]
    assert shown.splitlines()[4].split() == ["|", "2024-02-29", "|", "it's", "|", "true", "|"]


def test_completion_and_inspection_know_the_names_of_others(kernel: Session) -> None:
    run(kernel, "val zebraFrame = spark.range(1).toDF")
    found = kernel.complete("%%python\nzebra|")
    assert found["matches"] == ["zebraFrame"]
    kinds = found["metadata"]["_jupyter_types_experimental"]
    assert [k["type"] for k in kinds] == ["Scala frame"]
    shown = kernel.inspect("%%python\nzebraFr|ame")["data"]["text/plain"]
    assert shown == "zebraFrame: org.apache.spark.sql.DataFrame\nshared by Scala"
    assert result(kernel, "%%python\n'zebraFrame' in globals()") == "False"


def test_the_switches(kernel: Session) -> None:
    run(kernel, "val switched = 1")
    assert printed(kernel, "%share off") == "Sharing is off.\n"
    assert failed(kernel, "%%python\nswitched").reply["ename"] == "NameError"
    assert printed(kernel, "%share on") == "Sharing is on.\n"
    assert result(kernel, "%%python\nswitched") == "1"
    assert printed(kernel, "%unshare switched") == "switched is shared no more.\n"
    ran = failed(kernel, "%%python\nswitched")
    assert "switched is in Scala and unshared" in ran.text("stderr")
    assert printed(kernel, "%share switched") == "switched is shared.\n"
    assert result(kernel, "%%python\nswitched") == "1"
    assert "No language has shared a name 'nowhere'" in failed(kernel, "%unshare nowhere").traceback


def test_kernel_data_in_python(kernel: Session) -> None:
    run(kernel, "val fromScala = Seq(1, 2)")
    assert result(kernel, "%%python\nkernel.data['fromScala']") == "[1, 2]"
    run(kernel, "%%python\nkernel.data.put('viaData', 5)")
    assert result(kernel, "viaData + 1") == "6"
    run(kernel, "%%python\ndel kernel.data['viaData']")
    failed(kernel, "viaData")


def test_kernel_data_in_scala(kernel: Session) -> None:
    run(kernel, "%%python\nfromPython = {'a': [1, 2]}\npyFrame = spark.range(4)")
    assert result(kernel, 'kernel.data.get("fromPython")') == "ListMap(a -> Vector(1, 2))"
    code = 'kernel.data.get("pyFrame").asInstanceOf[org.apache.spark.sql.DataFrame].count()'
    assert result(kernel, code) == "4"
    code = 'kernel.data.put("viaScala", Seq(1, 2)); kernel.data.get("viaScala")'
    assert result(kernel, code) == "List(1, 2)"
    assert result(kernel, "%%python\nviaScala") == "[1, 2]"
    assert result(kernel, 'kernel.data.get("viaScala")') == "List(1, 2)"
    run(kernel, "%%python\nviaScala = 'newer'")
    assert result(kernel, 'kernel.data.get("viaScala")') == "newer"
    assert result(kernel, 'kernel.data.get("nowhere")') == "null"
    assert result(kernel, 'kernel.data.containsKey("fromPython")') == "true"
    run(kernel, "val inRepl = 5")
    assert result(kernel, 'kernel.data.get("inRepl")') == "5"
    run(kernel, 'kernel.data.remove("viaScala")')
    failed(kernel, "viaScala")


def test_a_restarted_scala_has_no_names_and_gets_those_of_others_again(kernel: Session) -> None:
    run(kernel, "%%python\nstays = 1")
    run(kernel, "val lost = stays")
    run(kernel, "%restart scala")
    assert result(kernel, "stays") == "1"
    assert failed(kernel, "%%python\nlost").reply["ename"] == "NameError"


def test_a_transfer_that_is_stopped_changes_nothing(kernel: Session) -> None:
    run(kernel, "%%python\nslow = 'old'")
    run(kernel, "val slow = Seq.fill(4000000)(scala.util.Random.nextDouble)")
    sent = kernel.client.execute("%%python\nlen(slow)")
    deadline = time.monotonic() + 60
    while kernel.client.get_iopub_msg(timeout=30)["msg_type"] != "execute_input":
        assert time.monotonic() < deadline
    kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=60)
    while reply["parent_header"].get("msg_id") != sent:
        reply = kernel.client.get_shell_msg(timeout=60)
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert result(kernel, "slow.size") == "4000000"
    assert result(kernel, "%%python\nglobals()['slow']") == "'old'"
    assert result(kernel, "%%python\nlen(slow)") == "4000000"
    run(kernel, "%%python\ndel slow")
