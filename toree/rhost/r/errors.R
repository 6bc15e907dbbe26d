# Errors as users read them: the cause, the cell's line, their own frames. All of it is for %tb.

# `calls` are the frames below the error, outermost first; none where R has unwound them already.
describe <- function(condition, calls = list()) {
  chain <- with_causes(condition)
  root <- chain[[length(chain)]]
  call <- conditionCall(root)
  hint <- sparkr_hint(call)
  if (is_own(call)) call <- NULL
  head <- if (is.null(call)) "Error: " else paste0("Error in ", call_text(call), " : ")
  above <- rev(vapply(chain[-length(chain)], own_message, ""))
  message <- paste(c(own_message(root), hint, sprintf("which led to: %s", above)), collapse = "\n")
  frames <- user_frames(calls)
  shown <- numbered(unique_neighbours(paste0(frames$user, frames$places)))
  whole <- numbered(vapply(frames$every, call_text, "", width = 1000L))
  java <- root$detail
  folded <- length(whole) > length(shown) || length(java)
  kind <- class(condition)[[1L]]
  list(
    status = "error",
    name = if (kind %in% c("simpleError", "toree_error", "error")) "Error"
           else if (kind %in% c("spark_error", "spark_stream")) "SparkError"
           else kind,
    message = message,
    traceback = c(paste0(head, message), marked_lines(calls),
                  if (length(shown)) c("Traceback:", shortened(shown)),
                  if (folded) "(%tb shows all of it)"),
    detail = c(paste0(head, message), marked_lines(calls),
               if (length(whole)) c("Traceback:", whole), java)
  )
}

# A condition and what caused it, as rlang and dplyr keep it: the cause last.
with_causes <- function(condition) {
  chain <- list(condition)
  while (length(chain) < 20L && inherits(parent <- chain[[length(chain)]]$parent, "condition")) {
    chain <- c(chain, list(parent))
  }
  chain
}

# The message of a condition alone: rlang's would repeat those of its causes.
own_message <- function(condition) {
  text <- tryCatch(
    if (inherits(condition, "rlang_error") && isNamespaceLoaded("rlang")) {
      getExportedValue("rlang", "cnd_message")(condition, inherit = FALSE)
    } else {
      conditionMessage(condition)
    },
    error = function(e) tryCatch(conditionMessage(condition), error = function(e) "")
  )
  paste(text, collapse = "\n")
}

# The statement of the cell that failed, its line marked, and where that is in an earlier cell's
# function, the line there.
marked_lines <- function(calls) {
  places <- Filter(Negate(is.null), lapply(calls, attr, "srcref", exact = TRUE))
  files <- lapply(places, attr, "srcfile", exact = TRUE)
  in_cells <- vapply(files, function(file) identical(file$filename, "<cell>"), NA)
  here <- vapply(files, identical, NA, state$source)
  statements <- attr(state$expressions, "srcref", exact = TRUE)
  own <- if (any(here)) utils::tail(places[here], 1L)[[1L]]
         else if (state$done < length(statements)) statements[[state$done + 1L]]
  last <- if (any(in_cells)) utils::tail(which(in_cells), 1L)
  deep <- if (length(last) && !here[[last]]) places[[last]]
  c(marked(own), if (!is.null(deep)) c("in a function of an earlier cell:", marked(deep)))
}

# The lines of a place in a cell, an arrow at the first.
marked <- function(place) {
  if (is.null(place)) return()
  numbers <- seq(place[[1L]], min(place[[3L]], place[[1L]] + 4L))
  lines <- tryCatch(attr(place, "srcfile")$lines[numbers], error = function(e) NULL)
  if (is.null(lines)) return()
  arrows <- c("----> ", rep("      ", length(numbers) - 1L))
  paste0(arrows, format(numbers), " ", ifelse(is.na(lines), "", substr(lines, 1L, 200L)))
}

# The frames of the cell's code, and of them the user's: functions whose home is the global
# environment, and what they call directly; with the places of those.
user_frames <- function(calls) {
  none <- list(every = list(), user = character(), places = character())
  starts <- which(vapply(calls, function(call) identical(call[[1L]], quote(evaluate_cell)), NA))
  if (!length(starts)) return(none)
  start <- starts[[length(starts)]]
  frames <- seq_along(calls)
  parents <- sys.parents()
  own <- vapply(frames, function(i) {
    identical(topenv(environment(sys.function(i))), globalenv())
  }, NA)
  handlers <- c(".handleSimpleError", ".signalSimpleWarning", "h", "stop", "signalCondition",
                "doTryCatch", "withCallingHandlers", "withVisible", "eval")
  names <- vapply(calls, function(call) if (is.name(call[[1L]])) as.character(call[[1L]]) else "", "")
  from_user <- parents[frames] == 0L |
    (parents[frames] > start & own[pmax(1L, pmin(parents[frames], length(own)))])
  nameless <- vapply(calls, function(call) {
    is.call(call[[1L]]) && identical(call[[1L]][[1L]], quote(`function`))
  }, NA)
  user <- frames > start & (own | from_user) & !(names %in% handlers) & !nameless
  # Without evaluate_cell's own way to the code, and what R calls once it has failed.
  code <- start + which(!(utils::tail(names, -start) %in% c("withCallingHandlers", "withVisible", "eval")))
  fails <- names %in% c(".handleSimpleError", "h", "stop")
  list(
    every = if (length(code)) calls[setdiff(seq(code[[1L]], length(calls)), which(fails))] else list(),
    user = vapply(calls[user], call_text, ""),
    places = vapply(calls[user], place_of, "")
  )
}

# Generics and their methods show the same call twice.
unique_neighbours <- function(texts) {
  texts[c(TRUE, texts[-1L] != texts[-length(texts)])[seq_along(texts)]]
}

numbered <- function(texts) {
  if (length(texts)) paste0(format(seq_along(texts)), ". ", texts) else character()
}

shortened <- function(texts) {
  if (length(texts) <= 40L) return(texts)
  c(texts[1:20], paste("...", length(texts) - 40L, "more ..."), utils::tail(texts, 20L))
}

place_of <- function(call) {
  reference <- attr(call, "srcref", exact = TRUE)
  if (is.null(reference)) return("")
  paste0("   # ", attr(reference, "srcfile")$filename, ", line ", reference[[1L]])
}
