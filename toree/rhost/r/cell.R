# Runs a cell: parses it, evaluates expression by expression, shows each visible value.

# Returns a list: status ("ok", "error", "interrupted"), and for errors name, message, traceback.
#
# No handler here takes whatever has the class error: signalCondition(e), warning(e) and message(e)
# end no cell. `heard` tells what nobody handles; errors leave it through `toree_failure`. What
# jumps past all handlers, as invokeRestart("abort") does, ends at the restart.
run_cell <- function(code, label) {
  state$done <- 0L  # expressions that ran to their end
  state$expressions <- expression()
  outcome <- tryCatch(
    withRestarts(
      allowInterrupts(evaluate_cell(code, label)),
      abort = function(...) {
        list(status = "error", name = "Abort", message = "The cell was aborted.",
             traceback = "Abort: the cell was aborted.", detail = character())
      }
    ),
    interrupt = function(condition) list(status = "interrupted"),
    stackOverflowError = describe,  # no calling handler runs then
    toree_failure = function(condition) condition$failure
  )
  closing <- tryCatch(
    {
      close_page_device()
      NULL
    },
    error = describe
  )
  if (outcome$status == "ok" && !is.null(closing)) closing else outcome
}

# `source` is the running cell's text, `expressions` are what R's parser made of it.
state <- new.env(parent = emptyenv())

evaluate_cell <- function(code, label) {
  lines <- strsplit(code, "\n", fixed = TRUE)[[1L]]
  source <- srcfilecopy(label, if (length(lines)) lines else "", isFile = FALSE)
  state$source <- source
  expressions <- tryCatch(
    parse(text = code, keep.source = TRUE, srcfile = source),
    error = function(condition) {
      message <- conditionMessage(condition)
      list(status = "error", name = "SyntaxError", message = message,
           traceback = paste0("Error: ", message), detail = character())
    }
  )
  if (is.list(expressions)) return(expressions)
  # The statement lists of names.R read these after the cell.
  state$expressions <- expressions
  count <- length(expressions)
  for (i in seq_len(count)) {
    result <- withCallingHandlers(
      withVisible(eval(expressions[[i]], globalenv())),
      condition = heard
    )
    if (result$visible) {
      withCallingHandlers(
        show_value(result$value, last = i == count),
        condition = heard
      )
    }
    public$.Last.value <- result$value
    result <- NULL
    state$done <- i
  }
  list(status = "ok")
}

show_warning <- function(condition) {
  level <- getOption("warn")
  if (!is.numeric(level)) level <- 0
  if (level >= 2) return()  # R turns it into an error
  if (level >= 0) {
    call <- conditionCall(condition)
    where <- if (is.null(call) || is_own(call)) "" else paste0(" in ", call_text(call))
    text <- dQuote(conditionMessage(condition))
    cat("Warning message", where, ":\n", text, "\n", sep = "", file = stderr())  # IRkernel's words
  }
  muffle <- computeRestarts(condition)
  muffle <- Find(function(restart) restart$name == "muffleWarning", muffle)
  if (!is.null(muffle)) invokeRestart(muffle)
}

# Whether a call is the one by which evaluate_cell evaluates an expression.
is_own <- function(call) {
  is.call(call) && identical(call[[1L]], quote(eval)) && "expressions" %in% all.names(call)
}

call_text <- function(call, width = 80L) {
  text <- tryCatch(deparse(call, nlines = 2L, width.cutoff = 200L), error = function(e) "...")
  first <- text[[1L]]
  if (nchar(first) > width) paste0(substr(first, 1L, width - 4L), " ...") else first
}

# A calling handler: the stack is still there, and no handler of the user's has taken the condition.
heard <- function(condition) {
  own <- sys.nframe()
  by <- signaller(own - 1L)
  fails <- by == "stop" || (by == "" && inherits(condition, "error"))
  if (fails) {
    failure <- describe(condition, sys.calls()[seq_len(own - 1L)])
    signalCondition(structure(class = c("toree_failure", "condition"), list(failure = failure)))
  } else if (by == "warning" || (by == "" && inherits(condition, "warning"))) {
    show_warning(condition)
  }
}

# Who signals, by the frame right below a handler: "stop" for R's stop(), which does not come back
# whatever the class; "warning" and "signal" for what does; "" for R's own code.
signaller <- function(frame) {
  below <- sys.function(frame)
  if (identical(below, base::stop)) return("stop")
  if (identical(below, base::signalCondition)) {
    # rlang signals its errors, and stops with something else if nobody takes them.
    from <- if (frame > 1L) environment(sys.function(frame - 1L))
    is_rlang <- !is.null(from) && isNamespace(from) && getNamespaceName(from) == "rlang" &&
      identical(sys.call(frame - 1L)[[1L]], quote(signal_abort))
    return(if (is_rlang) "stop" else "signal")
  }
  while (frame > 1L && (identical(sys.function(frame), base::withRestarts) ||
                          text_of(sys.call(frame)[[1L]]) %in% c("withOneRestart", "doWithOneRestart"))) {
    frame <- frame - 1L
  }
  if (identical(sys.function(frame), base::warning)) "warning" else ""
}
