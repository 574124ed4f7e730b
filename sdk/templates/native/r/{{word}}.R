# The numbers, each multiplied by the factor.
multiplied <- function(numbers, factor) {
  numbers <- unlist(numbers)
  if (!is.numeric(numbers)) {
    stop(invalid(paste("expected numbers, got", class(numbers)[[1L]]), hint = "name some in the step's config: `input: KEY`"))
  }
  numbers * factor
}

step <- function(step) {
  numbers <- multiplied(step$input, step$config$factor)
  step$log$info("multiplied", numbers = length(numbers))
  as.list(numbers)
}
