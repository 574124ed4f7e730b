# {{description}}
{{class}} <- setRefClass("{{class}}",
  fields = list(plugin_id = "character", config = "list"),
  methods = list(
    validate_input = function(input_data) {
      if (is.null(input_data$data)) stop("Missing required field: data")
      TRUE
    },
    process_data = function(data, parameters) {
      factor <- if (is.null(parameters$factor)) .self$config$factor else parameters$factor
      if (is.null(factor)) factor <- 2
      as.list(as.numeric(unlist(data)) * factor)
    },
    execute = function(input_data) {
      data <- input_data$data
      parameters <- input_data$parameters
      result <- .self$process_data(data, parameters)
      list(
        data = result,
        metadata = list(plugin_id = .self$plugin_id),
        logs = list(paste("Processed", length(data), "items")),
        warnings = list(),
        errors = list()
      )
    },
    cleanup = function() {
      invisible(NULL)
    }
  )
)

# Runs the plugin by hand.
main <- function(data, parameters = list()) {
  made <- {{class}}$new(plugin_id = "{{name}}")
  str(made$execute(list(data = data, parameters = parameters)))
}
