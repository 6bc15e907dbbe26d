# Which names a cell assigns and which it reads, by R's own parser: for shared names.

global_names <- function() ls(globalenv(), all.names = FALSE, sorted = FALSE)

text_of <- function(e) if (is.name(e)) as.character(e) else ""

# The variable that `x[i]$y <- value` changes.
target_of <- function(e) {
  while (is.call(e) && length(e) > 1L) e <- e[[2L]]
  if (is.name(e)) as.character(e) else if (is.character(e) && length(e) == 1L) e else character()
}

quoting <- c("quote", "bquote", "expression", "substitute", "function", "local", "~",
             "::", ":::", "library", "require", "Quote")
branching <- c("if", "for", "while", "repeat", "switch", "&&", "||")
assigning <- c("<-", "<<-", "=")

# list(always =, maybe =): names an expression assigns at top level, surely or perhaps.
assignments <- function(e, sure = TRUE) {
  always <- maybe <- character()
  note <- function(name, sure) {
    if (sure) always <<- c(always, name) else maybe <<- c(maybe, name)
  }
  visit <- function(e, sure) {
    if (missing(e) || !is.call(e)) return(invisible())
    head <- text_of(e[[1L]])
    if (head %in% quoting) return(invisible())
    if (head %in% assigning && length(e) == 3L) {
      note(target_of(e[[2L]]), sure)
      visit(e[[3L]], sure)
      return(invisible())
    }
    if (head == "for") note(text_of(e[[2L]]), FALSE)
    if (head == "assign" && length(e) == 3L) note(target_of(e[[2L]]), sure)
    inside <- sure && head %in% c("{", "(", "invisible", "print")
    if (head == "if" && sure) {
      visit(e[[2L]], TRUE)
      for (part in as.list(e)[-(1:2)]) visit(part, FALSE)
      return(invisible())
    }
    for (i in seq_along(e)) if (i > 1L || is.call(e[[1L]])) {
      # A variable that holds an empty argument, as in `x[, 1]`, can't be looked at.
      if (!identical(e[[i]], quote(expr = ))) visit(e[[i]], inside)
    }
    invisible()
  }
  visit(e, sure)
  list(always = unique(always), maybe = unique(maybe))
}

# Names whose values must be looked at before and after, to see whether they were assigned.
names_to_watch <- function(code) {
  expressions <- tryCatch(parse(text = code, keep.source = FALSE), error = function(e) NULL)
  # The sure ones too: the cell may fail before it gets to them.
  plain_globals(unique(unlist(lapply(expressions, assignments))))
}

plain_globals <- function(names) {
  Filter(function(name) {
    nzchar(name) && exists(name, globalenv(), inherits = FALSE) && !bindingIsActive(as.name(name), globalenv())
  }, as.character(names))
}

# `before`: all global names before the cell; `changed`: watched names with another value now.
# Those that came by `kernel$data` are called "common" in the result.
assigned_names <- function(before, changed) {
  now <- global_names()
  done <- utils::head(state$expressions, state$done)
  always <- unlist(lapply(done, function(e) assignments(e)$always))
  found <- c(changed, setdiff(now, before), setdiff(before, now), always)
  given <- state$given
  found <- unique(c(found[found %in% c(now, before)], given))
  state$given <- NULL
  found <- found[!startsWith(found, ".")]
  stats::setNames(found, ifelse(found %in% given, "common", ""))
}

# Names that `code` reads before it assigns them, itself or through functions of earlier cells.
references <- function(code) {
  expressions <- tryCatch(parse(text = code, keep.source = FALSE), error = function(e) NULL)
  named <- free_names(as.list(expressions))
  found <- named$free
  seen <- character()
  todo <- unlist(named)
  while (length(todo)) {
    seen <- c(seen, todo)
    functions <- mget(todo, globalenv(), mode = "function", ifnotfound = list(NULL))
    own <- Filter(function(f) identical(environment(f), globalenv()), functions)
    inner <- lapply(own, function(f) free_names(list(call("function", formals(f), body(f)))))
    found <- c(found, unlist(lapply(inner, `[[`, "free")))
    todo <- setdiff(unlist(inner), seen)
  }
  unique(as.character(found))
}

