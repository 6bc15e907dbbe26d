# Runs a cell: parses it, evaluates expression by expression, shows each visible value.

# Returns a list: status ("ok", "error", "interrupted"), and for errors name, message, traceback.
run_cell <- function(code, label) {
  state$done <- 0L  # expressions that ran to their end
  state$expressions <- expression()
  state$failure <- NULL
  outcome <- tryCatch(
    allowInterrupts({
      evaluate_cell(code, label)
      list(status = "ok")
    }),
    interrupt = function(condition) list(status = "interrupted"),
    error = function(condition) failure_of(condition)
  )
  closing <- tryCatch(
    {
      close_page_device()
      NULL
    },
    error = failure_of
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
      state$failure <- list(
        status = "error", name = "SyntaxError", message = conditionMessage(condition),
        traceback = character()
      )
      stop(condition)
    }
  )
  # The statement lists of names.R read these after the cell.
  state$expressions <- expressions
  count <- length(expressions)
  base <- NULL
  for (i in seq_len(count)) {
    result <- withCallingHandlers(
      withVisible(eval(expressions[[i]], globalenv())),
      warning = show_warning,
      error = note_failure
    )
    if (result$visible) {
      withCallingHandlers(
        show_value(result$value, last = i == count),
        warning = show_warning,
        error = note_failure
      )
    }
    public$.Last.value <- result$value
    result <- NULL
    state$done <- i
  }
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
  invokeRestart("muffleWarning")
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

# A calling handler: the stack is still there. It keeps the last error seen; one that the user's
# own tryCatch goes on to handle leaves a note which nothing reads.
note_failure <- function(condition) {
  calls <- sys.calls()
  frames <- seq_along(calls)
  state$failure <- describe(condition, user_calls(calls, frames))
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
  handlers <- c("note_failure", ".handleSimpleError", "h", "stop", "signalCondition",
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

failure_of <- function(condition) {
  noted <- state$failure
  if (is.null(noted)) return(describe(condition))
  if (noted$name == "SyntaxError") noted$traceback <- paste0("Error: ", noted$message)
  noted
}
