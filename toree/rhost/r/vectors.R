# The R half of vectors.py: what R's own functions do faster than a loop in Python.

new_vector <- function(type, length) vector(type, length)

# Strings from their bytes, each ended by a zero byte. `pieces` is a list of raw vectors with
# `counts` strings each; `missing` are positions of NA.
strings_of_bytes <- function(pieces, counts, missing, utf8) {
  parts <- lapply(seq_along(pieces), function(i) readBin(pieces[[i]], "character", counts[[i]]))
  pieces <- NULL
  x <- if (length(parts) == 1L) parts[[1L]] else unlist(parts, use.names = FALSE)
  if (is.null(x)) x <- character()
  if (utf8) Encoding(x) <- "UTF-8"
  if (length(missing)) x[missing] <- NA_character_
  x
}

# The way back: bytes of `x[from:to]`, each string ended by a zero byte; NA as "".
bytes_of_strings <- function(x, from, to) {
  if (from != 1 || to != length(x)) x <- x[seq.int(from, to)]
  if (anyNA(x)) x[is.na(x)] <- ""
  writeBin(enc2utf8(x), raw())
}

missing_of <- function(x) if (anyNA(x)) is.na(x) else logical()

# A list of raw vectors: elements end at `ends` (doubles) in `bytes`.
binary_of_bytes <- function(bytes, ends, missing) {
  starts <- c(0, ends[-length(ends)])
  x <- lapply(seq_along(ends), function(i) {
    if (ends[[i]] == starts[[i]]) raw() else bytes[(starts[[i]] + 1):ends[[i]]]
  })
  if (length(missing)) x[missing] <- list(NULL)
  x
}

# A list column: slices of `child` that end at `ends`. A map's child is a list(key, value).
slices <- function(child, ends, missing, map) {
  starts <- c(0, ends[-length(ends)])
  take <- if (is.data.frame(child)) function(at) child[at, , drop = FALSE] else function(at) child[at]
  x <- lapply(seq_along(ends), function(i) {
    at <- if (ends[[i]] == starts[[i]]) integer() else (starts[[i]] + 1):ends[[i]]
    if (!map) return(take(at))
    value <- child[[2L]][at]
    value <- if (is.list(value)) value else as.list(value)
    names(value) <- as.character(child[[1L]][at])
    value
  })
  if (length(missing)) x[missing] <- list(NULL)
  x
}

matrices <- function(rows, columns, values) {
  lapply(seq_along(rows), function(i) {
    if (is.na(rows[[i]])) NULL else matrix(values[[i]], rows[[i]], columns[[i]])
  })
}

# A struct column: one named list an element.
records <- function(children, names, length, missing) {
  x <- lapply(seq_len(length), function(i) {
    record <- lapply(children, function(child) child[[i]])
    names(record) <- names
    record
  })
  if (length(missing)) x[missing] <- list(NULL)
  x
}

with_attributes <- function(x, attributes) {
  for (name in names(attributes)) attr(x, name) <- attributes[[name]]
  x
}

data_frame_of <- function(columns, names, rows) {
  attributes(columns) <- list(
    names = names, class = "data.frame", row.names = .set_row_names(as.integer(rows))
  )
  columns
}

factor_of <- function(codes, levels) {
  structure(codes, levels = levels, class = "factor")
}

# How a column crosses to Arrow: kind, then what vectors.py needs of it.
column_parts <- function(x) {
  if (inherits(x, "POSIXlt")) x <- as.POSIXct(x)
  if (is.factor(x)) {
    return(list("factor", unclass(x), levels(x)))
  }
  if (inherits(x, "Date")) return(list("date", as.double(unclass(x))))
  if (inherits(x, "POSIXct")) return(list("timestamp", as.double(unclass(x))))
  if (inherits(x, "difftime")) return(list("duration", as.double(x, units = "secs")))
  if (inherits(x, "integer64")) return(list("integer64", unclass(x)))
  if (is.data.frame(x)) return(list("struct", unclass(x), names(x), logical(), nrow(x)))
  if (is.list(x)) return(list_parts(x))
  if (is.character(x)) return(list("character", x))
  if (is.logical(x)) return(list("logical", as.vector(x)))
  if (is.integer(x)) return(list("integer", as.vector(x)))
  if (is.double(x)) return(list("double", as.vector(x)))
  stop("A column of class ", class(x)[[1L]], " has no counterpart in Spark.", call. = FALSE)
}

list_parts <- function(x) {
  missing <- vapply(x, is.null, logical(1L))
  present <- x[!missing]
  if (all(vapply(present, is.raw, logical(1L))) && (length(present) || inherits(x, "blob"))) {
    bytes <- if (length(present)) do.call(c, unname(present)) else raw()
    return(list("binary", bytes, cumsum(as.double(lengths(x))), missing))
  }
  records <- all(vapply(present, function(e) is.list(e) && !is.null(names(e)), logical(1L)))
  if (length(present) && records && !any(vapply(present, is.data.frame, logical(1L)))) {
    fields <- unique(unlist(lapply(present, names)))
    columns <- lapply(fields, function(field) {
      flat_column(lapply(x, function(element) if (is.null(element)) NULL else element[[field]]))
    })
    return(list("struct", columns, fields, missing, length(x)))
  }
  child <- if (length(present)) do.call(join_elements, list(unname(present))) else logical()
  sizes <- vapply(x, function(e) if (is.data.frame(e)) nrow(e) else length(e), 1)
  list("list", child, cumsum(as.double(sizes)), missing)
}

join_elements <- function(elements) {
  if (is.data.frame(elements[[1L]])) return(do.call(rbind, elements))
  if (any(vapply(elements, is.factor, logical(1L)))) elements <- lapply(elements, as.character)
  do.call(c, lapply(elements, unname))
}

# A plain vector when every element is one atomic value or nothing, else a list column.
flat_column <- function(x) {
  single <- vapply(x, function(e) is.null(e) || (is.atomic(e) && length(e) == 1L), logical(1L))
  if (!all(single) || all(vapply(x, is.null, logical(1L)))) return(x)
  first <- Find(Negate(is.null), x)
  if (is.raw(first)) return(x)
  empty <- first
  empty[1L] <- NA
  join_elements(lapply(x, function(e) if (is.null(e)) empty else e))
}
