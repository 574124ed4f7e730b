# Warns and sends messages fifty thousand times.

step <- function(step) {
  for (i in 1:25000) {
    warning("again")
    message("again")
  }
  "warned"
}
