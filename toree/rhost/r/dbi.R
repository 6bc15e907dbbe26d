# The DBI driver: Spark SQL over the session this process is attached to.
# Read at the first use of `spark`.

here <- environment()

methods::setClass("SparkDriver", contains = "DBIDriver", where = here)
methods::setClass("SparkConnection", contains = "DBIConnection",
                  slots = c(bigint = "character", state = "environment"), where = here)
methods::setClass("SparkResult", contains = "DBIResult",
                  slots = c(state = "environment"), where = here)

dbi_method <- function(name, signature, definition) {
  methods::setMethod(getExportedValue("DBI", name), signature, definition, where = here)
}

# -- driver and connection ---------------------------------------------------------------------

dbi_method("dbConnect", "SparkDriver", function(drv, ..., bigint = "") {
  choices <- c("", "integer", "numeric", "integer64", "character")
  if (!bigint %in% choices) {
    stop("`bigint` is integer, numeric, integer64 or character.", call. = FALSE)
  }
  new_connection(bigint)
})

dbi_method("dbUnloadDriver", "SparkDriver", function(drv, ...) invisible(TRUE))
dbi_method("dbIsValid", "SparkDriver", function(dbObj, ...) TRUE)
dbi_method("dbGetInfo", "SparkDriver", function(dbObj, ...) {
  list(driver.version = "1", client.version = spark_call("version"))
})
dbi_method("dbDataType", "SparkDriver", function(dbObj, obj, ...) spark_type(obj))

new_connection <- function(bigint = "") {
  state <- new.env(parent = emptyenv())
  state$open <- TRUE
  methods::new("SparkConnection", bigint = bigint, state = state)
}

# The session is Toree's and stays, and so does `spark`, which is everybody's.
dbi_method("dbDisconnect", "SparkConnection", function(conn, ...) {
  if (!conn@state$open) warning("The connection is closed already.", call. = FALSE)
  if (!identical(conn@state, spark_state$connection@state)) conn@state$open <- FALSE
  invisible(TRUE)
})
dbi_method("dbIsValid", "SparkConnection", function(dbObj, ...) dbObj@state$open)
dbi_method("dbGetInfo", "SparkConnection", function(dbObj, ...) {
  list(
    db.version = spark_call("version"), dbname = DBI::dbGetQuery(dbObj, "SELECT current_schema() x")$x,
    username = NA_character_, host = spark_call("conf", "spark.master"), port = NA_integer_
  )
})

show_connection <- function(object) {
  cat("<SparkConnection> Spark ", spark_call("version"), " on ",
      spark_call("conf", "spark.master"), "\n", sep = "")
}
methods::setMethod("show", "SparkConnection", show_connection, where = here)

dbi_method("dbDataType", "SparkConnection", function(dbObj, obj, ...) spark_type(obj))

spark_type <- function(x) {
  if (is.data.frame(x)) return(vapply(x, spark_type, ""))
  if (is.factor(x)) return("STRING")
  if (inherits(x, "Date")) return("DATE")
  if (inherits(x, "POSIXt")) return("TIMESTAMP")
  if (inherits(x, "difftime")) return("INTERVAL DAY TO SECOND")
  if (inherits(x, "integer64")) return("BIGINT")
  if (inherits(x, "AsIs")) return(spark_type(unclass(x)))
  switch(typeof(x),
    logical = "BOOLEAN", integer = "INT", double = "DOUBLE", character = "STRING", raw = "BINARY",
    list = if (all(vapply(x, function(e) is.null(e) || is.raw(e), NA))) "BINARY"
           else stop("A list column gets its type from its values: use dbWriteTable.", call. = FALSE),
    stop("No Spark type for ", typeof(x), ".", call. = FALSE)
  )
}

no_transactions <- function(conn, ...) stop("Spark SQL has no transactions.", call. = FALSE)
for (name in c("dbBegin", "dbCommit", "dbRollback")) {
  dbi_method(name, "SparkConnection", no_transactions)
}

# -- quoting -----------------------------------------------------------------------------------

dbi_method("dbQuoteIdentifier", c("SparkConnection", "character"), function(conn, x, ...) {
  if (anyNA(x)) stop("NA is no identifier.", call. = FALSE)
  quoted <- if (length(x)) paste0("`", gsub("`", "``", enc2utf8(x), fixed = TRUE), "`") else character()
  DBI::SQL(quoted, names = names(x))
})
dbi_method("dbQuoteIdentifier", c("SparkConnection", "SQL"), function(conn, x, ...) x)
dbi_method("dbQuoteIdentifier", c("SparkConnection", "Id"), function(conn, x, ...) {
  parts <- if (methods::is(x, "Id")) x@name else x
  DBI::SQL(paste(DBI::dbQuoteIdentifier(conn, unname(as.character(parts))), collapse = "."))
})

