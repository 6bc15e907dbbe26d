# dplyr's verbs on Spark and on data frames in memory: the same rows must come. Evaluates to the
# names of the cases that differ, each with what was different.

library(dplyr)
library(tidyr)
library(stringr)

set.seed(1)
people <- tibble(
  id = 1:60,
  name = rep(c("Ada", "Bob", "Cy", "Dée", "O'Neil", NA), 10),
  city = rep(c("Rome", "Oslo", "Paris"), each = 20),
  age = as.numeric(c(NA, sample(18:80, 59, replace = TRUE))),
  score = round(rnorm(60), 3),
  member = rep(c(TRUE, FALSE, NA), 20),
  born = as.Date("1970-01-01") + (1:60) * 200,
  seen = as.POSIXct("2024-03-01 10:20:30", tz = "UTC") + (1:60) * 5000
)
cities <- tibble(city = c("Rome", "Oslo", "Bern"), country = c("IT", "NO", "CH"))

remote_people <- copy_to(spark, people, "verbs_people", overwrite = TRUE)
remote_cities <- copy_to(spark, cities, "verbs_cities", overwrite = TRUE)

cases <- list(
  filter = function(p, c) p |> filter(age > 30),
  filter_and = function(p, c) p |> filter(age > 30, city == "Rome" | member),
  filter_na = function(p, c) p |> filter(is.na(name)),
  filter_in = function(p, c) p |> filter(city %in% c("Rome", "Oslo")),
  filter_between = function(p, c) p |> filter(between(age, 20, 40)),
  filter_quote = function(p, c) p |> filter(name == "O'Neil"),
  filter_date = function(p, c) p |> filter(born > as.Date("1990-01-01")),
  filter_not = function(p, c) p |> filter(!member),
  select = function(p, c) p |> select(id, who = name, starts_with("c")),
  select_minus = function(p, c) p |> select(-born, -seen),
  rename = function(p, c) p |> rename(years = age),
  relocate = function(p, c) p |> relocate(age),
  mutate = function(p, c) p |> mutate(next_age = age + 1, half = age / 2),
  mutate_chain = function(p, c) p |> mutate(a = id * 2, b = a + 1),
  transmute = function(p, c) p |> transmute(id, x = id %% 7L, y = id %/% 7L),
  round = function(p, c) p |> mutate(r = round(id / 2), s = round(score, 1), t = floor(score)),
  arithmetic = function(p, c) p |> mutate(q = sqrt(id), e = exp(score), l = log(id), p = id^2, m = abs(score)),
  case_when = function(p, c) p |> mutate(g = case_when(age < 30 ~ "young", age < 60 ~ "mid", TRUE ~ "old")),
  if_else = function(p, c) p |> mutate(f = if_else(age > 40, "a", "b"), g = ifelse(member, 1, 0)),
  coalesce = function(p, c) p |> mutate(n = coalesce(name, "none"), z = na_if(city, "Rome")),
  recode = function(p, c) p |> mutate(m = case_match_(city)),
  as = function(p, c) p |> mutate(a = as.character(id), b = as.numeric("1.5"), d = as.integer(3.9)),
  strings = function(p, c) p |> mutate(u = toupper(name), n = nchar(name), s = substr(city, 2, 3)),
  paste = function(p, c) p |> filter(!is.na(name)) |> mutate(x = paste(city, name), y = paste0(city, "-", id)),
  stringr = function(p, c) p |> mutate(a = str_detect(city, "o$|^R"), b = str_to_lower(city), d = str_length(city)),
  str_replace_all = function(p, c) p |> mutate(a = str_replace_all(city, "[aeiou]", "_"), b = gsub("o", "0", city)),
  str_sub = function(p, c) p |> mutate(a = str_sub(city, 1, 2), b = str_trim("  x ")),
  str_starts = function(p, c) p |> mutate(a = str_starts(city, "R"), b = str_ends(city, "o")),
  grepl = function(p, c) p |> filter(grepl("^[RO]", city)),
  str_fixed = function(p, c) p |> mutate(a = str_detect(city, fixed("o"))),
  dates = function(p, c) p |> mutate(y = year_(born), m = month_(born)),
  summarise = function(p, c) p |> summarise(n = n(), m = mean(age, na.rm = TRUE), s = sum(score, na.rm = TRUE)),
  group_summarise = function(p, c) p |> group_by(city) |> summarise(n = n(), m = mean(age, na.rm = TRUE), .groups = "drop"),
  group_two = function(p, c) p |> group_by(city, member) |> summarise(n = n(), .groups = "drop"),
  statistics = function(p, c) p |> group_by(city) |> summarise(sd = sd(score, na.rm = TRUE), v = var(score, na.rm = TRUE), mi = min(age, na.rm = TRUE), ma = max(age, na.rm = TRUE)),
  median = function(p, c) p |> group_by(city) |> summarise(md = median(score, na.rm = TRUE)),
  quantile = function(p, c) p |> summarise(q = quantile(score, 0.25, na.rm = TRUE)),
  n_distinct = function(p, c) p |> group_by(city) |> summarise(k = n_distinct(age, na.rm = TRUE)),
  window_distinct = function(p, c) p |> filter(!is.na(age)) |> group_by(city) |> mutate(k = n_distinct(age)) |> ungroup(),
  any_all = function(p, c) p |> filter(!is.na(member)) |> group_by(city) |> summarise(a = any(member, na.rm = TRUE), b = all(member, na.rm = TRUE)),
  having = function(p, c) p |> group_by(name) |> summarise(n = n(), m = max(id, na.rm = TRUE)) |> filter(m > 57),
  count = function(p, c) p |> count(city, sort = TRUE),
  count_weight = function(p, c) p |> count(city, wt = id),
  add_count = function(p, c) p |> add_count(city),
  tally = function(p, c) p |> group_by(member) |> tally(),
  distinct = function(p, c) p |> distinct(city, member),
  arrange_head = function(p, c) p |> arrange(desc(id)) |> head(5),
  slice_min = function(p, c) p |> slice_min(id, n = 3),
  slice_max = function(p, c) p |> group_by(city) |> slice_max(id, n = 2) |> ungroup(),
  across = function(p, c) p |> group_by(city) |> summarise(across(c(age, score), ~ mean(.x, na.rm = TRUE))),
  across_two = function(p, c) p |> summarise(across(c(id, score), list(lo = ~ min(.x, na.rm = TRUE), hi = ~ max(.x, na.rm = TRUE)))),
  if_any = function(p, c) p |> filter(if_any(c(id, age), ~ .x > 50)),
  row_number = function(p, c) p |> group_by(city) |> mutate(r = row_number(id)) |> ungroup(),
  rank = function(p, c) p |> mutate(a = min_rank(score), b = dense_rank(city), d = ntile(id, 4L)),
  rank_desc = function(p, c) p |> group_by(city) |> mutate(a = row_number(desc(id)), b = min_rank(desc(age)), d = dense_rank(age)) |> ungroup(),
  distinct_keep = function(p, c) p |> filter(id %% 20L == 1L) |> distinct(city, .keep_all = TRUE),
  fill = function(p, c) if (is.data.frame(p)) p |> arrange(id) |> fill(name) else p |> dbplyr::window_order(id) |> fill(name),
  join_copy = function(p, c) if (is.data.frame(p)) left_join(p, cities, by = "city") else left_join(p, cities, by = "city", copy = TRUE),
  lag_lead = function(p, c) p |> group_by(city) |> arrange(id) |> mutate(x = lag(id), y = lead(id, 2L)) |> ungroup(),
  cumulative = function(p, c) p |> group_by(city) |> arrange(id) |> mutate(t = cumsum(score)) |> ungroup(),
  window_mean = function(p, c) p |> group_by(city) |> mutate(d = score - mean(score, na.rm = TRUE)) |> ungroup(),
  window_filter = function(p, c) p |> group_by(city) |> mutate(r = row_number(id)) |> filter(r <= 2) |> ungroup(),
  group_filter = function(p, c) p |> group_by(city) |> filter(score > mean(score, na.rm = TRUE)) |> ungroup(),
  filter_after_window = function(p, c) p |> mutate(m = max(id, na.rm = TRUE)) |> filter(id < 20) |> mutate(k = n()),
  inner_join = function(p, c) inner_join(p, c, by = "city"),
  left_join = function(p, c) left_join(p, c, by = "city"),
  right_join = function(p, c) right_join(p, c, by = "city"),
  full_join = function(p, c) full_join(p, c, by = "city"),
  semi_join = function(p, c) semi_join(p, c, by = "city"),
  anti_join = function(p, c) anti_join(p, c, by = "city"),
  self_join = function(p, c) inner_join(p |> select(id, city), p |> select(id, age), by = "id"),
  join_names = function(p, c) left_join(p |> select(id, town = city), c, by = c("town" = "city")),
  union_all = function(p, c) union_all(p |> filter(id < 3), p |> filter(id > 58)),
  union = function(p, c) union(p |> select(city), c |> select(city)),
  intersect = function(p, c) intersect(p |> select(city), c |> select(city)),
  setdiff = function(p, c) setdiff(p |> select(city), c |> select(city)),
  pivot_longer = function(p, c) p |> select(id, age, score) |> pivot_longer(c(age, score)),
  pivot_wider = function(p, c) p |> count(city, member) |> ungroup() |> filter(!is.na(member)) |> pivot_wider(names_from = city, values_from = n),
  fill_na = function(p, c) p |> mutate(n = ifelse(is.na(name), "?", name)),
  pmin_pmax = function(p, c) p |> mutate(a = pmin(id, 30L, na.rm = TRUE), b = pmax(id, 30L, na.rm = TRUE)),
  nested = function(p, c) p |> filter(id %in% !!(1:5)) |> mutate(x = !!3 * id),
  compute = function(p, c) p |> filter(id < 4) |> compute() |> mutate(z = id + 1),
  group_mutate = function(p, c) p |> group_by(city) |> mutate(share = id / sum(id, na.rm = TRUE)) |> ungroup(),
  complete = function(p, c) p |> expand(city, member)
)
# Functions of packages that may be absent.
cases$recode <- NULL
if (!requireNamespace("lubridate", quietly = TRUE)) cases$dates <- NULL else {
  cases$dates <- function(p, c) p |> mutate(y = year(born), m = month(born), d = day(born), q = quarter(born))
  library(lubridate, warn.conflicts = FALSE)
}

sorted <- function(d) {
  d <- as.data.frame(d)
  d <- d[sort(names(d))]
  for (n in names(d)) {
    if (is.integer(d[[n]]) || inherits(d[[n]], "integer64")) d[[n]] <- as.numeric(d[[n]])
    if (inherits(d[[n]], "POSIXct")) d[[n]] <- as.numeric(d[[n]])
  }
  d <- d[do.call(order, unname(lapply(d, function(x) if (is.numeric(x)) round(x, 6) else as.character(x)))), , drop = FALSE]
  rownames(d) <- NULL
  d
}

differences <- vapply(names(cases), function(name) {
  tryCatch({
    local <- suppressMessages(as.data.frame(cases[[name]](people, cities)))
    remote <- suppressMessages(collect(cases[[name]](remote_people, remote_cities)))
    same <- all.equal(sorted(local), sorted(remote), check.attributes = FALSE)
    same_names <- setequal(names(local), names(remote))
    if (isTRUE(same) && same_names) "" else paste(c(if (!same_names) "names", same), collapse = "; ")
  }, error = function(e) paste("error:", conditionMessage(e)))
}, "")
