"""Apache Toree's magics, and those of other kernels, as their notebooks write them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from session import Session

pytestmark = pytest.mark.spark


def test_switches_say_what_toree_says(kernel: Session) -> None:
    said = {
        "%ShowTypes": "ShowTypes is currently off \n",
        "%showtypes on": "Types will be printed.\n",
        "%showtypes off": "Types will not be printed\n",
        "%ShowOutput": "ShowOutput is currently on \n",
        "%ShowOutput off": "Console output will NOT be shown.\n",
        "%ShowOutput on": "Console output WILL be shown.\n",
        "%Truncation": "Truncation is currently on \n",
        "%truncation off": "Output will NOT be truncated\n",
        "%Truncation on": "Output WILL be truncated.\n",
    }
    for line, text in said.items():
        assert kernel.run(line).text("stdout") == text


def test_output_is_hidden_and_results_are_not(kernel: Session) -> None:
    kernel.run("%ShowOutput off")
    ran = kernel.run('println("hidden"); System.err.println("seen"); 5')
    assert (ran.text("stdout"), ran.text("stderr"), ran.result) == ("", "seen\n", "5")
    assert kernel.run("%%python\nprint('hidden')").text("stdout") == ""
    kernel.run("%ShowOutput on")
    assert kernel.run("%%python\nprint('seen')").text("stdout") == "seen\n"


def test_long_values_are_cut_or_not(kernel: Session) -> None:
    query = "%%sql\nSELECT repeat('x', 60) AS a"
    assert "x" * 60 not in kernel.run(query).result
    kernel.run("%Truncation off")
    assert "x" * 60 in kernel.run(query).result
    kernel.run("%Truncation on")


def test_dataframes_in_three_forms(kernel: Session) -> None:
    kernel.run('val frame = Seq((1, "a,b"), (2, null), (3, "c")).toDF("n", "s")')
    ran = kernel.run("%%dataframe --output=csv --limit 2\nframe")
    assert ran.result == 'n,s\n1,"a,b"\n2,', ran.traceback
    ran = kernel.run('%%DataFrame --output JSON\nval few = frame.filter("n > 1")\n\nfew')
    content = ran.bundles("execute_result")[-1]["application/json"]
    assert content == {"columns": ["n", "s"], "rows": [["2", None], ["3", "c"]]}
    assert "<table" in kernel.run("%%dataframe\nframe").bundles("execute_result")[-1]["text/html"]
    kernel.run("%%python\nmine = spark.range(3)")
    assert kernel.run("%%dataframe --output csv\nmine").result == "id\n0\n1\n2"
    assert "frame.n is no DataFrame" in kernel.run(
        "%%dataframe\nframe.columns.toList"
    ).traceback.replace("frame.columns.toList", "frame.n")
    assert "usage: %%DataFrame" in kernel.run("%%dataframe").text("stdout")
    assert "toree$frame" not in str(kernel.run("%shared").bundles("execute_result"))


def test_dollars_in_sql(kernel: Session) -> None:
    kernel.run('val n = 3; val word = "it"')
    ran = kernel.run(
        "%%sql\nSELECT '$word' AS a, ${n + 1} AS b, ${n} AS c, "
        "get_json_object('{\"a\": 1}', '$.a') AS d, 'cost $5' AS e, "
        "'ab' RLIKE 'b$' AS f, '$nope' AS g"
    )
    row = [cell.strip() for cell in ran.result.splitlines()[4].strip("|").split("|")]
    assert row == ["it", "4", "3", "1", "cost $5", "true", "$nope"], ran.traceback
    kernel.run("%%python\nfrom_python = 7")
    assert "| 7 " in kernel.run("%%sql\nSELECT $from_python AS x").result


def test_magics_from_code(kernel: Session) -> None:
    assert kernel.run('kernel.magics.showTypes("")').text("stdout").startswith("ShowTypes is")
    assert "There is no file /nope.jar" in kernel.run('kernel.magics.addJar("/nope.jar")').traceback
    assert "there is no magic adJar" in kernel.run('kernel.magics.adJar("x")').traceback
    python = (
        "%%python\nkernel.magics.showTypes()\nkernel.magics.addJar('/nope.jar')\nprint('never')"
    )
    ran = kernel.run(python)
    assert "There is no file /nope.jar" in ran.traceback
    assert ran.text("stdout") == "ShowTypes is currently off \n"


def test_a_magic_that_fails_ends_a_python_cell(kernel: Session) -> None:
    ran = kernel.run("%%python\n%AddJar /nope.jar\nprint('never')")
    assert ran.reply["status"] == "error" and ran.text("stdout") == ""
    assert "There is no file /nope.jar" in ran.traceback and "File " not in ran.traceback


def test_wrong_arguments_are_pointed_at(kernel: Session) -> None:
    ran = kernel.run("%ShowTypes maybe\nval never = 1")
    assert ran.reply["ename"] == "Error parsing magics!"
    assert ran.reply["evalue"].startswith("%ShowTypes maybe\n           ^\n%ShowTypes: ")
    assert "usage: %ShowTypes [on|off]" in ran.reply["evalue"]
    assert "usage: %AddDeps GROUP ARTIFACT VERSION" in kernel.run("%AddDeps").text("stdout")
    ran = kernel.run("%AddDeps --verbose")
    assert ran.reply["evalue"].startswith("%AddDeps --verbose\n                  ^\n")
    ran = kernel.run("%AddJar a.jar --froce")
    assert ran.reply["evalue"].startswith("%AddJar a.jar --froce\n              ^\n")
    assert "not found: value never" in kernel.run("never").traceback


def test_unknown_magics_run_nothing(kernel: Session) -> None:
    ran = kernel.run("%AdJar x\nval never = 1")
    assert ran.reply["evalue"].startswith("Magics [AdJar] do not exist!\nDid you mean %AddJar? ")
    assert "not found: value never" in kernel.run("never").traceback
    ran = kernel.run("%%sqll\nSELECT 1")
    assert ran.reply["evalue"].startswith("Magic sqll does not exist!\nDid you mean %%sql? ")


def test_help(kernel: Session) -> None:
    for cell in ("%AddDeps?", "%adddeps?", "%AddDeps ?"):
        assert "--abort-on-resolution-errors" in kernel.run(cell).text("stdout")
    assert "Shows the cell's text as HTML." in kernel.run("%%html?").text("stdout")
    assert "Runs the cell as SQL." in kernel.run("%%sql?").text("stdout")
    assert "working directory" in kernel.run("%cd?").text("stdout")
    assert "Did you mean %AddJar?" in kernel.run("%AdJar?").traceback
    ran = kernel.run("%%python\n%AdJar x.jar")  # IPython's own message, and what we know
    assert "`%AdJar` not found. Did you mean %AddJar?" in ran.text("stderr"), ran
    shown = kernel.inspect("%Add|Jar x")
    assert "fetch it again" in shown["data"]["text/plain"]


def test_completion(kernel: Session, tmp_path: Path) -> None:
    (tmp_path / "one.jar").touch()
    (tmp_path / "other").mkdir()
    assert "%AddDeps" in kernel.complete("%Add|")["matches"]
    assert kernel.complete("%ShowTypes o|")["matches"] == ["off", "on"]
    assert kernel.complete("%AddDeps g:a:1 --tra|")["matches"] == ["--trace", "--transitive"]
    found = kernel.complete(f"%AddJar {tmp_path}/o|")
    assert found["matches"] == [f"{tmp_path}/one.jar", f"{tmp_path}/other/"]
    assert kernel.complete("%%dataframe --output |\nx")["matches"] == ["html", "csv", "json"]
    assert kernel.complete("%%dataframe --output=j|\nx")["matches"] == ["--output=json"]
    assert kernel.complete("%restart sc|")["matches"] == ["scala"]
    assert kernel.complete("%%configure d|")["matches"] == ["delta"]
    assert kernel.complete("%%sql -m |")["matches"] == ["take", "sample"]
    assert "--params" in kernel.complete("%%sql -o x --p|")["matches"]
    assert "SELECT" in kernel.complete("%%sql -o x\nSEL|")["matches"]
    for code in ("%%time\nspark.ran|", "%%dataframe --limit 3\nspark.ran|", "spark.ran|"):
        assert kernel.complete(code)["matches"] == ["range"], code
    assert "range" in kernel.complete("%%time\n%%python\nspark.ran|")["matches"]


def test_ipythons_magics_in_scala_cells(kernel: Session, tmp_path: Path) -> None:
    ran = kernel.run("!echo hi\n%time 6*7\n%env TOREE_TEST=1\n%%writefile\n")
    assert ran.reply["status"] == "error"  # %%writefile is no line
    count = kernel.run("1").reply["execution_count"]
    ran = kernel.run("!echo hi\n%env TOREE_TEST=1\n%time 6*7")
    assert "hi\n" in ran.text("stdout").replace("\r", "") and ran.result == "42", ran.traceback
    assert "env: TOREE_TEST=1" in ran.text("stdout") and "Wall time: " in ran.text("stdout")
    assert ran.reply["execution_count"] == count + 1
    assert kernel.run("2").reply["execution_count"] == count + 2
    ran = kernel.run("%%time\n%%sql\nSELECT 1 AS one")
    assert "| 1 " in ran.result and "Wall time: " in ran.text("stdout")
    assert kernel.run(f"%%writefile {tmp_path}/a.txt\ntext").reply["status"] == "ok"
    assert (tmp_path / "a.txt").read_text() == "text\n"
    (tmp_path / "script.py").write_text("print('from a script')\nleft = 5")
    assert kernel.run(f"%run {tmp_path}/script.py").text("stdout") == "from a script\n"
    assert kernel.run("left").result == "5"
    assert "is about Python code" in kernel.run("%timeit 1").traceback
    assert "is about Python code" in kernel.run("%%timeit\n1").traceback


def test_the_working_folder_is_everybodys(kernel: Session, tmp_path: Path) -> None:
    before = kernel.run("%%python\nimport os; print(os.getcwd())").text("stdout").strip()
    (tmp_path / "rows.json").write_text(json.dumps({"a": 41}))
    ran = kernel.run(f"%cd {tmp_path}")
    assert "Scala's java.io.File stays in" in ran.text("stdout")
    ran = kernel.run('spark.read.json("rows.json").head.getLong(0) + 1')
    assert ran.result == "42", ran.traceback
    assert kernel.run("!ls").text("stdout").split() == ["rows.json"]
    assert kernel.run("%%r\ncat(list.files())").text("stdout") == "rows.json"
    kernel.run(f"%%python\nos.chdir({before!r})")
    assert "does not exist" in kernel.run('spark.read.json("rows.json")').traceback
    ran = kernel.run(f'%cd {tmp_path}\nspark.read.json("rows.json").head.getLong(0)')
    assert ran.result == "41", ran.traceback  # in the same cell, too
    ran = kernel.run(f"%%r\n%cd {before}\ncat(getwd())")
    assert ran.text("stdout") == f"{before}\n{before}"
    ran = kernel.run("%%python\nprint('before')\n%showtypes\nprint('after')")
    assert ran.text("stdout").split() == [
        "before",
        *["ShowTypes", "is", "currently", "off", "after"],
    ]
    ran = kernel.run("%%r\n%env TOREE_R=set\ncat(Sys.getenv('TOREE_R'))")
    assert ran.text("stdout") == "env: TOREE_R=set\nset", ran.traceback
    kernel.run("%%python\ndel os.environ['TOREE_R']")
    assert kernel.run("%%r\ncat(Sys.getenv('TOREE_R', 'unset'))").text("stdout") == "unset"


@pytest.mark.r
def test_cells_for_sparkr(kernel: Session) -> None:
    """Those of Toree's own tutorial; SparkR itself is not installed."""
    ran = kernel.run("%%SparkR\ndf <- createDataFrame(spark, faithful)\nhead(df)")
    assert ran.status == "ok", ran.traceback
    assert "eruptions waiting" in ran.bundles("display_data")[-1]["text/plain"]
    kernel.run("%%SparkR\nflowers <- createDataFrame(iris)")
    assert kernel.run("%%SparkR\ncat(colnames(flowers)[1])").text("stdout") == "Sepal_Length"
    assert kernel.run("flowers.count()").result == "150"
    ran = kernel.run("%%SparkR\nprintSchema(df)")
    assert "printSchema is SparkR's, which is not installed here" in ran.reply["evalue"]
    assert "SparkR" not in kernel.run("%%r\nno_such(1)").reply["evalue"]


