# Prints 100 MB to standard output, in lines.

step <- function(step) {
  lines <- paste(rep(paste(rep("o", 99L), collapse = ""), 100L), collapse = "\n")
  for (i in 1:10000) cat(lines, "\n", sep = "")
  "printed"
}
