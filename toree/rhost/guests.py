"""Other R packages on the companion's session: SparkR and sparklyr, for those who have them."""

from __future__ import annotations

import os
import re
import socket
import threading

from ..foreign import PySparkContext
from .results import SparkFailed


def sparkr(context: PySparkContext) -> list[str]:
    """Starts SparkR's backend inside the companion: its port, its secret, Spark's home."""
    jvm = context._jvm
    # Its threads serve from here on; `run` would only wait for their end.
    found = jvm.org.apache.spark.api.r.RBackend().init()
    home = str(jvm.System.getenv("SPARK_HOME"))
    return [str(found._1()), str(found._2().secret()), home]


def sparklyr(context: PySparkContext, jars: list[str]) -> str:
    """Starts sparklyr's backend inside the companion; the `master` for spark_connect."""
    version = ".".join(str(context.version).split(".")[:2])
    jvm = context._jvm
    scala = ".".join(str(jvm.scala.util.Properties.versionNumberString()).split(".")[:2])
    jar = _closest(jars, version, scala)
    java = jvm.java
    urls = context._gateway.new_array(java.net.URL, 1)
    urls[0] = java.io.File(jar).toURI().toURL()
    loader = java.net.URLClassLoader(urls, jvm.Thread.currentThread().getContextClassLoader())
    backend = (
        loader.loadClass("sparklyr.Backend")
        .getDeclaredConstructor(context._gateway.new_array(java.lang.Class, 0))
        .newInstance(context._gateway.new_array(java.lang.Object, 0))
    )
    port = _free_port()
    backend.setType(True, False, False, False)
    backend.setSparkContext(context._jsc.sc())
    # Where R will look for it: sparklyr's own program makes it there.
    shell = loader.loadClass("sparklyr.Shell$")
    field = shell.getDeclaredField("backend")
    field.setAccessible(True)
    field.set(shell.getField("MODULE$").get(None), backend)
    # It serves in the call itself, until sparklyr disconnects.
    arguments = (port, 1, 60)
    threading.Thread(target=backend.init, args=arguments, name="sparklyr", daemon=True).start()
    return f"sparklyr://localhost:{port}/1"


def _closest(jars: list[str], version: str, scala: str) -> str:
    """The jar to use: sparklyr ships one for each Spark and Scala, "master" for new Sparks."""

    def number(text: str) -> tuple[int, ...]:
        return (999,) if text == "master" else tuple(int(part) for part in text.split(".")[:2])

    found = [re.fullmatch(r"sparklyr-(.+)-([\d.]+)\.jar", os.path.basename(jar)) for jar in jars]
    fitting = [
        (number(match[1]), jar)
        for match, jar in zip(found, jars, strict=True)
        if match and match[2] == scala
        if match[1] == "master" or number(match[1]) <= number(version)
    ]
    if not fitting:
        raise SparkFailed(f"This sparklyr has no backend for Spark {version} with Scala {scala}.")
    return max(fitting)[1]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
