# The cell's own graphics device. It opens with the first plot and closes when the cell ends; each
# page becomes a file, which Python shows (pages.py) as soon as it is there.

device <- new.env(parent = emptyenv())
device$number <- 0L  # R's number of our device, 0 when there is none

plot_option <- function(name, default) {
  value <- getOption(paste0("repr.plot.", name))
  if (is.null(value)) default else value
}

# What a page looks like; pages of one look share a device.
page_look <- function() {
  wanted <- as.character(getOption("jupyter.plot_mimetypes"))
  known <- c("image/png", "image/svg+xml", "image/jpeg", "application/pdf")
  mimes <- intersect(wanted, known)
  list(
    mimes = if (length(mimes)) mimes else "image/png",
    titled = "text/plain" %in% wanted,
    width = as.numeric(plot_option("width", 7)),
    height = as.numeric(plot_option("height", 7)),
    res = as.numeric(plot_option("res", 120)),
    scale = {
      scale <- getOption("jupyter.plot_scale")
      if (is.null(scale)) 2 else as.numeric(scale)
    },
    pointsize = as.numeric(plot_option("pointsize", 12)),
    family = plot_option("family", "sans"),
    bg = plot_option("bg", "white"),
    antialias = plot_option("antialias", "gray"),
    quality = as.numeric(plot_option("quality", 90))
  )
}

start_device <- function(mime, look, file) {
  pixels <- function(inches) inches * look$res
  switch(mime,
    "image/png" = grDevices::png(
      file, pixels(look$width), pixels(look$height), res = look$res, bg = look$bg,
      pointsize = look$pointsize, family = look$family, antialias = look$antialias, type = "cairo"
    ),
    "image/jpeg" = grDevices::jpeg(
      file, pixels(look$width), pixels(look$height), res = look$res, bg = look$bg,
      pointsize = look$pointsize, family = look$family, antialias = look$antialias,
      quality = look$quality, type = "cairo"
    ),
    "image/svg+xml" = grDevices::svg(
      file, look$width, look$height, pointsize = look$pointsize, family = look$family,
      bg = look$bg, antialias = look$antialias, onefile = FALSE
    ),
    "application/pdf" = grDevices::cairo_pdf(
      file, look$width, look$height, pointsize = look$pointsize, family = look$family,
      bg = look$bg, antialias = look$antialias, onefile = FALSE
    )
  )
}

extension <- c("image/png" = "png", "image/svg+xml" = "svg", "image/jpeg" = "jpeg",
               "application/pdf" = "pdf")

# getOption("device"): R calls it when something draws and no device is open.
open_page_device <- function() {
  look <- page_look()
  folder <- tempfile("pages")
  dir.create(folder)
  main <- look$mimes[[1L]]
  start_device(main, look, file.path(folder, paste0("%04d.", extension[[main]])))
  device$number <- grDevices::dev.cur()
  device$look <- look
  device$folder <- folder
  device$page <- 0L
  # Further forms of a page are drawn from its recording.
  if (length(look$mimes) > 1L) grDevices::dev.control("enable")
  enter("device", folder, unname(extension[look$mimes]), look$mimes,
        look$width * look$res / look$scale, look$height * look$res / look$scale, look$titled)
  invisible()
}

is_ours <- function() device$number > 0L && grDevices::dev.cur() == device$number

# Hook before a page, and before each figure of a page with several.
before_figure <- function(new_page) {
  if (device$number > 0L && !(device$number %in% grDevices::dev.list())) device$number <- 0L
  if (is_ours()) {
    record_page()
    if (new_page && !identical(page_look(), device$look)) {
      close_page_device()
    }
  }
  if (is_ours()) enter("figure", new_page)
  else if (grDevices::dev.cur() == 1L) enter("figure", TRUE)
  invisible()
}

# Draws the current page's other forms beside the file the device will write.
record_page <- function() {
  others <- device$look$mimes[-1L]
  if (!length(others)) return(invisible())
  drawn <- grDevices::recordPlot()
  if (is.null(drawn[[1L]])) return(invisible())
  page <- enter("page")
  for (mime in others) {
    file <- file.path(device$folder, sprintf("%04d.%s", page, extension[[mime]]))
    start_device(mime, device$look, file)
    tryCatch(grDevices::replayPlot(drawn), finally = grDevices::dev.off())
  }
  grDevices::dev.set(device$number)
  invisible()
}

close_page_device <- function() {
  number <- device$number
  if (number > 0L) {
    device$number <- 0L
    if (number %in% grDevices::dev.list()) {
      current <- grDevices::dev.cur()
      grDevices::dev.set(number)
      device$number <- number
      record_page()
      device$number <- 0L
      grDevices::dev.off(number)
      if (current != number && current %in% grDevices::dev.list()) grDevices::dev.set(current)
    }
  }
  enter("finish")
  invisible()
}

setHook("before.plot.new", function(...) before_figure(graphics::par("page")))
setHook("before.grid.newpage", function(...) before_figure(TRUE))
