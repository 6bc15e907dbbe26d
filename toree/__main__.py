"""What kernel.json starts (`install.kernelspec.LAUNCH`), and by hand `python -m toree -f FILE`."""

import gc
import sys
from pathlib import Path


def main() -> None:
    """Runs the kernel until it is shut down.

    The working folder is not on the path while this is loaded: what lies beside a notebook must
    run when a cell imports it and not before. IPython puts it there for the cells.
    """
    from toree import apache

    apache.refuse()
    gc.disable()  # what is loaded stays: nothing to look for until `Beginning.loaded`
    from toree.beginning import Beginning

    beginning = Beginning.read()
    if any(argument.startswith(("-f", "--f")) for argument in sys.argv):  # and not --help
        beginning.companion.listening.clear()
        beginning.start()
    from ipykernel.kernelapp import IPKernelApp

    from toree.jupyter.kernel import ToreeKernel

    ToreeKernel.beginning = beginning
    sys.argv[0] = __file__
    try:
        IPKernelApp.launch_instance(
            kernel_class=ToreeKernel, outstream_class="toree.jupyter.output.BoundedStream"
        )
    finally:
        beginning.companion.close()  # what no kernel has taken over


if __name__ == "__main__":
    if not getattr(sys.flags, "safe_path", False) and Path(sys.path[0] or ".") == Path.cwd():
        del sys.path[0]
    main()