unquote <- function(conn, x, ...) {
  found <- lapply(as.character(x), function(text) {
    parts <- regmatches(text, gregexpr("`([^`]|``)*`|[^.`]+", text))[[1L]]
    parts <- ifelse(startsWith(parts, "`"),
                    gsub("``", "`", substr(parts, 2L, nchar(parts) - 1L), fixed = TRUE), parts)
    names <- utils::tail(c("catalog", "schema", "table"), length(parts))
    do.call(DBI::Id, stats::setNames(as.list(parts), names))
  })
  stats::setNames(found, names(x))
}
for (kind in c("character", "SQL")) {
  dbi_method("dbUnquoteIdentifier", c("SparkConnection", kind), unquote)
}
dbi_method("dbUnquoteIdentifier", c("SparkConnection", "Id"), function(conn, x, ...) list(x))

# Spark reads backslashes in strings as escapes.
dbi_method("dbQuoteString", c("SparkConnection", "character"), function(conn, x, ...) {
  if (!length(x)) return(DBI::SQL(character()))
  escaped <- gsub("'", "\\'", gsub("\\", "\\\\", enc2utf8(x), fixed = TRUE), fixed = TRUE)
  DBI::SQL(ifelse(is.na(x), "NULL", paste0("'", escaped, "'")), names = names(x))
})
dbi_method("dbQuoteString", c("SparkConnection", "SQL"), function(conn, x, ...) x)

dbi_method("dbQuoteLiteral", "SparkConnection", function(conn, x, ...) {
  if (methods::is(x, "SQL")) return(x)
  if (is.factor(x)) x <- as.character(x)
  if (is.character(x)) return(DBI::dbQuoteString(conn, x))
  if (is.list(x)) {
    text <- vapply(x, function(e) {
      if (is.null(e)) "NULL"
      else if (is.raw(e)) paste0("X'", paste(format(e), collapse = ""), "'")
      else stop("Lists may hold raw vectors only.", call. = FALSE)
    }, "")
    return(DBI::SQL(text, names = names(x)))
  }
  text <- if (inherits(x, "Date")) paste0("DATE '", format(x), "'")
    else if (inherits(x, "POSIXt")) paste0("TIMESTAMP '", format(x, "%Y-%m-%d %H:%M:%OS6", tz = "UTC"), " UTC'")
    else if (is.logical(x)) ifelse(x, "TRUE", "FALSE")
    else if (is.double(x) && !inherits(x, "integer64")) double_text(x)
    else as.character(x)
  DBI::SQL(ifelse(is.na(x) & !is.nan(unclass(x)), "NULL", text), names = names(x))
})

# DOUBLE literals, the shortest of the same bits: without the D Spark would read a DECIMAL.
double_text <- function(x) {
  text <- sprintf("%.15g", x)
  for (format in c("%.16g", "%.17g")) {
    other <- is.finite(x) & suppressWarnings(as.numeric(text)) != x
    text[other] <- sprintf(format, x[other])
  }
  whole <- !grepl("[.e]", text)
  text[whole] <- paste0(text[whole], ".0")
  text <- paste0(text, "D")
  text[is.nan(x)] <- "double('NaN')"
  text[is.infinite(x)] <- ifelse(x[is.infinite(x)] > 0, "double('Infinity')", "double('-Infinity')")
  text[is.na(x) & !is.nan(x)] <- "NULL"
  text
}

# The quoted form of a table's name, however it is given.
table_sql <- function(conn, name) {
  if (!isS4(conn)) conn <- spark_connection() # a dialect of dbplyr's
  if (!conn@state$open) stop("The connection is closed.", call. = FALSE)
  if (inherits(name, c("sql", "SQL", "ident_q", "dbplyr_table_path"))) return(as.character(name))
  if (inherits(name, "dbplyr_schema")) {
    return(as.character(DBI::dbQuoteIdentifier(conn, DBI::Id(schema = name$schema, table = name$table))))
  }
  if (inherits(name, "dbplyr_catalog")) {
    name <- c(name$catalog, name$schema, name$table)
    return(paste(DBI::dbQuoteIdentifier(conn, name), collapse = "."))
  }
  if (methods::is(name, "Id")) return(as.character(DBI::dbQuoteIdentifier(conn, name)))
  name <- unclass(name)
  if (!is.character(name) || length(name) != 1L || is.na(name)) {
    stop("A table's name is one string, an Id or SQL.", call. = FALSE)
  }
  as.character(DBI::dbQuoteIdentifier(conn, as.character(name)))
}

# The bare name of a temporary view, which has no catalog or schema.
view_name <- function(quoted) {
  if (grepl("^`([^`]|``)*`$", quoted)) gsub("``", "`", substr(quoted, 2L, nchar(quoted) - 1L), fixed = TRUE)
  else if (grepl("^[A-Za-z0-9_]+$", quoted)) quoted
  else stop("A temporary view has no schema: ", quoted, call. = FALSE)
}
