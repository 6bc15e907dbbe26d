# The DBI driver's queries and tables; read after dbi.R.

dbi_method("dbSendQuery", c("SparkConnection", "character"), function(conn, statement, params = NULL, ...) {
  if (!conn@state$open) stop("The connection is closed.", call. = FALSE)
  state <- new.env(parent = emptyenv())
  state$statement <- statement
  state$bigint <- conn@bigint
  state$valid <- TRUE
  state$affected <- NA_integer_
  state$handles <- integer()
  result <- methods::new("SparkResult", state = state)
  if (is.null(params)) {
    tryCatch(
      state$handles <- spark_call("query", statement, list()),
      error = function(e) {
        # Waits for dbBind.
        if (!grepl("UNBOUND_SQL_PARAMETER", conditionMessage(e), fixed = TRUE)) stop(e)
      }
    )
  } else {
    DBI::dbBind(result, params)
  }
  result
})

dbi_method("dbSendStatement", c("SparkConnection", "character"), function(conn, statement, ...) {
  result <- DBI::dbSendQuery(conn, statement, ...)
  result@state$affected <- 0L  # Spark does not tell
  result
})

dbi_method("dbBind", "SparkResult", function(res, params, ...) {
  state <- valid_state(res)
  if (!length(params)) stop("There are no parameters to bind.", call. = FALSE)
  params <- lapply(as.list(params), function(p) if (inherits(p, "POSIXlt")) as.POSIXct(p) else p)
  sizes <- unique(lengths(lapply(params, function(p) if (is.list(p)) p else as.vector(p))))
  if (length(sizes) > 1L) stop("Parameters must have the same length.", call. = FALSE)
  lapply(state$handles, function(handle) spark_call("clear", handle))
  state$handles <- vapply(seq_len(if (length(sizes)) sizes else 1L), function(i) {
    spark_call("query", state$statement, lapply(params, function(p) p[i]))[[1L]]
  }, 1L)
  invisible(res)
})

valid_state <- function(result) {
  if (!result@state$valid) stop("The result is cleared.", call. = FALSE)
  result@state
}

ready_state <- function(result) {
  state <- valid_state(result)
  if (!length(state$handles)) stop("The query waits for its parameters: dbBind.", call. = FALSE)
  state
}

dbi_method("dbFetch", "SparkResult", function(res, n = -1, ...) {
  state <- ready_state(res)
  if (!is.numeric(n) || length(n) != 1L || is.na(n) || (n < 0 && n != -1) || (is.finite(n) && n != round(n))) {
    stop("`n` is a whole number, -1 or Inf.", call. = FALSE)
  }
  if (is.infinite(n)) n <- -1
  if (length(state$handles) == 1L) {
    return(spark_call("fetch", state$handles, as.double(n), state$bigint))
  }
  parts <- lapply(state$handles, function(handle) spark_call("fetch", handle, -1, state$bigint))
  do.call(rbind, parts)
})

dbi_method("dbClearResult", "SparkResult", function(res, ...) {
  if (!res@state$valid) {
    warning("The result is cleared already.", call. = FALSE)
  } else {
    lapply(res@state$handles, function(handle) spark_call("clear", handle))
    res@state$valid <- FALSE
  }
  invisible(TRUE)
})

dbi_method("dbIsValid", "SparkResult", function(dbObj, ...) dbObj@state$valid)
dbi_method("dbGetStatement", "SparkResult", function(res, ...) valid_state(res)$statement)
dbi_method("dbGetRowsAffected", "SparkResult", function(res, ...) {
  state <- valid_state(res)
  if (!length(state$handles)) return(NA_integer_)
  if (is.na(state$affected)) 0L else state$affected
})
dbi_method("dbGetRowCount", "SparkResult", function(res, ...) {
  state <- valid_state(res)
  sum(vapply(state$handles, function(handle) spark_call("columns", handle)[[3L]][[1L]], 1L))
})
dbi_method("dbHasCompleted", "SparkResult", function(res, ...) {
  state <- valid_state(res)
  if (!length(state$handles)) return(FALSE)
  if (!is.na(state$affected)) return(TRUE)
  all(vapply(state$handles, function(handle) {
    counts <- spark_call("columns", handle)[[3L]]
    counts[[2L]] >= 0L && counts[[1L]] >= counts[[2L]]
  }, NA))
})
dbi_method("dbColumnInfo", "SparkResult", function(res, ...) {
  found <- spark_call("columns", ready_state(res)$handles[[1L]])
  data.frame(name = found[[1L]], type = found[[2L]], stringsAsFactors = FALSE)
})

# -- tables ------------------------------------------------------------------------------------

dbi_method("dbListTables", "SparkConnection", function(conn, ...) {
  DBI::dbGetQuery(conn, "SHOW TABLES")$tableName
})

dbi_method("dbExistsTable", "SparkConnection", function(conn, name, ...) {
  spark_call("exists", table_sql(conn, name))
})

list_fields <- function(conn, name, ...) {
  result <- DBI::dbSendQuery(conn, paste("SELECT * FROM", table_sql(conn, name)))
  on.exit(DBI::dbClearResult(result))
  DBI::dbColumnInfo(result)$name
}
for (kind in c("character", "Id")) dbi_method("dbListFields", c("SparkConnection", kind), list_fields)

