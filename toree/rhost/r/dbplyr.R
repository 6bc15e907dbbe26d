# The dplyr backend: S3 methods on dbplyr's generics, registered when dbplyr is loaded. The SQL is
# dbplyr's own Spark SQL translation (from 2.4) or its Hive one (before), with what they lack.

register_dbplyr <- function() {
  space <- asNamespace("dbplyr")
  for (name in names(dbplyr_methods)) {
    where <- Find(function(package) is.function(get0(name, asNamespace(package), inherits = FALSE)),
                  c("dbplyr", "dplyr"))
    if (is.null(where)) next  # this dbplyr has no such generic
    registerS3method(name, "SparkConnection", dbplyr_methods[[name]], envir = asNamespace(where))
  }
  use_doubles(space)
  # An inner generic, for fill(): Spark's SQL is Hive's there.
  hive <- utils::getS3method("last_value_sql", "Hive", optional = TRUE, envir = space)
  if (!is.null(hive)) registerS3method("last_value_sql", "SparkConnection", hive, envir = space)
  if (utils::packageVersion("dbplyr") < "2.4.0") {
    # 2.3 merges a filter into the SELECT that makes its window column: wrong rows
    # (tidyverse/dbplyr#1135). A subquery in between costs Spark nothing.
    registerS3method("filter", "tbl_SparkConnection", function(.data, ...) {
      if (grepl(" OVER ", as.character(dbplyr::sql_render(.data)), fixed = TRUE)) {
        .data <- dplyr::collapse(.data)
      }
      NextMethod()
    }, envir = asNamespace("dplyr"))
  }
}

# R's doubles are DOUBLE in SQL. dbplyr writes 2 as 2.0, a DECIMAL in Spark, by a method on the
# value's class which its own code finds before any that is registered: nothing but its binding
# can be changed. Other connections get what they got.
use_doubles <- function(space) {
  theirs <- get("escape.double", space)
  ours <- function(x, parens = NA, collapse = ", ", con = NULL) {
    if (!inherits(con, "SparkConnection")) return(theirs(x, parens, collapse, con))
    text <- double_text(as.double(x))
    text[text == "NULL"] <- "CAST(NULL AS DOUBLE)"
    dbplyr::sql_vector(stats::setNames(text, names(x)), parens, collapse, con = con)
  }
  environment(ours) <- list2env(list(theirs = theirs), parent = environment(use_doubles))
  base::unlockBinding("escape.double", space)
  assign("escape.double", ours, space)
  lockBinding("escape.double", space)
  registerS3method("escape", "double", ours, envir = space)
}

dbplyr_methods <- list(
  dbplyr_edition = function(con) 2L,

  db_connection_describe = function(con, ...) {
    paste0("Spark ", spark_call("version"), " [", spark_call("conf", "spark.master"), "]")
  },

  # From dbplyr 2.6 on. Its own quotes names with ", a string in Spark; and the methods here come
  # before its own.
  sql_dialect = function(con) {
    dialect <- getExportedValue("dbplyr", "dialect_spark_sql")()
    dialect$quote_identifier <- function(x) dbplyr::sql_quote(x, "`")
    class(dialect) <- c("SparkConnection", class(dialect))
    dialect
  },

  sql_translation = function(con) spark_translation(),

  supports_window_clause = function(con) TRUE,

  sql_escape_date = function(con, x) {
    ifelse(is.na(x), "CAST(NULL AS DATE)", paste0("DATE '", format(x), "'"))
  },
  sql_escape_datetime = function(con, x) {
    text <- paste0("TIMESTAMP '", format(x, "%Y-%m-%d %H:%M:%OS6", tz = "UTC"), " UTC'")
    ifelse(is.na(x), "CAST(NULL AS TIMESTAMP)", text)
  },
  sql_escape_raw = function(con, x) {
    if (is.null(x)) "NULL" else paste0("X'", paste(format(x), collapse = ""), "'")
  },
  sql_escape_logical = function(con, x) {
    text <- ifelse(x, "TRUE", "FALSE")
    text[is.na(x)] <- "NULL"
    text
  },

  sql_random = function(con) dbplyr::sql("RAND()"),
  sql_expr_matches = function(con, x, y, ...) dbplyr::sql(paste0(x, " <=> ", y)),
  sql_query_explain = function(con, sql, ...) dbplyr::sql(paste0("EXPLAIN ", sql)),
  db_explain = function(con, sql, ...) {
    trimws(DBI::dbGetQuery(con, dbplyr::sql_query_explain(con, sql))[[1]])
  },
  sql_table_analyze = function(con, table, ...) {
    dbplyr::sql(paste("ANALYZE TABLE", table_sql(con, table), "COMPUTE STATISTICS"))
  },

  # By Arrow, not as VALUES in a statement.
  db_copy_to = function(con, table, values, ..., overwrite = FALSE, types = NULL, temporary = TRUE) {
    quoted <- table_sql(con, table)
    DBI::dbWriteTable(con, DBI::SQL(quoted), as.data.frame(values),
                      overwrite = overwrite || (temporary && is_made_up(quoted)), temporary = temporary, field.types = types)
    table_path(table, con)
  },

  # A computed table is there for good (a table) or in Spark's cache (a temporary view).
  db_compute = function(con, table, sql, ..., overwrite = FALSE, temporary = TRUE) {
    quoted <- table_sql(con, table)
    if (spark_call("exists", quoted)) {
      if (!overwrite && !(temporary && is_made_up(quoted))) stop("Table ", quoted, " exists.", call. = FALSE)
      spark_call("drop", quoted)
    }
    if (temporary) spark_call("compute", as.character(sql), view_name(quoted))
    else DBI::dbExecute(con, paste("CREATE TABLE", quoted, "AS", sql))
    table_path(table, con)
  }
)

