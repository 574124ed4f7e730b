# analysis.stl: columns of a table into trend, season and remainder. README.md says what comes out.

validate <- function(config) {
  check_window(config)
  for (key in c("t_window", "l_window")) must_be_odd(config[[key]], key)
  config
}

step <- function(step) {
  done <- decompose(step$input, step$config, function(share, note) {
    step$stop_if_cancelled()
    step$progress(share, note)
  })
  if (nzchar(step$output)) step$put(paste0(step$output, "_summary"), done$summary)
  for (warning in done$warnings) step$log$warning(warning)
  done$table
}

execute <- function(input) {
  parameters <- input$parameters
  if (!(is.null(parameters$method) || identical(parameters$method, "stl"))) {
    stop(invalid(paste0("parameters.method: expected stl, got '", parameters$method, "'"), "this plugin knows one method"))
  }
  data <- input$data
  if (is.list(data) && !is.data.frame(data)) data <- table_of_lists(data)
  done <- decompose(data, validate(parameters), function(share, note) NULL)
  list(data = done$table, metadata = list(method = "stl", summary = done$summary), logs = list(), warnings = as.list(done$warnings), errors = list())
}

# Rows of maps, a map of columns, or numbers alone.
table_of_lists <- function(data) {
  if (is.null(names(data)) && length(data) && all(vapply(data, is.list, TRUE))) {
    keys <- unique(unlist(lapply(data, names)))
    data <- structure(lapply(keys, function(key) lapply(data, `[[`, key)), names = keys)
  }
  if (is.null(names(data))) data <- list(value = data)
  columns <- lapply(data, function(column) unlist(lapply(column, function(cell) if (is.null(cell)) NA else cell)))
  as.data.frame(columns, optional = TRUE, stringsAsFactors = FALSE)
}

# ---- the configuration

check_window <- function(config) {
  window <- config$s_window
  if (is.null(window) || identical(window, "periodic")) return("periodic")
  if (!is.numeric(window) || length(window) != 1L || window < 7 || window %% 2 != 1) {
    stop(invalid(paste0("s_window: expected periodic or an odd number from 7 on, got ", format(window)),
                 "periodic: the season is the same in every period", list(key = "s_window")))
  }
  window
}

must_be_odd <- function(window, key) {
  if (!is.null(window) && window %% 2 != 1) stop(invalid(paste0(key, ": expected an odd number, got ", window), paste0("try ", window + 1), list(key = key)))
}

is_time <- function(column) inherits(column, c("Date", "POSIXct"))
is_number <- function(column) is.numeric(column) && !is.factor(column) && !is_time(column)

chosen_columns <- function(table, config, time) {
  numbers <- setdiff(names(table)[vapply(table, is_number, TRUE)], time)
  columns <- unlist(config$columns)
  if (is.null(columns)) {
    if (length(numbers) == 1L) return(numbers)
    stop(invalid(if (length(numbers)) "columns is required: the table has several columns of numbers" else "the table has no column of numbers",
                 hint_of(numbers), list(key = "columns")))
  }
  for (column in columns) {
    if (!(column %in% names(table))) stop(not_found(paste0("columns: no column '", column, "'"), hint_of(numbers), list(key = "columns", got = column)))
    if (!(column %in% numbers)) stop(invalid(paste0("columns: column '", column, "' does not hold numbers"), hint_of(numbers), list(key = "columns", got = column)))
  }
  columns
}

hint_of <- function(names) if (length(names)) paste("columns of numbers are:", paste(names, collapse = ", ")) else ""

time_column <- function(table, config) {
  if (!is.null(config$time)) {
    if (config$time %in% names(table)) return(config$time)
    stop(not_found(paste0("time: no column '", config$time, "'"), paste("columns are:", paste(names(table), collapse = ", ")), list(key = "time")))
  }
  times <- names(table)[vapply(table, is_time, TRUE)]
  if (length(times) > 1L) stop(invalid("time is required: the table has several columns of times", paste("they are:", paste(times, collapse = ", ")), list(key = "time")))
  if (length(times)) times
}

