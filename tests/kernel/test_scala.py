"""Scala cells, as a front end sees them."""

from __future__ import annotations

import pytest
from session import Session

pytestmark = pytest.mark.spark


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("6*7", "42"),
        ('"a string"', "a string"),
        ("sc.parallelize(List(1, 2, 3, 4)).map(_*2).reduce(_+_)", "20"),
        ("spark.range(1000).count()", "1000"),
        ("Seq(1, 2, 3).map(_ + 1)", "List(2, 3, 4)"),
        ("val a = 20\nval b = 22\na + b", "42"),
        ("1 + 1; 40 + 2", "42"),
        ("{\n  val x = 40\n  x + 2\n}", "42"),
        ("def f(n: Int): Int = if (n == 0) 0 else g(n - 1)\ndef g(n: Int) = f(n)\nf(10)", "0"),
        ("Some(1).map(\n  _ + 1\n)", "Some(2)"),
        ('implicit class Loud(s: String) { def loud = s.toUpperCase }\n"a".loud', "A"),
        ("import scala.collection.mutable\nmutable.ArrayBuffer(1).size", "1"),
        ('Seq(1, 2).toDF("x").agg(org.apache.spark.sql.functions.sum($"x")).head.getLong(0)', "3"),
        ('sql("select 1 + 1").head.getInt(0)', "2"),
        ("null", "null"),
        ('"\N{GRINNING FACE}é"', "\N{GRINNING FACE}é"),
        ("\r\n1\r\n+ 1\r\n", "1"),
        ("\tval tab = 3\n\ttab", "3"),
    ],
)
def test_results(kernel: Session, code: str, result: str) -> None:
    ran = kernel.run(code)
    assert ran.status == "ok", ran.traceback
    assert ran.result == result
    assert ran.kinds[-1] == "execute_result"


@pytest.mark.parametrize("code", ["import java.util.Date", "// nothing", "/* a */", "()", ";"])
def test_no_result(kernel: Session, code: str) -> None:
    ran = kernel.run(code)
    assert (ran.status, ran.messages) == ("ok", [])


def test_definitions_echo_as_in_toree(kernel: Session) -> None:
    ran = kernel.run("val x = 1")
    assert ran.bundles("display_data") == [{"text/plain": "x = 1\n"}]
    assert ran.result == "1"
    ran = kernel.run("case class Foo(bar: Int)")
    assert ran.bundles("display_data") == [{"text/plain": "defined class Foo\n"}]
    assert ran.result is None


def test_a_case_class_and_a_dataset_over_it_in_one_cell(kernel: Session) -> None:
    ran = kernel.run("case class T(x: Int); Seq(T(1)).toDS().collect()")
    assert ran.status == "ok", ran.traceback
    assert ran.result == "Array(T(1))"
    ran = kernel.run(
        "case class Foo(bar: Int)\n"
        "val ses = spark\n"
        "import ses.implicits._\n"
        "import org.apache.spark.sql.functions._\n"
        "val ds = spark.createDataset(Seq(Foo(1), Foo(2)))\n"
        'ds.agg(sum($"bar")).collect.head(0)'
    )
    assert ran.result == "3", ran.traceback


def test_companions_redefinition_and_closures(kernel: Session) -> None:
    ran = kernel.run(
        "case class P(x: Int)\nobject P { def two = P(2) }\nval x = 1\nval x = 2\nP.two.x + x"
    )
    assert ran.result == "4", ran.traceback
    assert kernel.run("sc.parallelize(1 to 10).map(i => P(i)).collect().length").result == "10"
    assert kernel.run("sc.parallelize(Seq(1, 2)).map(_ + x).sum").result == "7.0"


def test_a_users_own_res_name(kernel: Session) -> None:
    kernel.run("val res1 = 41")
    for _ in range(4):
        kernel.run("1 + 1")
    assert kernel.run("res1 + 1").result == "42"


def test_show_types(kernel: Session) -> None:
    assert kernel.run("%showtypes on\n1").result == "Int = 1\n"
    assert kernel.run("%showtypes off\n1").result == "1"


def test_streams_are_separate_in_order_and_before_the_reply(kernel: Session) -> None:
    ran = kernel.run(
        'println("a"); System.err.println("b"); '
        'Console.err.println("c"); System.out.println("d"); 1'
    )
    assert ran.text("stdout") == "a\nd\n"
    assert ran.text("stderr") == "b\nc\n"
    assert ran.kinds == ["stream", "stream", "stream", "execute_result"]


