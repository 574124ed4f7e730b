# Returns a function, deep in a list.

step <- function(step) list(items = list(1, 2, function(x) x))
