# Computes for ever; R itself interrupts it at its deadline.

step <- function(step) repeat sqrt(2)
