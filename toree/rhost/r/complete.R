# Completion and inspection: utils' own completer, and column names inside dplyr's verbs.

# list(matches, types, the token they replace); `code` ends at the cursor.
complete_code <- function(code) {
  columns <- column_completions(code)
  lines <- strsplit(code, "\n", fixed = TRUE)[[1L]]
  # The completer knows one line; the call the cursor is in may span more, a cell rarely matters.
  text <- paste(utils::tail(if (length(lines)) lines else "", 20L), collapse = " ")
  if (endsWith(code, "\n")) text <- paste0(text, " ")
  space <- asNamespace("utils")
  space$.assignLinebuffer(text)
  space$.assignEnd(nchar(text))
  token <- space$.guessTokenFromLine()
  space$.completeToken()
  found <- as_code(space$.retrieveCompletions())
  if (length(columns$matches)) {
    if (columns$token != token) return(list(columns$matches, columns$types, columns$token))
    found <- setdiff(found, columns$matches)
  }
  list(c(columns$matches, found), c(columns$types, type_of(found)), token)
}

# As IRkernel offers them: arguments as `name = `, and names R can't read as such in quotes.
as_code <- function(matches) {
  vapply(matches, function(match) {
    if (grepl("= ?$", match)) {
      name <- sub(" ?= ?$", "", match)
      return(if (name == "...") name else paste0(as_name(name), " = "))
    }
    at <- regexpr("([$@]|:::?)[^$@:]*$", match)
    if (at < 0L) return(match)
    sign <- sub("^([$@]|:::?).*", "\\1", substring(match, at))
    name <- substring(match, at + nchar(sign))
    paste0(substr(match, 1L, at - 1L), sign, as_name(name))
  }, "", USE.NAMES = FALSE)
}

as_name <- function(name) {
  read <- tryCatch(str2lang(name), error = function(e) NULL)
  if (!nzchar(name) || is.name(read)) return(name)
  paste(deparse(as.name(name), backtick = TRUE), collapse = "")
}

type_of <- function(matches) {
  vapply(matches, function(match) {
    if (endsWith(match, "=") || endsWith(match, "= ")) return("param")
    if (endsWith(match, "::")) return("module")
    value <- NULL
    name <- sub(".*[$@]", "", match)
    if (grepl("[$@]", match)) return("property")
    if (grepl("::", match)) return("function")
    if (exists(name, globalenv()) && !is_active(name)) value <- get(name, globalenv())
    if (is.function(value)) "function" else if (is.null(value)) "" else "instance"
  }, "", USE.NAMES = FALSE)
}

is_active <- function(name) {
  any(vapply(list(globalenv(), public), function(env) {
    exists(name, env, inherits = FALSE) && bindingIsActive(as.name(name), env)
  }, NA))
}

verbs <- c("filter", "mutate", "transmute", "select", "arrange", "group_by", "summarise",
           "summarize", "count", "distinct", "rename", "relocate", "pull", "add_count", "slice_min",
           "slice_max", "across", "if_any", "if_all", "desc", "aes", "n_distinct", "mean", "sum", "min",
           "max", "first", "last", "lag", "lead", "case_when", "if_else", "ifelse", "pivot_longer",
           "pivot_wider", "left_join", "inner_join", "semi_join", "anti_join", "full_join", "ggplot")

column_completions <- function(code) {
  none <- list(matches = character(), types = character(), token = "")
  token <- regmatches(code, regexpr("[A-Za-z0-9._]*$", code))
  before <- substr(code, 1L, nchar(code) - nchar(token))
  data <- piped_data(before)
  if (is.null(data)) return(none)
  names <- if (inherits(data, "tbl_lazy")) lazy_columns(data) else names(data)
  found <- names[startsWith(names, token)]
  plain <- make.names(found) == found
  list(matches = ifelse(plain, found, paste0("`", found, "`")), types = rep("column", length(found)),
       token = token)
}

# What the lazy query knows without asking Spark.
lazy_columns <- function(data) {
  tryCatch(as.character(getExportedValue("dbplyr", "op_vars")(data)), error = function(e) character())
}