# Those of `names` that R has itself and nothing is to hide: functions of the user's, what attached
# packages and data hold, and those that `code` attaches. The packages R always attaches do not
# count: who would find another name than `df` or `data`?
own_names <- function(names, code) {
  ours <- c(".GlobalEnv", "Autoloads", "toree", "CheckExEnv", "package:base",
            paste0("package:", c("methods", "datasets", "utils", "grDevices", "graphics", "stats")))
  places <- lapply(setdiff(search(), ours), as.environment)
  exports <- unlist(lapply(attached_by(code), exports_of))
  Filter(function(name) {
    exists(name, globalenv(), mode = "function", inherits = FALSE) || name %in% exports ||
      any(vapply(places, function(place) exists(name, place, inherits = FALSE), logical(1L)))
  }, names)
}

# Packages that `code` attaches, by name.
attached_by <- function(code) {
  expressions <- tryCatch(parse(text = code, keep.source = FALSE), error = function(e) NULL)
  found <- character()
  visit <- function(e) {
    if (!is.call(e)) return()
    if (text_of(e[[1L]]) %in% c("library", "require") && length(e) > 1L) {
      what <- e[[2L]]
      if (is.name(what) || is.character(what)) found <<- c(found, as.character(what)[[1L]])
    }
    for (part in as.list(e)[-1L]) if (!identical(part, quote(expr = ))) visit(part)
  }
  for (e in as.list(expressions)) visit(e)
  unique(found)
}

# What a package exports, without loading it.
exports_of <- function(package) {
  file <- system.file("Meta", "nsInfo.rds", package = package)
  if (!nzchar(file)) return(character())
  declared <- readRDS(file)
  objects <- file.path(dirname(dirname(file)), "R", paste0(package, ".rdx"))
  matching <- if (length(declared$exportPatterns) && file.exists(objects)) {
    every <- names(readRDS(objects)$variables)
    unlist(lapply(declared$exportPatterns, grep, every, value = TRUE))
  }
  c(declared$exports, matching)
}

# `free`: variables read before they are assigned; `called`: functions by name.
free_names <- function(expressions) {
  free <- called <- character()
  scan <- function(e, bound) {
    if (missing(e) || identical(e, quote(expr = ))) return(bound)
    if (is.name(e)) {
      name <- as.character(e)
      if (!name %in% bound) free <<- c(free, name)
      return(bound)
    }
    if (is.expression(e)) {
      for (part in as.list(e)) bound <- scan(part, bound)
      return(bound)
    }
    if (!is.call(e)) return(bound)
    head <- text_of(e[[1L]])
    called <<- c(called, head)
    arguments <- as.list(e)[-1L]
    if (head %in% assigning && length(arguments) == 2L) {
      left <- arguments[[1L]]
      bound <- scan(arguments[[2L]], bound)
      if (is.call(left)) bound <- scan(left, bound)
      return(union(bound, target_of(left)))
    }
    if (head == "function") {
      inner <- union(bound, names(arguments[[1L]]))
      for (default in as.list(arguments[[1L]])) scan(default, inner)
      scan(arguments[[2L]], inner)
      return(bound)
    }
    if (head %in% c("quote", "expression", "substitute", "::", ":::", "library", "require")) {
      return(bound)
    }
    if (head == "bquote") {
      for (part in spliced(arguments[[1L]])) scan(part, bound)
      return(bound)
    }
    if (head %in% c("$", "@")) {
      if (identical(arguments[[1L]], quote(.env))) return(scan(arguments[[2L]], bound))
      return(scan(arguments[[1L]], bound))
    }
    if (head == "for") {
      bound <- scan(arguments[[2L]], bound)
      scan(arguments[[3L]], union(bound, text_of(arguments[[1L]])))
      return(bound)
    }
    if (head == "if") {
      bound <- scan(arguments[[1L]], bound)
      branches <- lapply(arguments[-1L], scan, bound = bound)
      return(if (length(branches) == 2L) intersect(branches[[1L]], branches[[2L]]) else bound)
    }
    if (head %in% c("while", "repeat", "switch", "&&", "||", "local")) {
      for (part in arguments) scan(part, bound)
      return(bound)
    }
    if (head %in% c("get", "get0", "mget", "exists", "dynGet") && length(arguments) &&
          is.character(arguments[[1L]])) {
      free <<- c(free, setdiff(arguments[[1L]], bound))
    }
    if (sub(".*::", "", paste(deparse(e[[1L]]), collapse = "")) %in% c("glue", "str_glue", "glue_sql")) {
      for (text in Filter(is.character, arguments)) for (part in interpolated(text)) scan(part, bound)
    }
    if (is.call(e[[1L]])) scan(e[[1L]], bound)
    if (head == "{" || head == "(") {
      for (part in arguments) bound <- scan(part, bound)
      return(bound)
    }
    for (i in seq_along(arguments)) {
      if (!identical(arguments[[i]], quote(expr = ))) bound <- scan(arguments[[i]], bound)
    }
    bound
  }
  bound <- character()
  for (e in expressions) bound <- scan(e, bound)
  real <- function(names) unique(names[nzchar(names) & names != "..."])
  list(free = real(free), called = real(called))
}

