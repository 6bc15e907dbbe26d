# Values to MIME bundles, by repr and IRdisplay where they are installed, as text where not.

# Classes whose print method draws; asking them for other forms would draw again.
drawing <- c("ggplot", "trellis", "recordedplot", "patchwork")

show_value <- function(value, last) {
  if (last && !inherits(value, drawing)) close_page_device()
  if (inherits(value, drawing)) {
    print_value(value)
    return(invisible())
  }
  bundle <- if (inherits(value, "tbl_lazy")) lazy_bundle(value, last) else bundle_of(value)
  if (last) close_page_device()  # the value's print method may have drawn
  if (length(bundle$data)) emit("value", bundle)
  invisible()
}

# A streaming table has no first rows: Spark refuses the query, and then it is shown as it grows.
lazy_bundle <- function(value, last) {
  withRestarts(
    withCallingHandlers(bundle_of(value), error = function(condition) {
      if (any(vapply(with_causes(condition), inherits, NA, "spark_stream"))) invokeRestart("toree_live")
    }),
    toree_live = function() {
      if (last) {
        stream_table(value)
        list()
      } else {
        list(data = list("text/plain" = "A streaming table: it grows as the last value of a cell."))
      }
    }
  )
}

print_value <- function(value) {
  if (isS4(value)) methods::show(value) else from_global(quote(base::print(value)), value)
}

# Evaluates a call on `value` as if it stood in the cell: methods defined in cells are found.
from_global <- function(call, value) {
  env <- new.env(parent = globalenv())
  env$value <- value
  eval(call, env)
}

bundle_of <- function(value) {
  text <- console_text(value)
  bundle <- list(data = if (nzchar(text)) list("text/plain" = text) else list())
  # A lazy table's rich forms would each run its query again; text shows its first rows.
  if (!isTRUE(getOption("jupyter.rich_display")) || inherits(value, "tbl_lazy")) return(bundle)
  if (is.null(value) || is.environment(value) || isS4(value) || !has_package("repr")) {
    return(bundle)
  }
  for (mime in setdiff(mime_types(), "text/plain")) {
    content <- tryCatch(
      suppressWarnings(from_global(call_to(repr::mime2repr[[mime]]), value)),
      error = function(e) NULL
    )
    if (!is.null(content)) bundle$data[[mime]] <- content
  }
  html <- bundle$data[["text/html"]]
  if (is.character(html) && any(grepl("<html", html, fixed = TRUE, ignore.case = FALSE))) {
    bundle$metadata <- list("text/html" = list(isolated = TRUE))
    if (inherits(value, "htmlwidget")) {
      bundle$data[["text/plain"]] <- paste0("<", class(value)[[1L]], " widget>")
    }
  }
  bundle
}

call_to <- function(f) as.call(list(f, quote(value)))

mime_types <- function() {
  wanted <- getOption("jupyter.display_mimetypes")
  if (is.null(wanted)) wanted <- c("text/plain", "text/html", "text/markdown", "text/latex")
  intersect(wanted, names(repr::mime2repr))
}

# As the console prints it, without the last line feed.
console_text <- function(value) {
  if (inherits(value, c("htmlwidget", "shiny.tag", "shiny.tag.list", "help_files_with_topic")) &&
        has_package("repr")) {
    text <- tryCatch(repr::repr_text(value), error = function(e) NULL)
    return(if (is.null(text)) "" else gsub("_\b", "", paste(text, collapse = "\n"), fixed = TRUE))
  }
  paste(utils::capture.output(print_value(value)), collapse = "\n")
}

# Sends a list(data = , metadata = ) now.
emit_display <- function(bundle) emit("display", bundle)

emit <- function(kind, bundle) {
  data <- bundle$data
  contents <- lapply(data, function(content) {
    if (is.raw(content)) content
    else if (is.character(content)) paste(content, collapse = "\n")
    else json_text(content)
  })
  structured <- vapply(data, function(content) !is.raw(content) && !is.character(content),
                       logical(1L))
  metadata <- bundle$metadata
  invisible(enter(
    kind, as.character(names(data)), unname(contents), as.logical(structured),
    if (length(metadata)) json_text(metadata) else "{}"
  ))
}

json_text <- function(value) {
  if (!has_package("jsonlite")) stop("Install the R package jsonlite to display JSON.")
  as.character(jsonlite::toJSON(value, auto_unbox = TRUE, null = "null", digits = NA))
}