def test_a_hundred_thousand_lines_arrive(kernel: Session) -> None:
    ran = kernel.run('for (i <- 1 to 100000) println("line " + i)')
    assert ran.text("stdout") == "".join(f"line {i}\n" for i in range(1, 100_001))


def test_compile_error_points_at_the_line(kernel: Session) -> None:
    ran = kernel.run('val ok = 1\nval x: Int = "a"\n')
    assert (ran.status, ran.reply["ename"]) == ("error", "Compile Error")
    assert "type mismatch" in ran.reply["evalue"]
    assert ":2: error: type mismatch" in ran.traceback
    lines = ran.traceback.splitlines()
    caret = next(i for i, line in enumerate(lines) if line.strip() == "^")
    assert lines[caret - 1].strip() == 'val x: Int = "a"'
    assert lines[caret - 1][lines[caret].index("^")] == '"'
    assert ran.kinds == ["error"]


def test_nothing_runs_when_something_does_not_compile(kernel: Session) -> None:
    ran = kernel.run('println("no")\ncase class Half(x: Int)\nval y: Int = "a"')
    assert (ran.status, ran.text("stdout")) == ("error", "")


def test_syntax_errors(kernel: Session) -> None:
    ran = kernel.run("val x = (1 +")
    assert (ran.status, ran.reply["ename"]) == ("error", "Syntax Error.")
    ran = kernel.run('"never closed')
    assert ran.status == "error"
    assert kernel.run("1").result == "1"


def test_runtime_error_has_its_causes_and_the_users_frames(kernel: Session) -> None:
    kernel.run("def inner(n: Int): Int = 10 / n")
    ran = kernel.run(
        'try inner(0) catch { case e: Exception => throw new RuntimeException("up", e) }'
    )
    assert (ran.reply["ename"], ran.reply["evalue"]) == ("java.lang.RuntimeException", "up")
    assert "Caused by: java.lang.ArithmeticException: / by zero" in ran.traceback
    assert "inner" in ran.traceback
    for noise in ("$read", "$iw", "reflect", "toree.", "java.lang.Thread"):
        assert noise not in ran.traceback


def test_completion(kernel: Session) -> None:
    kernel.run("val people = Seq(1, 2)")
    found = kernel.complete("val n = 1\npeople.siz|")
    assert "size" in found["matches"]
    assert (found["cursor_start"], found["cursor_end"]) == (17, 20)
    types = found["metadata"]["_jupyter_types_experimental"]
    assert [t["type"] for t in types if t["text"] == "size"] == ["function"]
    assert "people" in kernel.complete("%ShowTypes on\npeop|")["matches"]
    assert "spark" in kernel.complete("spar|")["matches"]
    assert "x_y_z" in kernel.complete("object O { def x_y_z = 1 }; import O._; x_y|")["matches"]
    emoji = kernel.complete('val s = "\N{GRINNING FACE}"; people.hea|')
    assert emoji["cursor_start"] == len('val s = "\N{GRINNING FACE}"; people.')
    assert "%AddJar" in kernel.complete("%add|")["matches"]
    assert "%%sql" in kernel.complete("%%s|")["matches"]


def test_inspection(kernel: Session) -> None:
    kernel.run("def area(w: Double, h: Double): Double = w * h")
    found = kernel.inspect("are|a(1, 2)")
    assert found["found"]
    assert "Double" in found["data"]["text/plain"]
    assert not kernel.inspect("nothing_of_this_na|me")["found"]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("6 * 7", "complete"),
        ("case class Foo(bar: Int)", "complete"),
        ("def f(x: Int) = {\n  x + 8\n}", "complete"),
        ("case class Foo(bar: ", "incomplete"),
        ("6 * ", "incomplete"),
        ('val s = """', "incomplete"),
        ("case class Foo(bar)", "invalid"),
        ("* 6", "invalid"),
    ],
)
def test_is_complete(kernel: Session, code: str, status: str) -> None:
    assert kernel.is_complete(code)["status"] == status


def test_is_complete_indents(kernel: Session) -> None:
    assert kernel.is_complete("def f = {")["indent"] == "  "


