# Spark in R: the connection `spark`, made at its first use, and what waits for other packages.

folder <- NULL  # where the *.R files are; engine.py sets it

# A call of session.py; attaches to the Spark session at the first one.
spark_call <- function(name, ...) enter("spark", name, ...)

spark_state <- new.env(parent = emptyenv())
spark_state$gone <- new.env(parent = emptyenv())

spark_connection <- function() {
  if (is.null(spark_state$connection)) {
    if (!has_package("DBI")) {
      stop("Spark in R needs the R package DBI, and dplyr and dbplyr for tables: ",
           "install.packages(c(\"DBI\", \"dplyr\", \"dbplyr\"))", call. = FALSE)
    }
    for (file in c("dbi.R", "dbi_queries.R")) {
      sys.source(file.path(folder, file), envir = environment(spark_connection))
    }
    spark_state$connection <- new_connection()
  }
  spark_state$connection
}

makeActiveBinding("spark", function(value) {
  if (!missing(value)) stop("`spark` is Toree's Spark connection.", call. = FALSE)
  spark_connection()
}, public)

# The DBI driver, for dbConnect(Spark(), bigint = "integer64").
public$Spark <- function() {
  spark_connection()
  methods::new("SparkDriver")
}

# A dplyr table over a DataFrame that another language shared, by the name session.py gave it. The
# name ends with the last table made of it, as far as dbplyr carries its queries' attributes.
lazy_table <- function(name, columns) {
  if (!has_package("dbplyr")) stop("A Spark DataFrame in R needs the R packages dplyr and dbplyr.")
  dplyr_tbl <- getExportedValue("dplyr", "tbl")
  table <- dplyr_tbl(spark_connection(), name, vars = if (!anyDuplicated(columns)) columns)
  if (is.list(table$lazy_query)) {
    life <- new.env(parent = emptyenv())
    life$name <- name
    # A name of its own in there: R runs a finalizer in the middle of another one.
    reg.finalizer(life, function(life) assign(life$name, TRUE, envir = spark_state$gone))
    attr(table$lazy_query, "life") <- life
  }
  table
}

# Names of tables that nothing in R refers to any more, each told once.
forgotten_tables <- function() {
  gone <- ls(spark_state$gone, all.names = TRUE)
  rm(list = gone, envir = spark_state$gone)
  gone
}

# Runs `action` now if the package is loaded, else when it is.
when_loaded <- function(package, action) {
  if (isNamespaceLoaded(package)) action()
  else setHook(packageEvent(package, "onLoad"), function(...) action())
}

when_loaded("dbplyr", function() {
  sys.source(file.path(folder, "dbplyr.R"), envir = environment(spark_connection))
})

# SparkR (SPARK_HOME/R/lib) joins this session: its backend runs inside the companion.
when_loaded("SparkR", function() {
  address <- spark_call("sparkr")
  Sys.setenv(EXISTING_SPARKR_BACKEND_PORT = address[[1L]], SPARKR_BACKEND_AUTH_SECRET = address[[2L]])
  # Without one SparkR downloads a Spark.
  if (!nzchar(Sys.getenv("SPARK_HOME"))) Sys.setenv(SPARK_HOME = address[[3L]])
})

local({
  home <- Sys.getenv("SPARK_HOME")
  library <- file.path(home, "R", "lib")
  if (nzchar(home) && dir.exists(library)) .libPaths(c(.libPaths(), library))
})

# For spark_connect(master = toree_sparklyr_master()). sparklyr's port asks for no secret, so it
# opens only when this is called.
public$toree_sparklyr_master <- function() {
  if (!has_package("sparklyr")) stop("Install the R package sparklyr first.", call. = FALSE)
  jars <- list.files(system.file("java", package = "sparklyr"), "\\.jar$", full.names = TRUE)
  spark_call("sparklyr", jars)
}