# ---- the series

decompose <- function(table, config, report) {
  if (!is.data.frame(table)) stop(invalid(paste0("the input is a ", kind_of(table), ", not a table"), "name a table: `input: KEY`"))
  time <- time_column(table, config)
  columns <- chosen_columns(table, config, time)
  rows <- regular_rows(table, columns, time, config)
  frequency <- frequency_of(rows$times, rows$step, config)
  parts <- list()
  summaries <- list()
  for (at in seq_along(columns)) {
    report((at - 1) / length(columns), columns[[at]])
    part <- decompose_one(rows$values[[columns[[at]]]], columns[[at]], frequency, config)
    before <- list()
    if (!is.null(rows$times)) before[[time]] <- rows$times
    if (length(columns) > 1L) before$series <- rep(factor(columns[[at]], levels = columns), nrow(part$table))
    parts[[at]] <- as.data.frame(c(before, as.list(part$table)), optional = TRUE)
    summaries[[at]] <- c(list(series = columns[[at]]), part$summary, list(filled = rows$filled[[columns[[at]]]]))
  }
  list(table = do.call(rbind, parts), summary = do.call(rbind, lapply(summaries, as.data.frame)), warnings = rows$warnings)
}

# The rows in the order of time, one for every instant: what is missing is refused or filled.
regular_rows <- function(table, columns, time, config) {
  values <- lapply(table[columns], as.double)
  if (is.null(time)) return(filled_rows(values, NULL, NULL, config, character()))
  times <- table[[time]]
  if (!is_time(times) && !is_number(times)) stop(invalid(paste0("time: column '", time, "' holds neither dates, times nor numbers"), "", list(key = "time")))
  if (anyNA(times)) stop(invalid(paste0("time: ", sum(is.na(times)), " rows of '", time, "' have no time"), "filter them out before", list(key = "time")))
  if (anyDuplicated(times)) {
    stop(invalid(paste0("time: ", format(times[anyDuplicated(times)]), " is there twice"),
                 "one row for each time: aggregate before, or filter one series", list(key = "time")))
  }
  order <- order(times)
  times <- times[order]
  values <- lapply(values, `[`, order)
  step <- step_of(times)
  grid <- grid_of(times, step)
  if (length(grid) > length(times) * 20 + 1000) {
    stop(invalid("time: the times are too irregular to be a series", "aggregate to days, weeks or months before", list(key = "time")))
  }
  places <- match(as.double(times), as.double(grid))
  if (anyNA(places)) {
    stop(invalid(paste0("time: ", format(times[which(is.na(places))[1L]]), " is off the steps of the series (", step$words, ")"),
                 "aggregate to days, weeks or months before", list(key = "time")))
  }
  missing <- length(grid) - length(times)
  if (missing > 0L && !identical(config$gaps, "interpolate")) {
    first <- grid[which(!(seq_along(grid) %in% places))[1L]]
    stop(invalid(paste0("time: ", missing, " of ", length(grid), " times are missing, first ", format(first)),
                 "gaps: interpolate fills them along a straight line", list(key = "gaps")))
  }
  widened <- lapply(values, function(column) {
    all <- rep(NA_real_, length(grid))
    all[places] <- column
    all
  })
  filled_rows(widened, grid, step, config, if (missing > 0L) paste(missing, "missing times were filled") else character())
}

filled_rows <- function(values, times, step, config, warnings) {
  filled <- lapply(values, function(column) sum(!is.finite(column)))
  for (name in names(values)) {
    if (filled[[name]] == 0L) next
    if (!identical(config$gaps, "interpolate")) {
      stop(invalid(paste0("column '", name, "' has ", filled[[name]], " missing values"), "gaps: interpolate fills them along a straight line", list(key = "gaps")))
    }
    there <- which(is.finite(values[[name]]))
    if (length(there) < 2L) stop(invalid(paste0("column '", name, "' has fewer than two values")))
    values[[name]] <- stats::approx(there, values[[name]][there], seq_along(values[[name]]), rule = 2)$y
  }
  list(values = values, times = times, step = step, filled = filled, warnings = warnings)
}