# As dbplyr from 2.6 on wants a table's name back.
table_path <- function(table, con) {
  if (utils::packageVersion("dbplyr") < "2.5.2") table
  else getExportedValue("dbplyr", "as_table_path")(table, con)
}

# dbplyr counts its own names from 1 in each new R, on a session that may have had one before.
is_made_up <- function(quoted) grepl("^`?dbplyr_[A-Za-z0-9]+`?$", quoted)

spark_translation <- function() {
  space <- asNamespace("dbplyr")
  base <- NULL
  for (dialect in c("sql_dialect_spark_sql", "Spark SQL", "Hive")) {
    method <- utils::getS3method("sql_translation", dialect, optional = TRUE, envir = space)
    if (!is.null(method)) {
      base <- method(NULL)
      break
    }
  }
  own <- spark_functions()
  dbplyr::sql_variant(
    do.call(dbplyr::sql_translator, c(list(.parent = base$scalar), own$scalar)),
    do.call(dbplyr::sql_translator, c(list(.parent = base$aggregate), own$aggregate)),
    do.call(dbplyr::sql_translator, c(list(.parent = base$window), own$window))
  )
}

# An SQL call of the given arguments, each already translated or a constant.
sql_call <- function(name, ...) {
  arguments <- lapply(list(...), function(x) dbplyr::escape(x, con = spark_connection()))
  dbplyr::sql(paste0(name, "(", paste(unlist(arguments), collapse = ", "), ")"))
}

# Ranks. dbplyr 2.3 writes `x DESC IS NULL` for desc(x), and an order is a must in Spark.
rank_over <- function(name) function(order = NULL) {
  con <- spark_connection()
  quoted <- function(x) {
    if (inherits(x, "sql")) as.character(x)
    else as.character(DBI::dbQuoteIdentifier(con, as.character(x)))
  }
  groups <- quoted(dbplyr::win_current_group())
  over <- function(groups, order) {
    partition <- if (length(groups)) paste0("PARTITION BY ", paste(groups, collapse = ", "), " ")
    paste0(name, "() OVER (", partition, "ORDER BY ", paste(order, collapse = ", "), ")")
  }
  if (is.null(order)) {
    current <- dbplyr::win_current_order()
    return(dbplyr::sql(over(groups, if (length(current)) quoted(current) else "1")))
  }
  order <- as.character(order)
  missing <- paste0("(", sub(" DESC$", "", order), " IS NULL)", collapse = " OR ")
  # R ranks no NA, and gives it no place.
  apart <- c(groups, paste0("(CASE WHEN (", missing, ") THEN 1 ELSE 0 END)"))
  dbplyr::sql(paste0("CASE WHEN (NOT (", missing, ")) THEN ", over(apart, order), " END"))
}

# A whole number as an integer.
whole <- function(x) {
  plain <- is.double(x) && !is.object(x) && all(is.finite(x) & x == floor(x) & abs(x) < 2^31)
  if (plain) as.integer(x) else x
}

unwrapped <- function(sql) substr(sql, 2L, nchar(sql) - 1L)

sql_binary <- function(x, operator, y) {
  con <- spark_connection()
  dbplyr::sql(paste0("(", dbplyr::escape(x, con = con), " ", operator, " ", dbplyr::escape(y, con = con), ")"))
}

is_fixed <- function(pattern) inherits(pattern, c("fixed", "stringr_fixed"))

detects <- function(string, pattern, negate = FALSE) {
  found <- if (is_fixed(pattern)) sql_call("CONTAINS", string, as.character(pattern))
           else sql_binary(string, "RLIKE", as.character(pattern))
  if (negate) dbplyr::sql(paste0("(NOT ", found, ")")) else found
}