# The .(x) parts of a bquote.
spliced <- function(e) {
  if (!is.call(e)) return(list())
  if (identical(e[[1L]], quote(.))) return(as.list(e)[-1L])
  unlist(lapply(as.list(e)[-1L], spliced), recursive = FALSE)
}

# The {x} parts of a glue string.
interpolated <- function(text) {
  found <- regmatches(text, gregexpr("\\{[^{}]+\\}", text))
  unlist(lapply(unlist(found), function(part) {
    code <- substr(part, 2L, nchar(part) - 1L)
    as.list(tryCatch(parse(text = code, keep.source = FALSE), error = function(e) NULL))
  }), recursive = FALSE)
}

has_global <- function(name) exists(name, globalenv(), inherits = FALSE)

# Why a value stays in R, as the end of a sentence; "" where it can cross. The one place for it.
stays <- function(x) {
  if (inherits(x, "tbl_SparkConnection")) return("")
  if (inherits(x, "tbl_lazy")) return("a lazy table of another database")
  if (is.function(x)) return("a function")
  if (inherits(x, "connection")) return("an open connection")
  if (is.environment(x)) return("an environment (or an R5 or R6 object)")
  if (is.language(x)) return("a formula or expression")
  if (isS4(x) && !is.atomic(x)) return("an S4 object")
  if (is.complex(x)) return("complex numbers")
  if (!is.null(x) && !is.atomic(x) && !is.list(x)) return(paste("a value of type", typeof(x)))
  if (is.list(x) && !is.data.frame(x) && !inherits(x, "POSIXlt") && !is.null(attr(x, "class"))) {
    return(paste("an R object of class", class(x)[[1L]]))
  }
  ""
}

are_names <- function(names) !is.null(names) && !anyDuplicated(names) && all(nzchar(names))

# What kind of value crosses how (values.py).
share_parts <- function(x) {
  reason <- stays(x)
  if (nzchar(reason)) return(list("stays", reason))
  if (is.null(x)) return(list("null"))
  if (inherits(x, "tbl_SparkConnection")) {
    return(list("frame", as.character(getExportedValue("dbplyr", "sql_render")(x))))
  }
  if (is.data.frame(x)) return(list("table", x))
  if (inherits(x, "POSIXlt")) x <- as.POSIXct(x)
  if (is.raw(x)) return(list("bytes", x))
  names <- names(x)
  if (is.atomic(x)) {
    if (!is.null(dim(x))) return(list("array", as.vector(x), as.integer(dim(x))))
    if (are_names(names)) return(list("named", unname(x), names))
    return(list(if (length(x) == 1L) "scalar" else "vector", unname(x)))
  }
  if (is.null(names)) return(list("list", x))
  if (!are_names(names)) return(list("stays", "a list with some names only, or some twice"))
  list("map", unname(x), names)
}

# For each name: kind, type, size and why its value stays in R (or ""); kind "" when it is gone.
described_names <- function(names) lapply(names, described)

described <- function(name) {
  if (!has_global(name)) return(c("", "", "", ""))
  if (bindingIsActive(as.name(name), globalenv())) {
    return(c("object", "active binding", "", "an active binding"))
  }
  x <- get(name, globalenv(), inherits = FALSE)
  if (inherits(x, "tbl_SparkConnection")) return(c("frame", "dplyr table", "", ""))
  type <- class(x)[[1L]]
  reason <- stays(x)
  if (nzchar(reason)) return(c(if (is.function(x)) "function" else "object", type, "", reason))
  if (is.data.frame(x)) {
    return(c("table", type, paste(format(nrow(x), big.mark = ","), "x", ncol(x)), ""))
  }
  if (!is.null(dim(x))) return(c("array", type, paste(dim(x), collapse = " x "), ""))
  kind <- if (is.list(x) || are_names(names(x))) { if (is.null(names(x))) "list" else "map" }
          else if (length(x) == 1L) "scalar" else "list"
  c(kind, type, if (length(x) == 1L) "" else paste(length(x), "items"), "")
}
