# Has an entry file that is not R.

step <- function(step) {
