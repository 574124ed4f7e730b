# The adapter for analysis plugins as R reference classes with a method execute(input_data).
#
# The worker sources this file and asks `adapt` for the plugin. For each call an object of the class is made anew; fields that the class has
# among plugin_id, plugin_name, config, permissions and context are set. `validate_input` comes first where there is one, then `execute`,
# and `cleanup` in any case. Keys that the result lacks are empty. What the plugin stops with becomes `errors`.
#
# Data and parameters look as jsonlite::fromJSON would have read them, which is what such plugins are written for: a list of numbers, texts or
# truth values is a vector, a list of records a data frame, a list of rows of one length a matrix. A null among them is NA.

adapt <- function(space, path, config) {
  made <- Filter(function(name) is_plugin_class(get(name, envir = space)), ls(space))
  if (length(made) == 0L) {
    stop(mortise::not_found(paste(path, "defines no reference class with a method execute(input_data)"), "make one with setRefClass"))
  }
  if (length(made) > 1L) {
    stop(mortise::conflict(paste0(path, " defines ", length(made), " plugins: ", paste(made, collapse = ", ")), "keep one to a file"))
  }
  generator <- get(made, envir = space)
  list(
    execute = function(input, call) run(generator, input, config),
    call = function(method, input, call) {
      if (method != "describe") stop(mortise::unsupported(paste0("there is no method '", method, "'")))
      list(plugins = list(list(class = generator$className)), files = list(normalizePath(path)))
    }
  )
}

is_plugin_class <- function(value) {
  inherits(value, "refObjectGenerator") && "execute" %in% value$methods()
}

run <- function(generator, input, config) {
  input <- simplified(input)
  context <- context_of(input, simplified(config))
  input_data <- list(data = input[["data"]], parameters = named_list(input[["parameters"]]), metadata = named_list(input[["metadata"]]), context = context)
  made <- tryCatch(make_object(generator, context), error = function(e) e)
  if (inherits(made, "error")) return(failed(paste0("the plugin could not be made: ", conditionMessage(made))))
  on.exit(clean_up(made, generator))
  work(made, generator, input_data)
}

context_of <- function(input, config) {
  given <- named_list(input[["context"]])
  context <- list()
  for (key in c("plugin_id", "plugin_name", "user_id", "workspace_id", "execution_id")) {
    context[key] <- list(if (is.null(given[[key]])) NULL else given[[key]])
  }
  # A step of a pipeline has one config for both; the guide's requests say them apart.
  own <- if ("config" %in% names(given)) given[["config"]] else input[["parameters"]]
  context$config <- utils::modifyList(named_list(config), named_list(own))
  context$permissions <- if (is.null(given[["permissions"]])) list() else as.list(given[["permissions"]])
  context
}

make_object <- function(generator, context) {
  fields <- names(generator$fields())
  made <- if ("initialize" %in% generator$methods() && takes_context(generator)) generator$new(context) else generator$new()
  own <- c(context[c("plugin_id", "plugin_name", "config", "permissions")], list(context = context))
  for (name in intersect(fields, names(own))) {
    if (!is.null(own[[name]])) try(made[[name]] <- own[[name]], silent = TRUE)
  }
  made
}

takes_context <- function(generator) {
  method <- generator$def@refMethods[["initialize"]]
  is.function(method) && length(setdiff(names(formals(method)), "...")) > 0L
}

has_method <- function(generator, name) name %in% generator$methods()

work <- function(made, generator, input_data) {
  if (has_method(generator, "validate_input")) {
    sound <- tryCatch(made$validate_input(input_data), error = function(e) e)
    if (inherits(sound, "error")) return(failed(paste0("Plugin input validation failed: ", conditionMessage(sound))))
    if (identical(sound, FALSE)) return(failed("Plugin input validation failed: validate_input returned FALSE"))
  }
  returned <- tryCatch(made$execute(input_data), error = function(e) e)
  if (inherits(returned, "error")) return(failed(paste0("Plugin execution failed: ", conditionMessage(returned))))
  checked(returned)
}

checked <- function(returned) {
  if (!is.list(returned) || is.data.frame(returned) || is.null(names(returned))) {
    return(failed(paste0("Output validation failed: execute returned ", class(returned)[[1L]], ", not a list with data, metadata, logs, warnings and errors")))
  }
  list(
    data = returned[["data"]],
    metadata = named_list(returned[["metadata"]]),
    logs = as.list(returned[["logs"]]),
    warnings = as.list(returned[["warnings"]]),
    errors = as.list(returned[["errors"]])
  )
}

failed <- function(message) list(data = NULL, metadata = named_list(NULL), logs = list(), warnings = list(), errors = list(message))

clean_up <- function(made, generator) {
  if (has_method(generator, "cleanup")) tryCatch(made$cleanup(), error = function(e) warning("cleanup failed: ", conditionMessage(e), call. = FALSE))
}

simplified <- function(value) {
  if (!is.list(value) || is.object(value) || length(value) == 0L) return(value)
  if (!is.null(names(value))) {
    value[] <- lapply(value, simplified)
    return(value)
  }
  if (all(vapply(value, is_scalar, TRUE))) return(vector_of(value))
  if (all(vapply(value, is_record, TRUE))) return(frame_of(value))
  matrix_of(lapply(value, simplified))
}

is_scalar <- function(value) is.null(value) || (is.atomic(value) && length(value) == 1L && !is.object(value) && !is.raw(value))

is_record <- function(value) is.list(value) && !is.object(value) && !is.null(names(value))

vector_of <- function(values) {
  values[vapply(values, is.null, TRUE)] <- NA
  unlist(values, use.names = FALSE)
}

frame_of <- function(records) {
  names <- unique(unlist(lapply(records, names), use.names = FALSE))
  columns <- lapply(names, function(name) {
    column <- simplified(lapply(records, function(record) record[[name]]))
    if (is.array(column)) lapply(seq_along(records), function(at) simplified(records[[at]][[name]])) else column
  })
  structure(columns, names = as.character(names), class = "data.frame", row.names = seq_along(records))
}

matrix_of <- function(rows) {
  vectors <- all(vapply(rows, function(row) is.atomic(row) && is.null(dim(row)) && !is.object(row), TRUE))
  if (!vectors || length(unique(lengths(rows))) != 1L || length(rows[[1L]]) == 0L) return(rows)
  unname(do.call(rbind, rows))
}

# An empty one is a map, too.
named_list <- function(value) {
  value <- as.list(value)
  if (length(value) == 0L) mortise::empty_map() else value
}
