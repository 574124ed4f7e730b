# A test is a sentence and what must hold. `finish()` says how many held and ends with status 1 when one did not.

library(mortise)
options(warn = 1)
failures <- 0L
count <- 0L

test <- function(sentence, code) {
  count <<- count + 1L
  problem <- tryCatch({
    force(code)
    NULL
  }, error = function(e) e)
  if (is.null(problem)) return(invisible())
  failures <<- failures + 1L
  cat("FAILED ", sentence, "\n        ", conditionMessage(problem), "\n", sep = "")
}

same <- function(found, wanted) {
  difference <- all.equal(found, wanted, tolerance = 0)
  if (!isTRUE(difference)) stop(paste(difference, collapse = "; "), call. = FALSE)
}

refused <- function(code, words, class = "mortise_error") {
  problem <- tryCatch({
    force(code)
    NULL
  }, error = function(e) e)
  if (is.null(problem)) stop("it was not refused", call. = FALSE)
  if (!inherits(problem, class)) stop("it was refused as ", class(problem)[[1L]], call. = FALSE)
  if (!grepl(words, conditionMessage(problem), fixed = TRUE)) stop("it said: ", conditionMessage(problem), call. = FALSE)
}

# A value there and back, as between two plugins.
cross <- function(value) run_call(list(call = function(method, input) input), "call", value)$value
column <- function(...) cross(data.frame(x = I(...), stringsAsFactors = FALSE))$x
format_of <- function(values) {
  frame <- data.frame(row.names = seq_along(values))
  frame$x <- values
  column_schema(frame)[[1L]]$format
}
table_of <- function(values) {
  frame <- data.frame(row.names = seq_len(NROW(values)))
  frame$x <- values
  cross(frame)$x
}

finish <- function() {
  cat(count - failures, " passed, ", failures, " failed\n", sep = "")
  quit(status = if (failures) 1L else 0L)
}
