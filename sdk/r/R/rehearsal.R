# A worker's life, played through before it begins. In a zygote, because R compiles a function when it ran twice, and loads what a
# package promised when it is used first. And in what was forked from it, because then the memory that a life writes to is its own before anybody
# waits: what it allocates lies scattered over pages that are shared until they are written to. The host's side is left out.

rehearse <- function(times) {
  folder <- system.file("rehearsed", package = "mortise")
  if (!nzchar(folder)) return(invisible(NULL))
  seed <- get0(".Random.seed", envir = globalenv(), inherits = FALSE)
  for (i in seq_len(times)) try(play(folder), silent = TRUE)
  if (is.null(seed)) rm(list = intersect(".Random.seed", ls(globalenv(), all.names = TRUE)), envir = globalenv())
  rm(list = ls(state, all.names = TRUE), envir = state)
  rm(list = setdiff(ls(open, all.names = TRUE), "host"), envir = open)
  open$host <- NULL
  for (field in c("config", "run")) assign(field, empty_map(), the_call)
  for (field in c("operation", "method", "name", "plugin", "output")) assign(field, "", the_call)
}

play <- function(folder) {
  quiet <- list(log = function(...) NULL, progress = function(...) NULL, cancelled = function() "", remaining = function() Inf)
  state$about <- list(path = folder, entry = "plugin.R")
  state$plugin <- load_plugin(folder, "plugin.R", list(text = "x"))
  for (verb in c("initialize", "start")) answer_within(quiet, run_lifecycle(state$plugin, verb, state$config))
  answer_within(quiet, perform(state$plugin, "call", "echo", list(list = c(1, 2.5), text = "x", flag = TRUE)))
  step <- list(step = list(name = "x", plugin = "x", config = list(text = "x"), output = "x"), run = list(id = "x", attempt = 1L, key = "x"))
  answer_within(quiet, perform(state$plugin, "step", "", step))
  run_lifecycle(state$plugin, "stop", NULL)
}

# What answer() does around the work of one task.
answer_within <- function(host, work) {
  begin_call(host)
  withCallingHandlers(
    tryCatch(withCallingHandlers(work, error = function(e) trace_of(e, sys.calls())), error = function(e) e, interrupt = function(e) e),
    message = function(m) invokeRestart("muffleMessage"), warning = function(w) invokeRestart("muffleWarning"))
  flush(stdout())
}