read_table <- function(conn, name, ..., row.names = FALSE, check.names = TRUE) {
  if (!is.logical(check.names) || length(check.names) != 1L || is.na(check.names)) {
    stop("`check.names` is TRUE or FALSE.", call. = FALSE)
  }
  if (!is.null(row.names) && (length(row.names) != 1L || !is.logical(row.names) && !is.character(row.names))) {
    stop("`row.names` is TRUE, FALSE, NA, NULL or the name of a column.", call. = FALSE)
  }
  data <- DBI::dbGetQuery(conn, paste("SELECT * FROM", table_sql(conn, name)))
  data <- DBI::sqlColumnToRownames(data, row.names)
  if (check.names) names(data) <- make.names(names(data), unique = TRUE)
  data
}
for (kind in c("character", "Id", "SQL")) {
  dbi_method("dbReadTable", c("SparkConnection", kind), read_table)
}

is_flag <- function(x) is.logical(x) && length(x) == 1L && !is.na(x)

write_table <- function(conn, name, value, ..., overwrite = FALSE, append = FALSE,
                        temporary = FALSE, row.names = FALSE, field.types = NULL) {
  if (!is_flag(overwrite) || !is_flag(append) || !is_flag(temporary)) {
    stop("`overwrite`, `append` and `temporary` are TRUE or FALSE.", call. = FALSE)
  }
  if (overwrite && append) stop("`overwrite` and `append` exclude each other.", call. = FALSE)
  if (append && !is.null(field.types)) stop("An existing table has its types.", call. = FALSE)
  if (!is.data.frame(value)) stop("`value` must be a data frame.", call. = FALSE)
  value <- DBI::sqlRownamesToColumn(as.data.frame(value), row.names)
  quoted <- table_sql(conn, name)
  exists <- spark_call("exists", quoted)
  if (exists && !overwrite && !append) {
    stop("Table ", quoted, " exists: use overwrite = TRUE or append = TRUE.", call. = FALSE)
  }
  if (exists && append) {
    DBI::dbAppendTable(conn, DBI::SQL(quoted), value)
  } else if (temporary) {
    spark_call("register", value, view_name(quoted), typed_columns(field.types))
  } else {
    if (exists) spark_call("drop", quoted)
    spark_call("save", value, quoted, typed_columns(field.types))
  }
  invisible(TRUE)
}
for (kind in c("character", "Id", "SQL")) {
  dbi_method("dbWriteTable", c("SparkConnection", kind), write_table)
}

# Names and types of `field.types`, as two strings vectors.
typed_columns <- function(types) {
  if (is.null(types)) return(list(character(), character()))
  if (is.null(names(types)) || anyDuplicated(names(types))) {
    stop("`field.types` needs unique names.", call. = FALSE)
  }
  list(names(types), as.character(unlist(types)))
}

dbi_method("dbAppendTable", "SparkConnection", function(conn, name, value, ..., row.names = NULL) {
  if (!is.null(row.names)) stop("`row.names` must be NULL.", call. = FALSE)
  if (!is.data.frame(value)) stop("`value` must be a data frame.", call. = FALSE)
  factors <- vapply(value, is.factor, NA)
  if (any(factors)) {
    warning("Factors become strings.", call. = FALSE)
    value[factors] <- lapply(value[factors], as.character)
  }
  spark_call("append", value, table_sql(conn, name))
  nrow(value)
})

dbi_method("dbCreateTable", "SparkConnection", function(conn, name, fields, ..., row.names = NULL, temporary = FALSE) {
  if (!is.null(row.names)) stop("`row.names` must be NULL.", call. = FALSE)
  if (!is_flag(temporary)) stop("`temporary` is TRUE or FALSE.", call. = FALSE)
  quoted <- table_sql(conn, name)
  if (is.data.frame(fields)) fields <- spark_type(fields)
  columns <- paste(DBI::dbQuoteIdentifier(conn, names(fields)), as.character(fields))
  if (temporary) {
    if (spark_call("exists", quoted)) stop("Table ", quoted, " exists.", call. = FALSE)
    selected <- paste0("CAST(NULL AS ", as.character(fields), ") AS ",
                       DBI::dbQuoteIdentifier(conn, names(fields)), collapse = ", ")
    DBI::dbExecute(conn, paste0("CREATE TEMPORARY VIEW ", quoted, " AS SELECT ", selected, " WHERE FALSE"))
  } else {
    DBI::dbExecute(conn, paste0("CREATE TABLE ", quoted, " (", paste(columns, collapse = ", "), ")"))
  }
  invisible(TRUE)
})

dbi_method("dbRemoveTable", "SparkConnection", function(conn, name, ..., temporary = FALSE, fail_if_missing = TRUE) {
  quoted <- table_sql(conn, name)
  if (!spark_call("exists", quoted)) {
    if (fail_if_missing) stop("There is no table ", quoted, ".", call. = FALSE)
    return(invisible(TRUE))
  }
  spark_call("drop", quoted)
  invisible(TRUE)
})
