"""`python -m toree -f CONNECTION_FILE`: what kernel.json starts."""

from ipykernel.kernelapp import IPKernelApp

from toree.jupyter.kernel import ToreeKernel

if __name__ == "__main__":
    IPKernelApp.launch_instance(
        kernel_class=ToreeKernel, outstream_class="toree.jupyter.output.BoundedStream"
    )
