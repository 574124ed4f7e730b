# R's own packages, attached by promise: `sd`, `head` or `mtcars` work as in any R, but a package is loaded only when something of it
# is used. It saves three quarters of R's start.

default_packages <- c("stats", "graphics", "grDevices", "utils", "datasets", "methods")

# Looked up when this package is installed.
exported_names <- local({
  names <- lapply(default_packages, function(package) {
    if (package == "datasets") ls(as.environment("package:datasets"), all.names = TRUE) else getNamespaceExports(package)
  })
  names <- lapply(names, function(all) all[!startsWith(all, ".__")])
  structure(names, names = default_packages)
})

attach_lazily <- function() {
  lazy <- attach(NULL, name = "mortise:R", warn.conflicts = FALSE)
  for (package in rev(default_packages)) {
    if (!(paste0("package:", package) %in% search())) promise_all(package, exported_names[[package]], lazy)
  }
  attachNamespace("mortise")
}

promise_all <- function(package, names, into) {
  for (name in names) promise(package, name, into)
}

promise <- function(package, name, into) {
  force(package)
  force(name)
  delayedAssign(name, getExportedValue(package, name), assign.env = into)
}
