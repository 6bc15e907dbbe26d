"""`python build.py OUT.jar`: compiles this folder with the Scala compiler that Spark carries."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from toree.companion import build, java, sparkhome

here = Path(__file__).resolve().parent
spark = sparkhome.find(os.environ.get("SPARK_HOME"))
runtime = java.find(*spark.java_range)
companion = build.companion(spark, runtime, print).jar  # has toree.magic.CellMagic
with tempfile.TemporaryDirectory() as out:
    path = os.pathsep.join([f"{spark.jars}/*", str(companion)])
    command = [str(runtime.executable), "-cp", path, "scala.tools.nsc.Main", "-usejavacp"]
    subprocess.run([*command, "-d", out, *map(str, here.glob("*.scala"))], check=True)
    with zipfile.ZipFile(sys.argv[1], "w") as jar:
        for file in Path(out).rglob("*.class"):
            jar.write(file, file.relative_to(out))
        for file in here.glob("META-INF/services/*"):
            jar.write(file, file.relative_to(here))
