"""jupyter_kernel_test against each kernel, with its optional samples filled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, ClassVar

import jupyter_kernel_test
import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager
from jupyter_kernel_test.msgspec_v5 import validate_message

pytestmark = pytest.mark.spark
PATIENCE = 120.0  # seconds a kernel may take to answer, also on a machine with other work


class Client(BlockingKernelClient):
    """Notes what was asked last, so that an older question's late answer is told from its own."""

    asked = ""

    def _noted(self, sent: str) -> str:
        self.asked = sent
        return sent

    def execute(self, *arguments: Any, **options: Any) -> str:
        return self._noted(super().execute(*arguments, **options))

    def complete(self, *arguments: Any, **options: Any) -> str:
        return self._noted(super().complete(*arguments, **options))

    def inspect(self, *arguments: Any, **options: Any) -> str:
        return self._noted(super().inspect(*arguments, **options))

    def history(self, *arguments: Any, **options: Any) -> str:
        return self._noted(super().history(*arguments, **options))

    def is_complete(self, *arguments: Any, **options: Any) -> str:
        return self._noted(super().is_complete(*arguments, **options))

    def kernel_info(self) -> str:
        return self._noted(super().kernel_info())


class OwnReplies:
    """For its tests: each reads its own replies and no others."""

    kernel_name: ClassVar[str]
    km: ClassVar[KernelManager]
    kc: ClassVar[Client]

    @classmethod
    def setUpClass(cls) -> None:
        cls.km = KernelManager(kernel_name=cls.kernel_name, client_factory=Client)
        cls.km.start_kernel()
        cls.kc = cls.km.client()
        cls.kc.start_channels()
        cls.kc.wait_for_ready(timeout=PATIENCE)

    def get_non_kernel_info_reply(self, timeout: float | None = None) -> dict[str, Any]:
        return self._own(self.kc.get_shell_msg, self.kc.asked)

    def execute_helper(
        self, code: str, *_: Any, **options: Any
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        sent = self.kc.execute(code, **options)
        reply = self.get_non_kernel_info_reply()
        validate_message(reply, "execute_reply", sent)
        messages: list[dict[str, Any]] = []
        while True:
            message = self._own(self.kc.get_iopub_msg, sent)
            validate_message(message, message["msg_type"], sent)
            if message["content"].get("execution_state") == "idle":
                break
            if message["msg_type"] not in ("status", "execute_input"):
                messages.append(message)
        return reply, messages

    @staticmethod
    def _own(get: Any, asked: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while True:
            message = get(timeout=max(deadline - time.monotonic(), 0.1))
            if message["parent_header"].get("msg_id") == asked:
                return dict(message)


def test_a_late_answer_is_not_the_next_question_s() -> None:
    answers = iter([{"parent_header": {"msg_id": name}, "of": name} for name in ("late", "own")])
    assert OwnReplies._own(lambda timeout: next(answers), "own")["of"] == "own"


@pytest.fixture(scope="module", autouse=True)
def _specs(specs: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The kernels are installed before the classes below start them; their history is new."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        yield


class ScalaKernel(OwnReplies, jupyter_kernel_test.KernelTests):
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


class PythonKernel(OwnReplies, jupyter_kernel_test.KernelTests):
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


class SqlKernel(OwnReplies, jupyter_kernel_test.KernelTests):
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
class RKernel(OwnReplies, jupyter_kernel_test.KernelTests):
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
