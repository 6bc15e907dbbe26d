"""The shared names as a map: `kernel.data`."""

from __future__ import annotations

import pytest
from session import Session, failed, result, run

pytestmark = pytest.mark.spark


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
