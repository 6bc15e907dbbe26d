"""IPython's shell of a private workspace: names and numbers of its own, in the one process."""

from __future__ import annotations

import atexit
import sys
import types
from collections.abc import Callable

from ipykernel.ipkernel import IPythonKernel
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.builtin_trap import BuiltinTrap
from IPython.core.history import HistoryManager

from ..foreign import IPythonShell, Jupyter
from .shell import keep_little


class _Still(BuiltinTrap):  # type: ignore[misc,unused-ignore]
    """Leaves builtins alone: those of the main shell stay in force while others run."""

    def activate(self) -> None: ...

    def deactivate(self) -> None: ...


class PrivateShell(ZMQInteractiveShell):  # type: ignore[misc,unused-ignore]
    """A shell beside the main one. What it would change for the whole process stays as it is."""

    def init_sys_modules(self) -> None:
        """`__main__` is the main shell's; what is defined here is pickled by value all the same."""

    def init_history(self) -> None:
        # In memory: the file is the main shell's.
        manager: Jupyter = HistoryManager(shell=self, parent=self, enabled=False)
        self.history_manager = manager
        self.configurables.append(manager)

    def init_builtins(self) -> None:
        super().init_builtins()
        self.builtin_trap = _Still(shell=self)

    def ask_exit(self) -> None:
        print("exit() ends no session here: %session --end NAME does.", file=sys.stderr)


class Displayed:
    """`sys.displayhook` once there are several shells: the value goes to the one whose cell runs.

    A shell sets the hook for as long as its cell runs, for all threads.
    """

    def __init__(self, shell: Callable[[], IPythonShell]) -> None:
        self._shell = shell

    def __call__(self, value: object) -> None:
        self._shell().displayhook(value)


def share(main: Jupyter, shell: Callable[[], IPythonShell]) -> Displayed:
    """Prepares the main shell for others beside it; what theirs are to use as their hook."""
    hook = Displayed(shell)
    main.builtin_trap.__enter__()  # for good
    main.display_trap.hook = main.display_trap.old_hook = sys.displayhook = hook
    return hook


def opened(kernel: IPythonKernel, hook: Displayed) -> Jupyter:
    shell: IPythonShell = PrivateShell(
        parent=kernel,
        profile_dir=kernel.profile_dir,
        user_module=types.ModuleType("__main__"),
        kernel=kernel,
        compiler_class=kernel.compiler_class,
    )
    keep_little(shell)
    atexit.unregister(shell.atexit_operations)
    for sends in (shell.displayhook, shell.display_pub):
        sends.session, sends.pub_socket = kernel.session, kernel.iopub_socket
    shell.displayhook.topic = kernel._topic("execute_result")
    shell.display_trap.hook = shell.display_trap.old_hook = hook
    return shell


def closed(shell: IPythonShell) -> None:
    """Lets go of what the cells have made."""
    shell.user_ns.clear()
    shell.user_ns_hidden.clear()
    shell.history_manager.output_hist.clear()
    shell.events.callbacks = {name: [] for name in shell.events.callbacks}
