"""jupyter_kernel_test against each kernel, with its optional samples filled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import jupyter_kernel_test
import pytest

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module", autouse=True)
def _specs(specs: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The kernels are installed before the classes below start them; their history is new."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        yield


class ScalaKernel(jupyter_kernel_test.KernelTests):
    kernel_name = "toree_scala"
    language_name = "scala"
    file_extension = ".scala"
    code_hello_world = 'println("hello, world")'
    code_stderr = 'System.err.println("oops")'
    code_page_something = ""
    code_generate_error = "1 / 0"
    code_execute_result: ClassVar = [
        {"code": "1+2+3", "result": "6"},
        {"code": "6*7", "result": "42"},
    ]
    code_display_data: ClassVar = [
        {"code": 'kernel.display.html("<b>x</b>")', "mime": "text/html"},
    ]
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "search")
    code_inspect_sample = "spark"
    code_clear_output = "kernel.display.clear()"
    completion_samples: ClassVar = [
        {"text": "spar", "matches": {"spark"}},
        {"text": "object O { def x_y_z = 1 }; import O._; x_y", "matches": {"x_y_z"}},
    ]
    complete_code_samples: ClassVar = ["6 * 7", "def f(x: Int) = {\n  x + 8\n}"]
    incomplete_code_samples: ClassVar = ["case class Foo(bar: ", "6 * "]
    invalid_code_samples: ClassVar = ["case class Foo(bar)", "* 6"]


class PythonKernel(jupyter_kernel_test.KernelTests):
    kernel_name = "toree_pyspark"
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('oops', file=sys.stderr)"
    code_page_something = "zip?"
    code_generate_error = "raise ValueError('x')"
    code_execute_result: ClassVar = [
        {"code": "1+2+3", "result": "6"},
        {"code": "6*7", "result": "42"},
    ]
    code_display_data: ClassVar = [
        {
            "code": "from IPython.display import HTML, display; display(HTML('x'))",
            "mime": "text/html",
        }
    ]
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "search")
    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"
    completion_samples: ClassVar = [{"text": "zi", "matches": {"zip"}}]
    complete_code_samples: ClassVar = ["1", "print('hello, world')"]
    incomplete_code_samples: ClassVar = ["print('''hello", "def f():"]
    invalid_code_samples: ClassVar = ["import = 7q"]


class SqlKernel(jupyter_kernel_test.KernelTests):
    kernel_name = "toree_sql"
    language_name = "sql"
    file_extension = ".sql"
    code_generate_error = "select nothing_here"
    code_execute_result: ClassVar = [
        {
            "code": "select 42 as x",
            "result": "+-----+\n| x   |\n| int |\n+-----+\n| 42  |\n+-----+\n1 row",
        }
    ]
    code_history_pattern = "select 4*"
    supported_history_operations = ("tail", "search")
    code_inspect_sample = "count"
    completion_samples: ClassVar = [{"text": "SELE", "matches": {"SELECT"}}]
    complete_code_samples: ClassVar = ["select 1"]
    incomplete_code_samples: ClassVar = ["select 'open"]


@pytest.mark.r
class RKernel(jupyter_kernel_test.KernelTests):
    kernel_name = "toree_sparkr"
    language_name = "R"
    file_extension = ".r"
    code_hello_world = 'cat("hello, world\\n")'
    code_stderr = 'message("oops")'
    code_generate_error = 'stop("x")'
    code_display_data: ClassVar = [  # values too: what IRkernel's front ends expect
        {"code": "6*7", "mime": "text/plain"},
        {"code": "1:3", "mime": "text/html"},
        {"code": "1:3", "mime": "text/latex"},
        {"code": "plot(1:3)", "mime": "image/png"},
        {"code": 'IRdisplay::display_html("<b>x</b>")', "mime": "text/html"},
    ]
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "search")
    code_inspect_sample = "print"
    code_clear_output = "IRdisplay::clear_output()"
    completion_samples: ClassVar = [
        {"text": "zi", "matches": {"zip"}},
        {"text": "version$plat", "matches": {"version$platform"}},
    ]
    complete_code_samples: ClassVar = ["1", "print('hello, world')"]
    incomplete_code_samples: ClassVar = ["print('hello", "f <- function(x) {"]
    invalid_code_samples: ClassVar = ["a <- = 2", "f(}"]
