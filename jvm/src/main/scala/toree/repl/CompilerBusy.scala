package toree.repl

import toree.cells.Outcome

/** The answer to a question that finds the compiler in a state it may never leave. */
final class CompilerBusy extends RuntimeException(Outcome.stuck.message)
