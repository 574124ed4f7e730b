# Swallows the interrupt that should end it, and goes on.

step <- function(step) repeat tryCatch(repeat sqrt(2), interrupt = function(i) NULL)