# The distance between two rows: months where all are on the same day of a month, else the smallest there is.
step_of <- function(times) {
  if (length(times) < 2L) return(list(by = 1, words = "one row"))
  if (is_time(times)) {
    parts <- as.POSIXlt(times)
    months <- parts$year * 12 + parts$mon
    same_day <- length(unique(parts$mday)) == 1L && all(parts$hour == 0 & parts$min == 0)
    if (same_day && all(diff(months) > 0)) return(list(months = min(diff(months)), words = paste(min(diff(months)), "months")))
  }
  by <- min(diff(as.double(times)))
  list(by = by, words = if (inherits(times, "Date")) paste(by, "days") else if (is_time(times)) paste(by, "seconds") else format(by))
}

grid_of <- function(times, step) {
  if (length(times) < 2L) return(times)
  if (!is.null(step$months)) return(seq(times[1L], times[length(times)], by = paste(step$months, "months")))
  seq_all <- seq(as.double(times[1L]), as.double(times[length(times)]) + step$by / 2, by = step$by)
  if (!is_time(times)) return(seq_all)
  structure(seq_all, class = class(times), tzone = attr(times, "tzone"))
}

frequency_of <- function(times, step, config) {
  if (!is.null(config$frequency)) return(config$frequency)
  known <- if (!is.null(step$months)) c("1" = 12, "3" = 4)[as.character(step$months)]
  else if (inherits(times, "POSIXct") && identical(step$by, 3600)) 24
  if (!is.null(known) && !is.na(known)) return(unname(known))
  daily <- inherits(times, "Date") && identical(step$by, 1)
  stop(invalid("frequency is required: how many rows make one period",
               if (daily) "the rows are days: frequency: 7 for a week, 365 for a year" else "for example frequency: 12 for months of a year", list(key = "frequency")))
}

# ---- one column

decompose_one <- function(values, name, frequency, config) {
  if (length(values) < 2 * frequency + 1) {
    stop(invalid(paste0("column '", name, "' has ", length(values), " values, and two periods of ", frequency, " and one are the least"),
                 "a longer series, or a smaller frequency", list(key = "frequency")))
  }
  arguments <- list(x = stats::ts(values, frequency = frequency), s.window = check_window(config), robust = isTRUE(config$robust))
  for (key in c("t_window", "l_window", "s_degree", "t_degree")) {
    if (!is.null(config[[key]])) arguments[[sub("_", ".", key)]] <- config[[key]]
  }
  fit <- do.call(stats::stl, arguments)
  series <- fit$time.series
  table <- data.frame(observed = values, seasonal = as.vector(series[, "seasonal"]), trend = as.vector(series[, "trend"]),
                      remainder = as.vector(series[, "remainder"]))
  if (isTRUE(config$robust)) table$weight <- as.vector(fit$weights)
  list(table = table, summary = summary_of(table, frequency, fit))
}

# Strengths after Wang, Smith and Hyndman (2006): 1 is all season (or trend), 0 is none.
strength <- function(remainder, part) {
  whole <- stats::var(part + remainder)
  if (whole == 0) 0 else max(0, 1 - stats::var(remainder) / whole)
}

summary_of <- function(table, frequency, fit) {
  list(
    rows = nrow(table), frequency = frequency, periods = nrow(table) / frequency,
    trend_strength = strength(table$remainder, table$trend), seasonal_strength = strength(table$remainder, table$seasonal),
    trend_first = table$trend[[1L]], trend_last = table$trend[[nrow(table)]],
    seasonal_low = min(table$seasonal), seasonal_high = max(table$seasonal), remainder_sd = stats::sd(table$remainder),
    s_window = unname(fit$win[["s"]]), t_window = unname(fit$win[["t"]]), l_window = unname(fit$win[["l"]])
  )
}
