# `kernel$data`: the shared names of all languages as a map, the same as in Scala and Python.

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

public$kernel <- list(data = data_map, ask = ask_user)

# askpass::askpass, which curl, httr, odbc and others ask for passwords.
options(askpass = function(prompt = "Please enter your password: ", ...) ask_user(prompt, TRUE))
