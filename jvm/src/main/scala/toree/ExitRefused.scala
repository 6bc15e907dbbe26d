package toree

/** The answer to `System.exit` and its kin in a cell. */
final class ExitRefused(status: Int)
    extends RuntimeException(
      s"exit($status) is not carried out: it would end the kernel for all languages. " +
        "Shut the kernel down or restart it from the notebook's Kernel menu."
    )
