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
             traceback = "Abort: the cell was aborted.")
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

state <- new.env(parent = emptyenv())

evaluate_cell <- function(code, label) {
  lines <- strsplit(code, "\n", fixed = TRUE)[[1L]]
  source <- srcfilecopy(label, if (length(lines)) lines else "", isFile = FALSE)
  expressions <- tryCatch(
    parse(text = code, keep.source = TRUE, srcfile = source),
    error = function(condition) {
      message <- conditionMessage(condition)
      list(status = "error", name = "SyntaxError", message = message,
           traceback = paste0("Error: ", message))
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
    failure <- describe(condition, user_calls(sys.calls(), seq_len(own - 1L)))
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

# The user's frames: functions whose home is the global environment, and what they call directly.
user_calls <- function(calls, frames) {
  start <- 0L
  for (i in frames) if (identical(calls[[i]][[1L]], quote(evaluate_cell))) start <- i
  if (start == 0L) return(character())
  own <- vapply(frames, function(i) {
    identical(topenv(environment(sys.function(i))), globalenv())
  }, logical(1L))
  parents <- sys.parents()
  shown <- character()
  handlers <- c(".handleSimpleError", ".signalSimpleWarning", "h", "stop", "signalCondition",
                "doTryCatch", "withCallingHandlers", "withVisible", "eval")
  for (i in frames[frames > start]) {
    call <- calls[[i]]
    name <- if (is.name(call[[1L]])) as.character(call[[1L]]) else ""
    parent <- parents[[i]]
    from_user <- parent == 0L || (parent > start && parent <= length(own) && own[[parent]])
    if (!(own[[i]] || from_user) || name %in% handlers ||
          (is.call(call[[1L]]) && identical(call[[1L]][[1L]], quote(`function`)))) next
    shown <- c(shown, paste0(call_text(call), place_of(call)))
  }
  # Generics and their methods show the same call twice.
  shown <- shown[c(TRUE, shown[-1L] != shown[-length(shown)])[seq_along(shown)]]
  if (length(shown) > 40L) {
    shown <- c(shown[1:20], paste("...", length(shown) - 40L, "more ..."), utils::tail(shown, 20L))
  }
  shown
}

place_of <- function(call) {
  reference <- attr(call, "srcref", exact = TRUE)
  if (is.null(reference)) return("")
  paste0("   # ", attr(reference, "srcfile")$filename, ", line ", reference[[1L]])
}

describe <- function(condition, calls = character()) {
  message <- tryCatch(conditionMessage(condition), error = function(e) "")
  call <- conditionCall(condition)
  if (is_own(call)) call <- NULL
  kind <- class(condition)[[1L]]
  head <- if (is.null(call)) "Error: " else paste0("Error in ", call_text(call), " : ")
  lines <- paste0(head, paste(message, collapse = "\n"))
  if (length(calls)) {
    lines <- c(lines, "Traceback:", paste0(format(seq_along(calls)), ". ", calls))
  }
  list(
    status = "error",
    name = if (kind %in% c("simpleError", "toree_error", "error")) "Error"
           else if (kind == "spark_error") "SparkError"
           else kind,
    message = paste(message, collapse = "\n"),
    traceback = lines
  )
}
