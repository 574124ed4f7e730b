# The mean of each season of a series.
Seasons <- setRefClass("Seasons",
  fields = list(plugin_id = "character", config = "list"),
  methods = list(
    validate_input = function(input_data) {
      if (is.null(input_data$data)) stop("Missing required field: data")
      TRUE
    },
    execute = function(input_data) {
      values <- as.numeric(unlist(input_data$data))
      asked <- input_data$parameters$length
      period <- if (is.null(asked)) .self$config$length else asked
      means <- tapply(values, (seq_along(values) - 1) %% period, mean)
      list(
        data = list(means = as.list(as.numeric(means))),
        metadata = list(plugin_id = .self$plugin_id),
        logs = list(paste("Processed", length(values), "values")),
        warnings = list(),
        errors = list()
      )
    }
  )
)
