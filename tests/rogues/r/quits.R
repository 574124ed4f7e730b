# Calls quit() in the middle of a step, as if all were well.

step <- function(step) quit(save = "no")
