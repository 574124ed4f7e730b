# Input.r_dataset: a dataset of R's, as a table. What README.md promises about each kind of object is here, one function a kind.

validate <- function(config) {
  if (!nzchar(config$name)) stop(invalid("name: expected the name of a dataset", "for example name: iris", list(key = "name")))
  find_dataset(config$name, package_of(config))
  config
}

step <- function(step) {
  table <- as_table(find_dataset(step$config$name, package_of(step$config)), step$config$name, row_names_of(step$config))
  if (!is.null(step$config$limit)) table <- utils::head(table, step$config$limit)
  step$log$info(paste("read", step$config$name), rows = nrow(table), columns = ncol(table))
  table
}

execute <- function(input) {
  parameters <- input$parameters
  name <- if (is.null(parameters$name)) parameters$source else parameters$name
  if (!is.character(name) || length(name) != 1L) stop(invalid("parameters.name: expected the name of a dataset", "for example name: iris"))
  table <- as_table(find_dataset(name, package_of(parameters)), name, row_names_of(parameters))
  if (!is.null(parameters$limit)) table <- utils::head(table, parameters$limit)
  list(data = table, metadata = list(plugin_id = "Input.r_dataset", name = name, package = package_of(parameters), rows = nrow(table)),
       logs = list(), warnings = list(), errors = list())
}

package_of <- function(config) if (is.null(config$package)) "datasets" else config$package
row_names_of <- function(config) if (is.null(config$row_names)) "rowname" else config$row_names

# ---- finding

find_dataset <- function(name, package) {
  if (!requireNamespace(package, quietly = TRUE)) {
    stop(not_found(paste0("package: there is no R package '", package, "'"),
                   near(package, rownames(utils::installed.packages()), "installed", "install it with install.packages(), or leave `package` out"),
                   list(key = "package", got = package)))
  }
  names <- dataset_names(package)
  if (!(name %in% names)) {
    stop(not_found(paste0("name: the package '", package, "' has no dataset '", name, "'"),
                   near(name, names, "there", paste0("data(package = \"", package, "\") lists them in R")), list(key = "name", got = name)))
  }
  space <- new.env()
  suppressWarnings(utils::data(list = name, package = package, envir = space))  # those of another's file are exported
  if (exists(name, space, inherits = FALSE)) get(name, space) else getExportedValue(package, name)
}

# "beaver1 (beavers)" is the dataset beaver1 in the file beavers.
dataset_names <- function(package) sort(sub(" .*", "", utils::data(package = package)$results[, "Item"]))

# "did you mean 'iris'? there are: ..."
near <- function(name, names, there, otherwise) {
  if (!length(names)) return(paste("it has none;", otherwise))
  distance <- utils::adist(tolower(name), tolower(names))[1L, ]
  starts <- startsWith(tolower(names), substr(tolower(name), 1L, 3L))
  close <- unique(names[order(distance, names)][sort(distance) <= max(2, nchar(name) %/% 3)])
  best <- utils::head(unique(c(close, names[starts])), 5L)
  if (!length(best)) return(paste0(there, " are, among ", length(names), ": ", paste(utils::head(names, 8L), collapse = ", "), "; ", otherwise))
  paste0("did you mean ", paste0("'", best, "'", collapse = " or "), "?")
}

# ---- any dataset as a table

as_table <- function(data, name, row_names) {
  if (is.data.frame(data)) return(frame_of(data, row_names))
  if (inherits(data, "mts")) return(series_of(data, colnames(data)))
  if (stats::is.ts(data)) return(series_of(data, "value"))
  if (inherits(data, "table")) return(counts_of(data))
  if (is.matrix(data)) return(matrix_of(data, row_names))
  if (inherits(data, "dist")) return(counts_of(as.table(as.matrix(data)), c("from", "to"), "distance"))
  if (is.array(data)) return(counts_of(as.table(data), value = "value"))
  if (is.atomic(data)) return(vector_of(data, row_names))
  if (is.list(data) && length(data) && all(vapply(data, is.atomic, TRUE)) && length(unique(lengths(data))) == 1L) {
    return(frame_of(as.data.frame(data, stringsAsFactors = FALSE), row_names))
  }
  stop(unsupported(paste0("name: '", name, "' is a ", class(data)[[1L]], ", which is no table"), "choose a data frame, a time series, a matrix or a vector"))
}

# Names of rows become a column when they say something.
frame_of <- function(frame, row_names) {
  labels <- if (is.character(attr(frame, "row.names"))) attr(frame, "row.names")
  frame <- as.data.frame(lapply(as.list(frame), plain), optional = TRUE, stringsAsFactors = FALSE)
  if (is.null(labels)) return(frame)
  if (row_names %in% names(frame)) {
    stop(conflict(paste0("row_names: the dataset has a column '", row_names, "' already"), "choose another name: row_names: car"))
  }
  cbind(structure(data.frame(labels), names = row_names), frame)
}

plain <- function(column) {
  if (inherits(column, c("factor", "Date", "POSIXct", "difftime"))) return(column)
  if (is.list(column)) return(I(column))
  attributes(column) <- NULL
  column
}

# A series with 1, 4 or 12 observations a year has dates; any other has its times as numbers.
series_of <- function(series, columns) {
  values <- as.data.frame(matrix(as.vector(series), ncol = length(columns), dimnames = list(NULL, columns)), optional = TRUE)
  cbind(time_of(series), values)
}

time_of <- function(series) {
  frequency <- stats::frequency(series)
  times <- as.vector(stats::time(series))
  if (!(frequency %in% c(1, 4, 12)) || min(times) < 1000) return(data.frame(time = times))
  year <- floor(times + 1e-6)
  month <- round((times - year) * 12) + 1
  data.frame(date = as.Date(sprintf("%04d-%02d-01", as.integer(year), as.integer(month))))
}

counts_of <- function(counts, names = NULL, value = "count") {
  frame <- as.data.frame(counts, responseName = value, stringsAsFactors = TRUE)
  if (!is.null(names)) names(frame)[seq_along(names)] <- names
  frame
}

matrix_of <- function(data, row_names) {
  labels <- rownames(data)
  columns <- if (is.null(colnames(data))) paste0("V", seq_len(ncol(data))) else colnames(data)
  frame <- as.data.frame(lapply(seq_len(ncol(data)), function(at) as.vector(data[, at])), optional = TRUE)
  names(frame) <- columns
  if (is.null(labels)) frame else cbind(structure(data.frame(labels), names = row_names), frame)
}

vector_of <- function(data, row_names) {
  labels <- names(data)
  frame <- data.frame(value = plain(unname(data)))
  if (is.null(labels)) frame else cbind(structure(data.frame(labels), names = row_names), frame)
}
