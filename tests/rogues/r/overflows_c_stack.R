# Exhausts the C stack: a list nested a million deep is walked by recursion in C.

step <- function(step) {
  nested <- list()
  for (level in 1:1000000) nested <- list(nested)
  rapply(nested, identity)
}
