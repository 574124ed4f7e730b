# The plugin of a rehearsal (R/rehearsal.R).

helper <- function(text) paste0(text, "!")

initialize <- function(config) NULL

call <- function(method, input) input

step <- function(step) data.frame(n = 1L, text = helper(step$config$text))
