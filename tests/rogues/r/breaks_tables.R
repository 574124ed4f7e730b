# Returns a data frame whose columns differ in length.

step <- function(step) structure(list(a = 1:3, b = 1:2), class = "data.frame", row.names = 1:3)
