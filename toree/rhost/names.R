global_names <- function() ls(globalenv(), all.names = FALSE, sorted = FALSE)
assigned_names <- function(before) setdiff(global_names(), before)
