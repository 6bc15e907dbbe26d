"""Python cells: all of ipykernel, over the session Scala uses."""

from __future__ import annotations

import re

import IPython
import pytest
from session import Session

pytestmark = pytest.mark.spark


def python(kernel: Session, code: str, **options: object) -> object:
    ran = kernel.run("%%python\n" + code, **options)  # type: ignore[arg-type]
    assert ran.status == "ok", ran.traceback
    return ran.result


def test_one_session_for_both_languages(kernel: Session) -> None:
    kernel.run('spark.range(7).createOrReplaceTempView("seven"); spark.conf.set("a.b", "c")')
    assert python(kernel, "spark.table('seven').count(), spark.conf.get('a.b')") == "(7, 'c')"
    python(kernel, "spark.range(3).createOrReplaceTempView('three')")
    assert kernel.run('spark.table("three").count()').result == "3"
    same = python(kernel, "sc.applicationId")
    assert same == repr(kernel.run("sc.applicationId").result)


def test_udfs(kernel: Session) -> None:
    code = (
        "from pyspark.sql.functions import udf, pandas_udf\n"
        "import pandas as pd\n"
        "plus = udf(lambda x: x + 1, 'long')\n"
        "@pandas_udf('long')\n"
        "def twice(s: pd.Series) -> pd.Series:\n    return s * 2\n"
        "spark.udf.register('thrice', lambda x: x * 3, 'long')\n"
        "[r[0] for r in spark.range(3).select(twice(plus('id'))).collect()]"
    )
    assert python(kernel, code) == "[2, 4, 6]"
    assert kernel.run("%%sql\nselect thrice(14) as n").bundles("execute_result")
    assert kernel.run('spark.sql("select thrice(14)").head.get(0)').result == "42"


def test_frames_show_as_tables(kernel: Session) -> None:
    ran = kernel.run("%%python\nspark.createDataFrame([(1, '<b>')], 'id int, name string')")
    [bundle] = ran.bundles("execute_result")
    assert "| id  | name   |" in bundle["text/plain"]
    assert "&lt;b&gt;" in bundle["text/html"]
    failing = kernel.run("%%python\nspark.range(1).selectExpr(\"raise_error('boom')\")")
    assert "boom" in str(failing.messages)
    if IPython.version_info >= (9,):  # before, it showed a formatter's error and called it well
        assert failing.status == "error"


def test_ipython_is_whole(kernel: Session) -> None:
    assert kernel.run("%%python\n!echo from the shell").text("stdout").split() == [
        "from",
        "the",
        "shell",
    ]
    assert python(kernel, "import asyncio\nawait asyncio.sleep(0.01, 42)") == "42"
    assert "Wall time" in kernel.run("%%python\n%time 1 + 1").text("stdout")
    page = kernel.run("%%python\nlen?").reply["payload"]
    assert page[0]["source"] == "page"
    ran = kernel.run("%%python\n1 / 0")
    assert (ran.reply["ename"], ran.kinds) == ("ZeroDivisionError", ["error"])
    assert kernel.run("%%python\ninput('? ')", answers=["yes"]).result == "'yes'"


def test_plots_and_widgets(kernel: Session) -> None:
    ran = kernel.run(
        "%%python\n%matplotlib inline\nimport matplotlib.pyplot as plt\n"
        "plt.plot([1, 2]); plt.show()"
    )
    assert any("image/png" in bundle for bundle in ran.bundles("display_data"))
    ran = kernel.run("%%python\nimport ipywidgets\nipywidgets.IntSlider(3)")
    assert "comm_open" in ran.kinds
    assert "application/vnd.jupyter.widget-view+json" in ran.bundles("execute_result")[0]


def test_completion_and_inspection(kernel: Session) -> None:
    found = kernel.complete("%%python\nimport string\nstring.ascii_low|")
    assert found["matches"] == ["ascii_lowercase"] or "ascii_lowercase" in str(found["matches"])
    assert kernel.inspect("%%python\nle|n")["found"]
    assert kernel.is_complete("%%python\ndef f():")["status"] == "incomplete"


def test_toree_magics_in_python_cells(kernel: Session) -> None:
    assert "currently off" in kernel.run("%%python\n%ShowTypes").text("stdout")


def test_user_expressions_and_silence(kernel: Session) -> None:
    ran = kernel.run("%%python\nn = 41", user_expressions={"m": "n + 1"})
    assert ran.reply["user_expressions"]["m"]["data"]["text/plain"] == "42"
    before = kernel.run("1").reply["execution_count"]
    assert kernel.run("2", silent=True).messages == []
    assert kernel.run("3").reply["execution_count"] == before + 1


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "import sys; sys.exit()"])
def test_python_exits(kernel: Session, code: str) -> None:
    assert kernel.run("%%python\n" + code).reply["ename"] == "SystemExit"
    assert kernel.run("6*7").result == "42"


def test_history_is_one_for_all_languages(kernel: Session) -> None:
    kernel.run("val historic = 1")
    sent = kernel.client.history(hist_access_type="tail", n=1, raw=True)
    while True:
        reply = kernel.client.get_shell_msg(timeout=30)
        if reply["parent_header"]["msg_id"] == sent:
            break
    assert reply["content"]["history"][-1][2] == "val historic = 1"