# The table at the head of the pipe, or the first argument, of the call the cursor is in.
piped_data <- function(before) {
  open <- open_calls(before)
  if (!any(open$name %in% verbs)) return(NULL)
  at <- min(open$start[open$name %in% verbs])
  head <- substr(before, 1L, at - 1L)
  pattern <- "(?s).*(?:^|\\n|<-|=|\\(|\\{|;)\\s*([A-Za-z.][A-Za-z0-9._]*)\\s*(?:\\|>|%>%|\\+)"
  name <- if (grepl("(\\|>|%>%)\\s*$", head)) {
    hit <- regmatches(head, regexec(pattern, head, perl = TRUE))[[1L]]
    if (length(hit)) hit[[2L]] else ""
  } else {
    hit <- regmatches(substr(before, at, nchar(before)),
                      regexec("^[A-Za-z_.]+\\(\\s*([A-Za-z.][A-Za-z0-9._]*)\\s*,",
                              substr(before, at, nchar(before))))[[1L]]
    if (length(hit)) hit[[2L]] else ""
  }
  if (!nzchar(name) || is_active(name)) return(NULL)
  value <- get0(name, globalenv(), inherits = TRUE)
  if (is.data.frame(value) || inherits(value, "tbl_lazy")) value else NULL
}

# Calls not closed yet: their names and where these start.
open_calls <- function(text) {
  characters <- strsplit(text, "", fixed = TRUE)[[1L]]
  stack <- integer()
  quote <- ""
  for (i in seq_along(characters)) {
    character <- characters[[i]]
    if (nzchar(quote)) {
      if (character == quote && (i == 1L || characters[[i - 1L]] != "\\")) quote <- ""
    } else if (character %in% c("\"", "'", "`")) {
      quote <- character
    } else if (character == "(") {
      stack <- c(stack, i)
    } else if (character == ")" && length(stack)) {
      stack <- stack[-length(stack)]
    }
  }
  names <- vapply(stack, function(i) {
    regmatches(substr(text, 1L, i - 1L), regexpr("[A-Za-z0-9._]*$", substr(text, 1L, i - 1L)))
  }, "")
  list(name = names, start = stack - nchar(names))
}

# A bundle on the name at the cursor, empty when nothing is known; `code` is before and after it.
inspect_code <- function(code) {
  left <- regmatches(code[[1L]], regexpr("[A-Za-z0-9._:]*$", code[[1L]]))
  right <- regmatches(code[[2L]], regexpr("^[A-Za-z0-9._]*", code[[2L]]))
  token <- paste0(left, right)
  if (!nzchar(token)) {  # just after "f(": the function
    open <- open_calls(code[[1L]])
    token <- if (length(open$name)) open$name[[length(open$name)]] else ""
  }
  if (!nzchar(token)) return(list())
  constant <- tryCatch(str2lang(token), error = function(e) NULL)
  if (is.atomic(constant) && length(constant)) return(list("text/plain" = summary_of(constant)))
  parts <- strsplit(token, ":::?")[[1L]]
  name <- parts[[length(parts)]]
  package <- if (length(parts) > 1L) parts[[1L]] else NULL
  own <- is.null(package) && exists(name, globalenv(), inherits = FALSE)
  described <- if (own || !nzchar(name)) NULL else help_page(name, package)
  if (!is.null(described)) return(described)
  if (is_active(name)) return(list("text/plain" = paste0("`", name, "`: Toree's Spark connection (DBI, dplyr)")))
  home <- if (is.null(package)) globalenv() else tryCatch(asNamespace(package), error = function(e) emptyenv())
  if (!exists(name, home)) return(list())
  list("text/plain" = summary_of(get(name, home)))
}

summary_of <- function(value) {
  text <- if (inherits(value, "tbl_lazy")) {
    c(paste0("<", class(value)[[1L]], ">"), lazy_columns(value))
  } else {
    utils::capture.output(utils::str(value, max.level = 2L, list.len = 30L))
  }
  if (is.function(value)) text <- utils::head(deparse(value), 60L)
  paste(utils::head(text, 100L), collapse = "\n")
}

help_page <- function(name, package) {
  found <- tryCatch(
    do.call(utils::help, list(topic = name, package = package, help_type = "text")),
    error = function(e) character()
  )
  if (!length(found)) return(NULL)
  tryCatch({
    page <- utils:::.getHelpFile(as.character(found)[[1L]])
    text <- utils::capture.output(tools::Rd2txt(page, options = list(underline_titles = FALSE)))
    html <- utils::capture.output(tools::Rd2HTML(page))
    list("text/plain" = paste(gsub("_\b", "", text, fixed = TRUE), collapse = "\n"),
         "text/html" = paste(html, collapse = "\n"))
  }, error = function(e) NULL)
}
