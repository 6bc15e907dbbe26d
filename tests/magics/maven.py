"""A Maven repository in a folder, served on loopback: whole, behind a password, cut, mute."""

from __future__ import annotations

import base64
import hashlib
import http.server
import subprocess
import threading
import zipfile
from collections.abc import Iterable
from pathlib import Path

from toree.companion import java, sparkhome

GROUP = "org.toree.test"

GREETER = """
package {name}
class Greeter extends Serializable {{
  def greet(whom: String): String = s"Hello, $whom, from {name}"
}}
class Files extends org.apache.hadoop.fs.RawLocalFileSystem {{
  override def getUri = java.net.URI.create("{name}:///")
  override def checkPath(path: org.apache.hadoop.fs.Path): Unit = ()
}}
"""

SOURCE = """
package one
import org.apache.spark.sql.{Row, SQLContext}
import org.apache.spark.sql.api.java.UDF1
import org.apache.spark.sql.sources.{BaseRelation, RelationProvider, TableScan}
import org.apache.spark.sql.types.StructType
class Greet extends UDF1[String, String] {
  def call(whom: String): String = new Greeter().greet(whom)
}
class DefaultSource extends RelationProvider {
  def createRelation(context: SQLContext, parameters: Map[String, String]): BaseRelation =
    new BaseRelation with TableScan {
      def sqlContext = context
      def schema = StructType.fromDDL("greeting STRING")
      def buildScan() = context.sparkContext.parallelize(Seq(Row(new Greeter().greet("table"))))
    }
}
"""


def classes(folder: Path, names: Iterable[str]) -> None:
    """Compiles a package a name, with Spark's own compiler."""
    spark = sparkhome.find(None)
    runtime = java.find(*spark.java_range)
    sources = [folder / f"{name}.scala" for name in names] + [folder / "source.scala"]
    for path in sources[:-1]:
        path.write_text(GREETER.format(name=path.stem))
    sources[-1].write_text(SOURCE)
    command = [str(runtime.executable), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
    command += ["-cp", f"{spark.jars}/*", "scala.tools.nsc.Main", "-usejavacp", "-nowarn"]
    command += ["-d", str(folder), *map(str, sources)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


class Repository:
    """Modules under `folder`; `add` writes one as a repository has it."""

    def __init__(self, folder: Path, compiled: Path) -> None:
        self.folder = folder
        self._compiled = compiled

    def add(
        self,
        artifact: str,
        version: str = "1.0",
        *,
        package: str | None = None,
        needs: Iterable[tuple[str, str]] = (),
        release: int | None = None,
        classifier: str = "",
    ) -> Path:
        """A module whose jar has one package's classes (`release`: Java's class file version)."""
        place = self.folder.joinpath(*GROUP.split("."), artifact, version)
        place.mkdir(parents=True, exist_ok=True)
        jar = place / f"{artifact}-{version}{'-' + classifier if classifier else ''}.jar"
        with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n\n")
            archive.writestr(f"{artifact}.txt", "a resource")
            for path in sorted((self._compiled / package).rglob("*.class")) if package else ():
                data = bytearray(path.read_bytes())
                if release is not None:
                    data[6:8] = release.to_bytes(2, "big")
                archive.writestr(path.relative_to(self._compiled).as_posix(), bytes(data))
        self._write_sum(jar)
        dependencies = "".join(
            f"<dependency><groupId>{GROUP}</groupId><artifactId>{name}</artifactId>"
            f"<version>{number}</version></dependency>"
            for name, number in needs
        )
        pom = place / f"{artifact}-{version}.pom"
        pom.write_text(
            "<project><modelVersion>4.0.0</modelVersion>"
            f"<groupId>{GROUP}</groupId><artifactId>{artifact}</artifactId>"
            f"<version>{version}</version><dependencies>{dependencies}</dependencies></project>"
        )
        self._write_sum(pom)
        self._list(place.parent)
        return jar

    @staticmethod
    def _write_sum(path: Path) -> None:
        path.with_name(path.name + ".sha1").write_text(hashlib.sha1(path.read_bytes()).hexdigest())

    def _list(self, module: Path) -> None:
        versions = "".join(f"<version>{p.name}</version>" for p in module.iterdir() if p.is_dir())
        metadata = module / "maven-metadata.xml"
        metadata.write_text(
            f"<metadata><groupId>{GROUP}</groupId><artifactId>{module.name}</artifactId>"
            f"<versioning><versions>{versions}</versions></versioning></metadata>"
        )
        self._write_sum(metadata)


class Server:
    """Serves a repository's folder; the attributes say how badly."""

    def __init__(self, folder: Path) -> None:
        self.user = ""  # "name:password": who may read
        self.cut = ""  # the end of the names of files of which half is sent
        self.slow = threading.Event()  # set: jars are never sent to their end
        self.asked: list[str] = []
        outer = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments: object, **options: object) -> None:
                super().__init__(*arguments, directory=str(folder), **options)  # type: ignore[arg-type]

            def do_GET(self) -> None:
                outer.asked.append(self.path)
                if outer.user and not self._may():
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="Test"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                path = Path(self.translate_path(self.path))
                half = bool(outer.cut) and self.path.endswith(outer.cut)
                slow = outer.slow.is_set() and self.path.endswith(".jar")
                if path.is_file() and (half or slow):
                    data = path.read_bytes()
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data[: len(data) // 2])
                    self.wfile.flush()
                    if slow:
                        outer.done.wait()
                    return
                super().do_GET()

            do_HEAD = http.server.SimpleHTTPRequestHandler.do_HEAD

            def _may(self) -> bool:
                given = self.headers.get("Authorization", "").removeprefix("Basic ")
                return base64.b64decode(given).decode() == outer.user

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self.done = threading.Event()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}/"

    def close(self) -> None:
        self.done.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