def test_sparksql_magic_and_sparkmagic(kernel: Session) -> None:
    ran = kernel.run(
        "%%sparksql --dataframe top -c --eager -v topview --limit 2 -f out.json -t 5\n"
        "SELECT 'abcdefgh' AS a, id FROM range(5)"
    )
    assert "abcd…" in ran.result and "first 2 rows" in ran.result, ran.traceback
    assert "| 5 " in kernel.run("%%sql\nSELECT count(*) AS n FROM topview").result
    assert kernel.run("top.storageLevel.useMemory").result == "true"
    kernel.run("top.unpersist()")
    ran = kernel.run("%%sql -o picked -q -m sample -r 0.5 -c sql\nSELECT * FROM range(1000)")
    assert ran.result is None
    ran = kernel.run("%%local\nprint(type(picked).__name__, 300 < len(picked) < 700)")
    assert ran.text("stdout") == "DataFrame True\n", ran.traceback
    ran = kernel.run("%%sql -n -1\nSELECT * FROM range(30)")
    assert "30 rows" in ran.result
    assert kernel.run("%%spark\n40 + 2").result == "42"
    assert "| 2 " in kernel.run("%%spark -c sql -o two\nSELECT 2 AS two").result
    assert kernel.run("%%scalaspark\nsc.parallelize(1 to 3).sum").result == "6.0"
    ran = kernel.run("%%init_spark\nlauncher.num_executors = 4")
    assert ran.status == "error" and "%%configure" in ran.reply["evalue"]
