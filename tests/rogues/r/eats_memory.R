# Wants a vector of 8 TB.

step <- function(step) numeric(1e12)
