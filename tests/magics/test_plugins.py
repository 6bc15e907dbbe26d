"""Magics and listeners of others: in Python, in jars, broken ones."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from session import Session

from toree.companion import build, java, sparkhome

pytestmark = pytest.mark.spark

PYTHON = '''
import asyncio
from toree.interpreters.base import Failed, Ok
from toree.magics import Event, cell_magic, line_magic, listener

heard = []

@line_magic("Greet", "NAME", lambda parser: parser.add_argument("name"))
def greet(context, arguments):
    """Greets somebody."""
    context.output.stream("stdout", f"Hello, {arguments.name}, in {context.language}\\n")

@line_magic("Slowly")
async def slowly(context, arguments):
    await asyncio.sleep(0.05)
    return Ok({"text/plain": "slowly"})

@line_magic("Fails")
def fails(context, arguments):
    return Failed("NoLuck", "not today", ["NoLuck: not today"])

@line_magic("Only", languages=["sql"])
def only(context, arguments):
    """For SQL cells."""

@cell_magic("Shout", raw=True)
def shout(context, arguments):
    return {"text/plain": context.body.upper()}

@line_magic("Known", "NAME", lambda parser: parser.add_argument("name"), safe=True)
def known(context, arguments):
    heard.append(("known", arguments.name, context.completing))
    context.host.shell.user_ns[arguments.name] = {"some": 1}
    context.output.stream("stdout", "known\\n")

@line_magic("Unsafe", "NAME", lambda parser: parser.add_argument("name"))
def unsafe(context, arguments):
    context.host.shell.user_ns[arguments.name] = {"some": 1}

@listener("preRunCell")
def before(event):
    heard.append((event.kind, event.language))

@listener("postRunCell")
def after(event):
    heard.append((event.kind, type(event.result).__name__))
'''

ADDED = "Added %Greet, %Slowly, %Fails, %Only, %%Shout, %Known, %Unsafe\n"

JVM = """
package plugged
import java.util.{Collections, Map => JMap}
import toree.Kernel
import toree.magic.{CellMagic, LineMagic, Listener}

class Twice extends LineMagic {
  def name = "Twice"
  override def description = "Says it twice."
  override def usage = "TEXT"
  override def execute(arguments: String, kernel: Kernel): JMap[String, String] = {
    if (arguments == "boom") throw new IllegalArgumentException("no boom")
    println(arguments)
    Collections.singletonMap("text/plain", arguments + arguments)
  }
}
class Count extends CellMagic {
  def name = "CountRows"
  override def execute(arguments: String, body: String, kernel: Kernel): JMap[String, String] =
    Collections.singletonMap("text/plain", kernel.sparkSession.sql(body).count().toString)
}
class Broken extends LineMagic {
  throw new IllegalStateException("not today")
  def name = "Broken"
}
class Ears extends Listener {
  override def preRunCell(code: String): Unit = Ears.heard = Ears.heard :+ s"pre $code"
  override def postRunCell(code: String, succeeded: Boolean): Unit =
    Ears.heard = Ears.heard :+ s"post $succeeded"
  override def sparkReady(kernel: Kernel): Unit = Ears.heard = Ears.heard :+ "ready"
  override def sessionEnded(): Unit = Ears.heard = Ears.heard :+ "ended"
}
object Ears { @volatile var heard = List.empty[String] }
"""

OLD = """
package old
import org.apache.toree.magic.{CellMagic, LineMagic, MagicOutput}
import org.apache.toree.magic.dependencies.{IncludeKernel, IncludeOutputStream}

