# Gets a segmentation fault, as from a package with a bug in its C code.

step <- function(step) {
  tools::pskill(Sys.getpid(), 11L)
  Sys.sleep(60)
}