def test_stopping_spark_is_understood_by_all(kernel: Session) -> None:
    python(kernel, "spark.stop()")
    ran = kernel.run("spark.range(5).count()")
    assert ran.result == "5", ran.traceback
    assert "fresh" in ran.text("stderr")
    assert kernel.run("%%python\nspark.range(6).count()").result == "6"
    kernel.run("spark.stop()")
    ran = kernel.run("%%python\nspark.range(7).count()")
    assert ran.result == "7", ran.traceback
    assert "fresh" in ran.text("stderr")
    ran = kernel.run("%%sql\nselect 1 as one")
    assert "one" in str(ran.result)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (
            "spark.range(3).selectExpr('1 / (id - id)', 'assert_true(id < 1)')",
            "assert_true(id < 1)",
        ),
        ("class Bad:\n    def __repr__(self): raise ValueError('no repr')\nBad()", "Bad()"),
        (
            "class Worse:\n    def _repr_html_(self): return 1 / 0\nfrom IPython.display import "
            "display\ndisplay(Worse())\nprint('on')",
            "display(Worse())",
        ),
    ],
)
def test_an_error_while_a_value_is_displayed_is_the_cells(
    kernel: Session, code: str, told: str
) -> None:
    ran = kernel.run(f"%%python\n{code}")
    assert (ran.status, ran.kinds) == ("error", ["error"])
    shown = ran.messages[0]["content"]
    for key in ("ename", "evalue", "traceback"):
        assert shown[key] == ran.reply[key]
    text = re.sub(r"\x1b\[[\d;]*m", "", ran.traceback)
    assert "NoneType" not in text
    assert told in text
    for folder in ("/toree/", "/pyspark/", "/py4j/", "/IPython/"):
        assert f"site-packages{folder}" not in text
    assert kernel.run("%%python\n1 + 1").result == "2"


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("1 / 0", "----> 2 1 / 0"),
        ("\nx = 1\n1 / 0", "----> 4 1 / 0"),
        ("   x = 1\n   1 / 0", "----> 3 1 / 0"),
        (">>> x = 1\n>>> 1 / 0", "----> 3 1 / 0"),
        ("x = = 1", "line 2\n    x = = 1"),
        ("%time 1 / 0", "----> 2 get_ipython().run_line_magic"),
        ("def f():\n  return 1 / 0\nf()", "----> 3   return 1 / 0"),
    ],
)
def test_an_error_names_the_line_of_the_whole_cell(kernel: Session, code: str, line: str) -> None:
    """As in the other languages, and as front ends number the lines."""
    text = re.sub(r"\x1b\[[\d;]*m", "", kernel.run(f"%%python\n{code}").traceback)
    assert line in text


def test_an_error_in_a_task_shows_the_cells_line_and_tb_the_rest(kernel: Session) -> None:
    kernel.run(
        "%%python\nfrom pyspark.sql.functions import udf\ndef half(x):\n    y = x - 1\n"
        "    return 10 // y\nhalved = udf(half, 'long')"
    )
    for job in ("spark.range(3).select(halved('id')).collect()", "sc.range(3).map(half).collect()"):
        ran = kernel.run(f"%%python\n{job}")
        lines = ran.reply["evalue"].splitlines()
        assert lines[0] == "ZeroDivisionError: integer division or modulo by zero"
        assert lines[1].startswith("  Cell In[") and lines[1].endswith("line 5, in half, in a task")
        assert lines[2] == "----> 5 return 10 // y"
        assert "site-packages/pyspark" not in ran.traceback
        assert "def half" not in ran.traceback  # PySpark's own frame of the task shows a wrong line
        assert ran.reply["traceback"][-1] == "(%tb shows all of it)"
        assert "/pyspark/" in kernel.run("%tb").text("stderr")


def test_tb_of_python_s_cells_is_of_the_last_error_in_any_language(kernel: Session) -> None:
    kernel.run("%%python\n1 / 0")
    assert "ZeroDivision" in kernel.run("%%python\n%tb").messages[-1]["content"]["ename"]
    kernel.run('sys.error("later")')
    told = "\n".join(kernel.run("%%python\n%tb").messages[-1]["content"]["traceback"])
    assert "later" in told and "scala.sys" in told and "ZeroDivision" not in told


def test_frames_between_those_of_libraries_are_folded(kernel: Session) -> None:
    kernel.run('val flowing = spark.readStream.format("rate").load()')
    ran = kernel.run("%%python\nflowing.toPandas()")
    assert "kernel.display.stream" in ran.reply["evalue"]
    assert "contextlib" not in ran.traceback and "StopIteration" not in ran.traceback


def test_a_refused_query_names_what_is_near(kernel: Session) -> None:
    ran = kernel.run("%%python\nspark.sql('select nope\\nfrom range(3)')")
    assert "`id`" in ran.reply["evalue"]
    assert "\n       ^^^^" in ran.reply["evalue"]
    assert "+- " not in ran.reply["evalue"]
    assert kernel.run("%%python\nint('x')").reply["evalue"].startswith("invalid literal")


def test_collections_look_at_users_objects_alone(kernel: Session) -> None:
    code = "import gc\n(gc.isenabled(), gc.get_freeze_count() > 50_000)"
    assert python(kernel, code) == "(True, True)"
