# What the other files stand on: the way into Python, and the names users get.
# All files are read into one environment, whose parent is base; `host` is the Python side.

# Calls a function of the Python side. Interrupts are suspended inside: one must not jump over
# Python's frames, nor be swallowed by an inner evaluation. Sys.sleep(0) is a safe point: without
# it a loop over such calls may never be polled.
enter <- function(name, ...) {
  result <- suspendInterrupts(host(name, ...))
  Sys.sleep(0)
  if (inherits(result, "toree_failure")) {
    stop(structure(
      class = c(result[[1L]], "toree_error", "error", "condition"),
      list(message = result[[2L]], call = NULL, detail = if (nzchar(result[[3L]])) result[[3L]])
    ))
  }
  result
}

# S4 wants to load the package a class is from; there is none for ours, and one that is attached
# in name only would break sessionInfo().
.packageName <- "DBI"

has_package <- function(name) requireNamespace(name, quietly = TRUE)

# A question of the front's, which an interrupt ends as it ends a cell.
asked <- function(question, ...) {
  tryCatch(
    allowInterrupts(question(...)),
    interrupt = function(condition) structure(list(), class = "toree_stopped")
  )
}

# What users see: attached to the search path, so that globalenv() stays theirs.
public <- attach(NULL, pos = 2L, name = "toree")

# R leaves by base::quit, without a question about the workspace.
public$q <- public$quit <- function(save = "no", status = 0, runLast = TRUE) {
  enter("quit", as.integer(status))
  base::quit(save = "no", status = status, runLast = runLast)
}

public$readline <- function(prompt = "") {
  line <- suspendInterrupts(base::readline(prompt))
  Sys.sleep(0)
  line
}

public$View <- function(x, title) {
  emit_display(bundle_of(x))
  invisible(x)
}

options(
  device = function(...) open_page_device(),
  pager = function(files, header, title, delete.file) {
    for (file in files) cat(gsub("_\b", "", readLines(file), fixed = TRUE), sep = "\n")
    if (delete.file) unlink(files)
  },
  viewer = NULL,
  browser = function(url) cat("See ", url, "\n", sep = ""),
  help_type = "text",
  menu.graphics = FALSE,
  device.ask.default = FALSE,
  # As IRkernel has them.
  jupyter.in_kernel = TRUE,
  jupyter.rich_display = TRUE,
  jupyter.plot_mimetypes = c("text/plain", "image/png"),
  # Set before repr and IRdisplay load: they keep what is there.
  jupyter.base_display_func = function(data, metadata = NULL) {
    emit_display(list(data = data, metadata = metadata))
  },
  jupyter.clear_output_func = function(wait = TRUE) invisible(enter("clear", isTRUE(wait)))
)
if (is.null(getOption("repos")) || identical(unname(getOption("repos")["CRAN"]), "@CRAN@")) {
  options(repos = c(CRAN = "https://cloud.r-project.org"))
}