spark_functions <- function() {
  units <- c(second = "SECOND", minute = "MINUTE", hour = "HOUR", day = "DAY", week = "WEEK",
             month = "MONTH", quarter = "QUARTER", year = "YEAR")
  field <- function(name) function(x) sql_call(name, x)
  cast <- function(type) function(x) {
    dbplyr::sql(paste0("CAST(", dbplyr::escape(x, con = spark_connection()), " AS ", type, ")"))
  }
  list(
    scalar = list(
      # R rounds half to even, as BROUND does; ROUND rounds half up.
      round = function(x, digits = 0L) sql_call("BROUND", x, as.integer(digits)),
      # `n %% 2` of an integer column is an integer, as most mean it.
      `%/%` = function(x, y) sql_call("FLOOR", sql_binary(whole(x), "/", whole(y))),
      `%%` = function(x, y) sql_call("PMOD", whole(x), whole(y)),
      fixed = function(pattern, ignore_case = FALSE) structure(pattern, class = "stringr_fixed"),
      as.logical = cast("BOOLEAN"), as.Date = cast("DATE"), as_date = cast("DATE"),
      as.POSIXct = cast("TIMESTAMP"), as_datetime = cast("TIMESTAMP"),
      as.integer64 = cast("BIGINT"),
      str_detect = detects,
      grepl = function(pattern, x, ignore.case = FALSE, fixed = FALSE, ...) {
        if (fixed) return(sql_call("CONTAINS", x, pattern))
        detects(x, if (ignore.case) paste0("(?i)", pattern) else pattern)
      },
      str_starts = function(string, pattern, negate = FALSE) {
        detects(string, if (is_fixed(pattern)) paste0("^\\Q", pattern, "\\E") else paste0("^(", pattern, ")"), negate)
      },
      str_ends = function(string, pattern, negate = FALSE) {
        detects(string, if (is_fixed(pattern)) paste0("\\Q", pattern, "\\E$") else paste0("(", pattern, ")$"), negate)
      },
      str_replace_all = function(string, pattern, replacement) {
        if (is_fixed(pattern)) sql_call("REPLACE", string, as.character(pattern), replacement)
        else sql_call("REGEXP_REPLACE", string, as.character(pattern), gsub("\\\\([0-9])", "$\\1", replacement))
      },
      gsub = function(pattern, replacement, x, fixed = FALSE, ...) {
        if (fixed) sql_call("REPLACE", x, pattern, replacement)
        else sql_call("REGEXP_REPLACE", x, pattern, gsub("\\\\([0-9])", "$\\1", replacement))
      },
      str_extract = function(string, pattern) {
        sql_call("NULLIF", sql_call("REGEXP_EXTRACT", string, pattern, 0L), "")
      },
      str_count = function(string, pattern = "") sql_call("REGEXP_COUNT", string, pattern),
      str_remove_all = function(string, pattern) sql_call("REGEXP_REPLACE", string, pattern, ""),
      year = field("YEAR"), month = field("MONTH"), day = field("DAY"), mday = field("DAY"),
      yday = field("DAYOFYEAR"), quarter = field("QUARTER"), hour = field("HOUR"),
      minute = field("MINUTE"), second = field("SECOND"), week = field("WEEKOFYEAR"),
      isoweek = field("WEEKOFYEAR"),
      date_add = function(x, n) sql_call("DATE_ADD", x, whole(n)),
      date_sub = function(x, n) sql_call("DATE_SUB", x, whole(n)),
      add_months = function(x, n) sql_call("ADD_MONTHS", x, whole(n)),
      wday = function(x) sql_call("DAYOFWEEK", x),
      floor_date = function(x, unit = "second") {
        unit <- sub("s$", "", unit)
        if (!unit %in% names(units)) stop("Spark can't floor to ", unit, ".", call. = FALSE)
        sql_call("DATE_TRUNC", units[[unit]], x)
      },
      today = function(tzone = "") sql_call("CURRENT_DATE"),
      now = function(tzone = "") sql_call("CURRENT_TIMESTAMP")
    ),
    aggregate = list(
      n_distinct = function(..., na.rm = FALSE) {
        dbplyr::sql(paste0("COUNT(DISTINCT ", unwrapped(sql_call("", ...)), ")"))
      },
      any = dbplyr::sql_aggregate("BOOL_OR", "any"),
      all = dbplyr::sql_aggregate("BOOL_AND", "all"),
      first = function(x, ...) sql_call("FIRST", x),
      last = function(x, ...) sql_call("LAST", x)
    ),
    window = list(
      row_number = rank_over("ROW_NUMBER"), min_rank = rank_over("RANK"), rank = rank_over("RANK"),
      dense_rank = rank_over("DENSE_RANK"), percent_rank = rank_over("PERCENT_RANK"),
      cume_dist = rank_over("CUME_DIST"),
      # Spark has no distinct aggregates over windows.
      n_distinct = function(x, na.rm = FALSE) {
        sql_call("SIZE", dbplyr::win_over(sql_call("COLLECT_SET", x), partition = dbplyr::win_current_group()))
      }
    )
  )
}

register_dbplyr()
