# `kernel$data`: the shared names of all languages as a map, the same as in Scala and Python.
# And what else `kernel` has.

found_value <- function(kind, value = NULL) list(kind, value)

data_map <- list(
  get = function(name) {
    found <- enter("shared", as.character(name))
    if (identical(found[[1L]], "own")) get(name, globalenv(), inherits = FALSE) else found[[2L]]
  },
  put = function(name, value) {
    if (startsWith(name, ".") || startsWith(name, "_")) stop("names like ", name, " are never shared")
    before <- if (exists(name, globalenv(), inherits = FALSE)) get(name, globalenv())
    assign(name, value, globalenv())
    state$given <- c(state$given, name)
    invisible(before)
  },
  remove = function(name) {
    if (exists(name, globalenv(), inherits = FALSE)) rm(list = name, envir = globalenv())
    state$given <- c(state$given, name)
    invisible()
  },
  names = function() enter("shared_names")
)

# A line of the user's; a password is not shown as it is typed.
ask_user <- function(prompt = "", password = FALSE) {
  as.character(enter("ask", as.character(prompt), isTRUE(password)))
}

# A streaming table's newest rows and rates, until the cell is stopped.
stream_table <- function(table, rows = 0L) {
  if (!inherits(table, "tbl_lazy") || !inherits(dbplyr::remote_con(table), "SparkConnection")) {
    stop("kernel$display$stream shows tables of Spark: a shared DataFrame, or dplyr::tbl(spark, NAME).",
         call. = FALSE)
  }
  invisible(spark_call("stream", as.character(dbplyr::sql_render(table)), as.integer(rows)))
}

public$kernel <- list(data = data_map, display = list(stream = stream_table), ask = ask_user)

# askpass::askpass, which curl, httr, odbc and others ask for passwords.
options(askpass = function(prompt = "Please enter your password: ", ...) ask_user(prompt, TRUE))
