# Cells written for SparkR where it is not installed (Spark's Python package has none; Spark 4
# deprecates it): what Toree's own notebooks use works by dplyr, for the rest a sentence says how.

# createDataFrame(data), and SparkR 1's createDataFrame(sqlContext, data): a dplyr table. Names are
# SparkR's: without dots.
public$createDataFrame <- function(data, schema = NULL, ...) {
  if (methods::is(data, "SparkConnection") && !is.null(schema)) data <- schema
  if (!has_package("dbplyr")) stop("Spark DataFrames in R need the R packages dplyr and dbplyr.")
  data <- as.data.frame(data)
  names(data) <- gsub(".", "_", names(data), fixed = TRUE)
  spark_state$made <- 1L + if (is.null(spark_state$made)) 0L else spark_state$made
  getExportedValue("dplyr", "copy_to")(
    spark_connection(), data, sprintf("toree_created_%d", spark_state$made), overwrite = TRUE
  )
}

# What else stands in SparkR's notebooks, and how it is said here.
sparkr_names <- c(
  sparkR.session = "there is a session: `spark`", sparkR.init = "there is a session: `spark`",
  sparkRSQL.init = "there is a session: `spark`", sparkRHive.init = "there is a session: `spark`",
  sparkR.session.stop = "%restart spark", sparkR.stop = "%restart spark",
  sql = "dplyr::tbl(spark, dplyr::sql(query))", tableToDF = "dplyr::tbl(spark, name)",
  read.df = "dplyr::tbl(spark, dplyr::sql(\"select * from format.`path`\"))",
  read.json = "dplyr::tbl(spark, dplyr::sql(\"select * from json.`path`\"))",
  read.parquet = "dplyr::tbl(spark, dplyr::sql(\"select * from parquet.`path`\"))",
  loadDF = "dplyr::tbl(spark, name)", write.df = "DBI::dbWriteTable(spark, name, data)",
  saveAsTable = "DBI::dbWriteTable(spark, name, data)", as.DataFrame = "createDataFrame(data)",
  createOrReplaceTempView = "dplyr::compute(table, name)",
  registerTempTable = "dplyr::compute(table, name)", printSchema = "dplyr::glimpse(table)",
  showDF = "print(table)", collect = "dplyr::collect(table)", take = "head(table, n)",
  groupBy = "dplyr::group_by(table, ...)", agg = "dplyr::summarise(table, ...)",
  withColumn = "dplyr::mutate(table, ...)", where = "dplyr::filter(table, ...)",
  tables = "DBI::dbListTables(spark)", cacheTable = "DBI::dbExecute(spark, \"cache table name\")",
  dapply = "a Python cell", gapply = "a Python cell", spark.lapply = "a Python cell"
)

# A sentence for a call of a function that only SparkR has; NULL for any other.
sparkr_hint <- function(call) {
  name <- if (is.call(call) && is.name(call[[1L]])) as.character(call[[1L]])
  if (is.null(name) || is.na(here <- sparkr_names[name]) || exists(name, mode = "function")) return()
  sprintf("%s is SparkR's, which is not installed here (docs/r.md). Instead: %s", name, here)
}