class OldLine extends LineMagic with IncludeKernel with IncludeOutputStream {
  override def execute(code: String): Unit =
    outputStream.write(s"old $code ${kernel.sparkContext.isLocal}\\n".getBytes)
}
class OldCell extends CellMagic {
  override def execute(code: String): MagicOutput = MagicOutput("text/html" -> s"<b>$code</b>")
}
"""


@pytest.fixture(scope="module")
def jars(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A jar of today's magics and one of Apache Toree's, compiled as their authors would."""
    folder = tmp_path_factory.mktemp("plugins")
    spark = sparkhome.find(os.environ.get("SPARK_HOME"))
    runtime = java.find(*spark.java_range)
    companion = build.companion(spark, runtime, print).jar
    services = {
        "LineMagic": "plugged.Broken\nplugged.Twice\n",
        "CellMagic": "plugged.Count\n",
        "Listener": "plugged.Ears\n",
    }
    made = {}
    for name, source in (("plugged", JVM), ("old", OLD)):
        (folder / f"{name}.scala").write_text(source)
        (folder / name).mkdir()
        command = [str(runtime.executable), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        command += ["-cp", f"{spark.jars}/*{os.pathsep}{companion}", "scala.tools.nsc.Main"]
        command += ["-usejavacp", "-nowarn", "-d", str(folder / name), f"{folder}/{name}.scala"]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        made[name] = folder / f"{name}.jar"
        with zipfile.ZipFile(made[name], "w") as archive:
            for path in (folder / name).rglob("*.class"):
                archive.write(path, path.relative_to(folder / name))
            if name == "plugged":
                for kind, text in services.items():
                    archive.writestr(f"META-INF/services/toree.magic.{kind}", text)
    return made


def test_a_module_of_magics(kernel: Session, tmp_path: Path) -> None:
    (tmp_path / "mymagics.py").write_text(PYTHON)
    kernel.run(f"%%python\nimport sys; sys.path.insert(0, {str(tmp_path)!r})")
    ran = kernel.run("%load_magics mymagics")
    assert ran.text("stdout") == ADDED, ran.traceback
    assert kernel.run("%greet Ann").text("stdout") == "Hello, Ann, in scala\n"
    assert kernel.run("%%python\n%greet Bo").text("stdout") == "Hello, Bo, in python\n"
    assert kernel.run("%Slowly").result == "slowly"
    ran = kernel.run("%%python\n%slowly\nprint('after')")
    assert ran.bundles("display_data")[0] == {"text/plain": "slowly"}
    assert ran.text("stdout") == "after\n"
    ran = kernel.run("%%python\n%fails\nprint('never')")
    assert ran.reply["ename"] == "NoLuck" and ran.text("stdout") == ""
    assert kernel.run("%fails\n1").reply["ename"] == "NoLuck"
    assert kernel.run("%%shout\nhello").result == "HELLO"
    assert "%Only is a magic of sql" in kernel.run("%only").traceback
    assert kernel.run("%%sql\n%only").reply["status"] == "ok"
    assert "Greets somebody." in kernel.run("%lsmagic").text("stdout")
    assert "Did you mean %Greet?" in kernel.run("%gret").traceback
    kernel.run("%%sql\nSELECT 1")
    heard = kernel.run("%%python\nimport mymagics; print(mymagics.heard[-3:])").text("stdout")
    assert heard == "[('preRunCell', 'sql'), ('postRunCell', 'Ok'), ('preRunCell', 'python')]\n"


def test_a_magic_that_is_safe_runs_while_a_cell_is_completed(kernel: Session) -> None:
    """Runs after the test above. Each wording runs once, unseen, and only above the cursor."""
    heard = "%%python\n[one for one in mymagics.heard if one[0] == 'known']"
    assert kernel.complete("%%python\n%known ahead\nahe|")["matches"] == ["ahead"]
    kernel.complete("%%python\n%known ahead\nahead.|")
    assert kernel.run(heard).result == "[('known', 'ahead', True)]"
    for cell in (
        "%%python\nnever|\n%known never",
        "%%python\n%unsafe never\nnever|",
        "%%python\n'''\n%known never\n'''\nnever|",
    ):
        assert kernel.complete(cell)["matches"] == []
    found = kernel.complete('%known third\nval x = 1\n"a".toUpper|')["matches"]  # in Scala, too
    assert "toUpperCase" in found
    assert "('known', 'third', True)" in kernel.run(heard).result
    assert kernel.run("%%python\n%known ahead\nahead").text("stdout") == "known\n"
    assert kernel.complete("%onl|")["matches"] == []  # for SQL cells
    assert kernel.complete("%%sql\n%onl|")["matches"] == ["%Only"]


def test_a_module_without_magics(kernel: Session) -> None:
    assert "there is no magic in it" in kernel.run("%load_magics json").traceback
    assert "can't be imported" in kernel.run("%load_magics no_such_module").traceback
    assert "is not an IPython extension" in kernel.run("%load_ext json").traceback
    assert "is not an IPython extension" in kernel.run("%%python\n%load_ext json").traceback
    ran = kernel.run("%load_ext autoreload\n%autoreload 2")  # IPython's, for short
    assert ran.status == "ok", ran.traceback


def test_a_jar_of_magics(kernel: Session, jars: dict[str, Path]) -> None:
    ran = kernel.run(f"%AddJar --magic {jars['plugged']}")
    assert "Added %Twice, %%CountRows\n" in ran.text("stdout"), ran.traceback
    assert "plugged.Broken" in ran.text("stderr") and "not today" in ran.text("stderr")
    ran = kernel.run("%twice ab")
    assert (ran.result, ran.text("stdout")) == ("abab", "ab\n"), ran.traceback
    assert kernel.run("%%python\n%twice cd").bundles("display_data") == [{"text/plain": "cdcd"}]
    assert kernel.run("%twice boom").reply["evalue"] == "no boom"
    assert kernel.run("%%countrows\nSELECT * FROM range(7)").result == "7"
    assert "Says it twice." in kernel.run("%twice?").text("stdout")
    kernel.run("val marked = 1")
    ran = kernel.run('plugged.Ears.heard.takeRight(3).mkString(", ")')
    assert "pre val marked = 1, post true, pre " in ran.result
    kernel.run("%restart spark")
    kernel.run("spark.range(1).count()")
    ran = kernel.run('plugged.Ears.heard.filterNot(_.startsWith("p")).mkString(", ")')
    assert ran.result == "ended, ready"


def test_a_jar_made_for_apache_toree(kernel: Session, jars: dict[str, Path]) -> None:
    ran = kernel.run(f"%AddJar --magic {jars['old']}")
    assert ran.reply["status"] == "ok" and "%OldLine" in ran.text("stdout"), ran.text("stderr")
    assert kernel.run("%oldline x").text("stdout") == "old x true\n"
    assert kernel.run("%%oldcell\nbold").bundles("execute_result") == [{"text/html": "<b>bold</b>"}]


def test_a_jar_compiled_against_apache_toree(kernel: Session) -> None:
    """Against its release 0.5.0, by Scala 2.12: what loads, works; the rest is told precisely."""
    ran = kernel.run(f"%AddJar --magic {Path(__file__).parent / 'old' / 'magics.jar'}")
    lines = [line for line in ran.text("stderr").splitlines() if line.startswith("madefortoree.")]
    told = {line.split(",")[0]: line for line in lines}
    assert "dependencies.IncludeInterpreter" in told["madefortoree.OfInterpreter"]
    assert "ArgumentParsingSupport" in told["madefortoree.OfArguments"]
    assert "toree.magic.Listener is told them" in told["madefortoree.Listens"]
    assert len(told) == 3 and "%HelloToree" in ran.text("stdout")
    ran = kernel.run("%hellotoree Ann")
    assert ran.text("stdout") == ("Hello, Ann, true, HelloToree\nMap(text/plain -> 42)\nsent\n"), (
        ran.traceback
    )
    assert ran.bundles("display_data") == [{"text/html": "<i>Ann</i>"}]
    assert kernel.run('kernel.data.get("greeted")').result == "Ann"
    assert "KernelLike.config()" in kernel.run("%ofconfiguration").traceback
    ran = kernel.run("%%boldtoree\nx")
    if ran.status == "error":
        assert "it was compiled for another Scala than 2.13" in ran.reply["evalue"]
    else:
        assert ran.bundles("execute_result") == [{"text/html": "<b>x</b>"}]