def test_display_from_scala(kernel: Session) -> None:
    ran = kernel.run(
        'kernel.display.html("<b>x</b>"); kernel.display.javascript("1"); '
        'kernel.display.content("text/markdown", "*m*"); kernel.display.clear()'
    )
    assert ran.kinds == ["display_data"] * 3 + ["clear_output"]
    assert ran.bundles("display_data") == [
        {"text/html": "<b>x</b>"},
        {"application/javascript": "1"},
        {"text/markdown": "*m*"},
    ]


def test_stdin(kernel: Session) -> None:
    ran = kernel.run('scala.io.StdIn.readLine("name? ")', answers=["Ann"])
    assert ran.result == "Ann", ran.traceback


def test_frames_show_as_tables(kernel: Session) -> None:
    ran = kernel.run('Seq((1, "<b>"), (2, null)).toDF("id", "name")')
    [bundle] = ran.bundles("execute_result")
    assert "| id  | name   |" in bundle["text/plain"]
    assert "&lt;b&gt;" in bundle["text/html"]
    assert "<em>null</em>" in bundle["text/html"]
    more = kernel.run("spark.range(1000)").bundles("execute_result")[0]["text/plain"]
    assert more.endswith("first 20 rows, there are more")
    failing = kernel.run("spark.range(3).selectExpr(\"raise_error('boom')\")")
    assert failing.status == "error"
    assert "boom" in failing.traceback


def test_exit_is_refused(kernel: Session) -> None:
    for code in ("System.exit(1)", "sys.exit()", "Runtime.getRuntime.halt(1)"):
        ran = kernel.run(code)
        assert ran.status == "error", code
        assert "shut" in ran.traceback.lower()
    assert kernel.run("6*7").result == "42"


@pytest.mark.parametrize(
    "code",
    [
        'throw new Exception { override def toString = throw new Exception("no") }',
        'throw new Exception { override def getMessage = sys.error("no") }',
        "throw new StackOverflowError",
        'throw new NoClassDefFoundError("x")',
        "def deep(n: Int): Int = 1 + deep(n + 1)\ndeep(0)",
        "throw new scala.util.control.ControlThrowable {}",
        "???",
    ],
)
def test_what_cells_may_throw(kernel: Session, code: str) -> None:
    assert kernel.run(code).status == "error"
    assert kernel.run("6*7").result == "42"


def test_a_value_whose_to_string_throws(kernel: Session) -> None:
    ran = kernel.run('new Object { override def toString = sys.error("no text") }')
    assert "toString of" in ran.result
    assert "RuntimeException" in ran.result
    assert kernel.run("6*7").result == "42"


def test_ten_thousand_lines(kernel: Session) -> None:
    code = "\n".join(f"val many{i} = {i}" for i in range(10_000)) + "\nmany9999"
    ran = kernel.run(code, timeout=300)
    assert ran.result == "9999", ran.traceback[:2000]


def test_the_cause_in_a_task_comes_before_what_spark_made_of_it(kernel: Session) -> None:
    for job in (
        "sc.parallelize(1 to 3).map { x =>\n  10 / (x - 1)\n}.collect()",
        "val inverse = org.apache.spark.sql.functions.udf { (x: Long) =>\n  10 / (x - 1)\n}\n"
        'spark.range(3).select(inverse($"id")).collect()',
    ):
        ran = kernel.run(job)
        lines = ran.traceback.splitlines()
        assert lines[0] == "java.lang.ArithmeticException: / by zero"
        assert "(<cell>:2)" in lines[1]
        assert any(
            line.startswith("which led to org.apache.spark.SparkException") for line in lines
        )
        assert "DAGScheduler" not in ran.traceback
        assert "Queries" not in ran.traceback and "collect(" in ran.traceback
        assert "DAGScheduler" in kernel.run("%tb").text("stderr")
    refused = kernel.run('val q = "x"\nspark.sql("""select id,\n  nope from range(3)""")')
    assert "\n  nope from range(3)\n  ^^^^" in refused.traceback
    assert "did you mean" in refused.traceback.lower() and "`id`" in refused.traceback
    assert "Project" not in refused.traceback and "at <cell>:2" in refused.traceback
    wrong = kernel.run('spark.sql("select from where")')
    assert "== SQL" in wrong.traceback and "^^^" in wrong.traceback
    refused = kernel.run('spark.range(3).select("nope")')
    assert "`id`" in refused.reply["evalue"]
    assert "Project" not in refused.traceback
