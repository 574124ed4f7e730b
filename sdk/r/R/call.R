# What a plugin sees of the host while it works on something. One call is open at a time, so there is one such object; `current()`
# gives it anywhere, and a step gets it as its argument.

open <- new.env(parent = emptyenv())  # what belongs to the open call alone
open$host <- NULL

host <- function() {
  if (is.null(open$host)) stop(conflict("no call is open: there is nobody to ask"))
  open$host
}

# The host behind descriptor 3. Tests have another (testing.R).
worker_host <- list(
  log = function(level, message, fields) .Call(C_log, level, message, fields),
  progress = function(fraction, note) .Call(C_progress, fraction, note),
  cancelled = function() .Call(C_cancelled),
  remaining = function() .Call(C_remaining),
  context = function(key) .Call(C_context, key),
  service = function(name, method, input) .Call(C_service, name, method, input)
)

begin_call <- function(host) {
  open$host <- host
  open$noticed <- ""
  open$input_read <- FALSE
  open$outputs <- empty_map()
  open$row_count <- NULL
}

log_record <- function(level, message, ...) {
  message <- cut_text(paste(format_message(message), collapse = " "))
  fields <- list(...)
  fields <- if (length(fields)) as_fields(fields) else empty_map()
  if (is.null(open$host)) return(invisible(NULL))
  tryCatch(open$host$log(level, message, fields), error = function(e) {
    open$host$log(level, message, lapply(fields, function(field) cut_text(paste(format(field), collapse = " "))))
  })
  invisible(NULL)
}

format_message <- function(message) if (is.character(message)) message else format(message)

as_fields <- function(fields) {
  if (is.null(names(fields))) names(fields) <- rep("", length(fields))
  nameless <- !nzchar(names(fields))
  names(fields)[nameless] <- paste0("value", seq_along(fields))[nameless]
  fields
}

log_debug <- function(message, ...) log_record(10L, message, ...)
log_info <- function(message, ...) log_record(20L, message, ...)
log_warning <- function(message, ...) log_record(30L, message, ...)
log_error <- function(message, ...) log_record(40L, message, ...)

is_cancelled <- function() {
  if (!nzchar(open$noticed)) open$noticed <- host()$cancelled()
  nzchar(open$noticed)
}

stopped <- function() {
  if (identical(open$noticed, "timeout")) timeout("the plugin stopped because its deadline passed")
  else cancelled("the plugin stopped because its call was cancelled")
}

read_context <- function(key, default) {
  found <- host()$context(as.character(key))
  if (!is.null(found)) return(found[[1L]])
  if (missing(default)) stop(not_found(paste0("the context has no '", key, "'"), details = list(key = key)))
  default
}

report_progress <- function(fraction, note = "") {
  known <- length(fraction) == 1L && !is.na(fraction)
  host()$progress(if (known) min(1, max(0, as.double(fraction))) else -1, as.character(note))
  invisible(NULL)
}

# What a step works on, read once: the entry of the context that `input` of its configuration names, else the output of the step before.
step_input <- function() {
  if (!open$input_read) {
    key <- the_call$config[["input"]]
    if (is.null(key)) key <- open$previous
    if (is.null(key)) {
      stop(invalid(paste0("step '", the_call$name, "' has no input"), "name a context key in its config: `input: KEY`"))
    }
    open$input <- if (is.character(key) && length(key) == 1L) input_at(key) else key
    open$input_read <- TRUE
  }
  open$input
}

input_at <- function(key) {
  found <- host()$context(key)
  if (is.null(found)) {
    stop(not_found(paste0("the context has no '", key, "'"), "an earlier step must have it as its `output`", list(key = key)))
  }
  found[[1L]]
}

# The object itself: functions and fields, by `$`. A package's own environments are sealed once it is installed, so each process makes it.
the_call <- NULL

make_call <- function() {
  call <- new.env(parent = emptyenv())
  call$log <- list(debug = log_debug, info = log_info, warning = log_warning, error = log_error)
  call$cancelled <- is_cancelled
  call$stop_if_cancelled <- function() if (is_cancelled()) stop(stopped())
  call$remaining <- function() host()$remaining()
  call$progress <- report_progress
  call$context <- read_context
  call$service <- function(name, method, input = NULL) host()$service(name, method, input)
  call$empty <- function(dim) {
    numbers <- .Call(C_empty, prod(dim))
    dim(numbers) <- dim
    numbers
  }
  call$put <- function(key, value) {
    open$outputs[key] <- list(value)
    invisible(NULL)
  }
  call$rows <- function(count) {
    open$row_count <- count
    invisible(NULL)
  }
  makeActiveBinding("input", function(value) {
    if (!missing(value)) stop(conflict("the input of a call is not to be changed"))
    if (identical(call$operation, "step")) step_input() else open$input
  }, call)
  for (field in c("config", "run")) assign(field, empty_map(), call)
  for (field in c("operation", "method", "name", "plugin", "output")) assign(field, "", call)
  structure(call, class = "mortise_call")
}

current <- function() {
  host()
  the_call
}

print.mortise_call <- function(x, ...) {
  cat("<a call of ", x$operation, if (nzchar(x$name)) paste0(" '", x$name, "'"), ">\n", sep = "")
  invisible(x)
}

count_rows <- function(value) {
  if (is.data.frame(value)) return(nrow(value))
  if (!is.null(dim(value))) return(dim(value)[[1L]])
  if (is.list(value) && is.null(names(value))) return(length(value))
  if (is.atomic(value) && !is.raw(value) && length(value) > 1L && is.null(names(value))) return(length(value))
  NULL
}
