# Correlates columns of numbers, each with each: Pearson's r, Spearman's rho or Kendall's tau-b.
#
# The data is an object of columns, or a list of rows. A pair of columns is compared over the rows where both have a value; a column
# without spread correlates with nothing, which is null and a warning.

METHODS <- c("pearson", "spearman", "kendall")

CorrelationAnalyzer <- setRefClass("CorrelationAnalyzer",
  fields = list(plugin_id = "character", config = "list"),
  methods = list(
    validate_input = function(input_data) {
      if (is.null(input_data$data)) stop("Missing required field: data")
      if (!is.list(input_data$data) && !is.numeric(input_data$data)) stop("Data must be an object of columns or a list of rows")
      TRUE
    },

    execute = function(input_data) {
      method <- .self$chosen("method", input_data$parameters, "pearson")
      threshold <- .self$chosen("threshold", input_data$parameters, 0.7)
      if (!is.character(method) || length(method) != 1L || !method %in% METHODS) {
        stop("Invalid correlation method: ", method, " (one of ", paste(METHODS, collapse = ", "), ")")
      }
      if (!is.numeric(threshold) || length(threshold) != 1L || is.na(threshold) || threshold < 0 || threshold > 1) {
        stop("Invalid threshold: ", threshold, " (a number from 0 to 1)")
      }
      columns <- columns_of(input_data$data)
      matrix <- suppressWarnings(cor(columns, method = method, use = "pairwise.complete.obs"))
      diag(matrix) <- 1
      pairs <- significant(matrix, threshold)
      flat <- colnames(columns)[apply(columns, 2L, function(x) length(unique(x[!is.na(x)])) < 2L)]
      list(
        data = list(
          variables = as.list(colnames(columns)),
          correlation_matrix = lapply(seq_len(nrow(matrix)), function(at) as.list(unname(matrix[at, ]))),
          significant_correlations = pairs,
          method = method,
          threshold = threshold
        ),
        metadata = list(plugin_id = .self$plugin_id, observations = nrow(columns)),
        logs = list(sprintf("Correlated %d columns by %s: %d significant pairs", ncol(columns), method, length(pairs))),
        warnings = as.list(sprintf("column '%s' has no spread and correlates with nothing", flat)),
        errors = list()
      )
    },

    # What the call says, else the configuration, else the default.
    chosen = function(key, parameters, otherwise) {
      for (place in list(parameters, .self$config)) if (!is.null(place[[key]])) return(place[[key]])
      otherwise
    }
  )
)

columns_of <- function(data) {
  if (is.matrix(data)) data <- lapply(seq_len(nrow(data)), function(at) data[at, ])
  if (is.null(names(data))) {
    widths <- lengths(data)
    if (length(data) == 0L || any(widths != widths[[1L]])) stop("Data must be rows of the same length")
    data <- lapply(seq_len(widths[[1L]]), function(at) lapply(data, function(row) row[[at]]))
    names(data) <- paste0("var", seq_along(data))
  }
  columns <- Map(numbers, data, names(data))
  sizes <- lengths(columns)
  if (length(columns) < 2L) stop("A correlation needs two columns, got ", length(columns))
  if (any(sizes != sizes[[1L]])) stop("Columns must have the same length: ", paste(names(columns), sizes, sep = " has ", collapse = ", "))
  if (sizes[[1L]] < 2L) stop("A correlation needs two observations, got ", sizes[[1L]])
  do.call(cbind, columns)
}

numbers <- function(column, name) {
  vapply(as.list(column), function(value) {
    if (is.null(value)) return(NA_real_)
    if (length(value) != 1L || !(is.numeric(value) || inherits(value, "integer64") || is.na(value))) {
      stop("column '", name, "' holds ", class(value)[[1L]], ", which is no number")
    }
    as.numeric(value)
  }, 0)
}

# The pairs above the threshold, the strongest first.
significant <- function(matrix, threshold) {
  at <- which(upper.tri(matrix) & !is.na(matrix) & abs(matrix) >= threshold, arr.ind = TRUE)
  at <- at[order(-abs(matrix[at])), , drop = FALSE]
  lapply(seq_len(nrow(at)), function(i) {
    list(var1 = colnames(matrix)[[at[i, 1L]]], var2 = colnames(matrix)[[at[i, 2L]]], correlation = matrix[at[i, 1L], at[i, 2L]])
  })
}
