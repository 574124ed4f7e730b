# The worker: a process that hosts one plugin and answers its host (docs/worker-protocol.md).
#
#   R --vanilla --no-echo -e 'mortise:::worker()'      started by the host, never by hand

state <- new.env(parent = emptyenv())  # of the process: plugin, folder, config

plugin_config <- function() state$config

# A file of the plugin's own folder: source(plugin_file("helpers.R"), local = TRUE)
plugin_file <- function(...) file.path(state$folder, ...)

verbs <- c("load", "initialize", "start", "", "stop", "cleanup")
invoke_kind <- 4L

worker <- function() {
  prepare_process()
  serve()
}

# Loads what plugins use and waits; whoever is forked from it goes on as a worker (docs/sandbox.md, Warm starts). `check`: only says how
# many threads that took.
zygote <- function(check = FALSE) {
  prepare_process()
  for (package in default_packages) loadNamespace(package)
  rehearse(4L)
  gc()
  if (check) {
    cat(length(list.files("/proc/self/task")))
    quit(save = "no", status = 0L, runLast = FALSE)
  }
  if (!.Call(C_zygote_begin)) quit(save = "no", status = 1L, runLast = FALSE)
  while ((told <- .Call(C_zygote_next)) == 0L) NULL
  if (told < 0L) quit(save = "no", status = 0L, runLast = FALSE)
  rehearse(1L)
  gc(full = FALSE)  # of what is new: its memory, which is its own now, is used next
  .Call(C_zygote_be_born)
  .libPaths(strsplit(Sys.getenv("R_LIBS"), ":", fixed = TRUE)[[1L]])  # read when R starts
  rm(list = intersect(".Random.seed", ls(globalenv(), all.names = TRUE)), envir = globalenv())  # R makes its own when it is wanted
  serve()
}

serve <- function() {
  tryCatch(state$about <- .Call(C_open), error = function(e) leave(e))
  repeat {
    task <- tryCatch(.Call(C_next), error = function(e) leave(e))
    if (is.null(task)) break
    answer(task[[1L]], task[[2L]])
  }
  if (!is.null(state$plugin)) try(run_lifecycle(state$plugin, "cleanup", NULL), silent = TRUE)
  quit(save = "no", status = 0L, runLast = FALSE)
}

leave <- function(error) {
  gone <- inherits(error, "mortise_cancelled")
  if (!gone) cat("mortise worker:", conditionMessage(error), "\n", file = stderr())
  quit(save = "no", status = if (gone) 0L else 76L, runLast = FALSE)
}

prepare_process <- function() {
  options(warn = 1L, keep.source = TRUE, expressions = 5000L, device = no_device)
  prepare_call()
  attach_lazily()
  forget_tempdir()
}

# A plot that nobody opened a device for is drawn nowhere, instead of into Rplots.pdf of a folder that may not be written.
no_device <- function(...) grDevices::pdf(NULL, ...)

prepare_call <- function() {
  home <- environment(prepare_call)
  if (!is.null(the_call)) return(invisible(NULL))
  unlockBinding("the_call", home)
  assign("the_call", make_call(), home)
  lockBinding("the_call", home)
}

# R makes a folder for temporary files at once, and a worker that is killed would leave it behind. So it goes again, and comes back
# when somebody asks for it.
forget_tempdir <- function() {
  unlink(tempdir(), recursive = TRUE)
  lazily <- base::tempdir
  formals(lazily)$check <- TRUE
  base <- baseenv()
  unlockBinding("tempdir", base)
  assign("tempdir", lazily, base)
  lockBinding("tempdir", base)
}

answer <- function(kind, operation) {
  begin_call(worker_host)
  failed <- NULL
  trace <- NULL
  interrupted <- FALSE
  value <- withCallingHandlers(
    tryCatch(
      withCallingHandlers(work(kind, operation), error = function(e) trace <<- tryCatch(trace_of(e, sys.calls()), error = function(e) NULL)),
      error = function(e) {
        failed <<- e
        NULL
      },
      interrupt = function(e) {
        interrupted <<- TRUE
        NULL
      }
    ),
    message = function(m) {
      log_info(sub("\n$", "", conditionMessage(m)))
      invokeRestart("muffleMessage")
    },
    warning = function(w) {
      log_warning(conditionMessage(w))
      invokeRestart("muffleWarning")
    }
  )
  if (interrupted) {
    open$noticed <- .Call(C_cancelled)
    failed <- stopped()
  } else if (nzchar(open$noticed)) {
    failed <- stopped()
  }
  flush(stdout())
  if (is.null(failed)) failed <- tryCatch(reply(kind, operation, value), error = function(e) e)
  if (!is.null(failed)) refuse(failed, trace)
  open$host <- NULL
  open$input <- NULL
  open$outputs <- NULL
  the_call$config <- NULL
  the_call$run <- NULL
}

reply <- function(kind, operation, value) {
  .Call(C_reply, value, if (kind == invoke_kind && operation == 2L) "" else "result")
  NULL
}

refuse <- function(error, trace) {
  if (!is.null(trace) && !inherits(error, "mortise_error")) log_debug(trace$text)
  told <- tryCatch(wire_error(error, trace), error = function(e) list(message = "an error that cannot be told"))
  .Call(C_refuse, code_number(code_of(error)), told)
}

work <- function(kind, operation) {
  if (kind == 1L) return(load_task())
  if (is.null(state$plugin)) stop(conflict("the plugin is not loaded"))
  if (kind != invoke_kind) {
    verb <- verbs[[kind]]
    run_lifecycle(state$plugin, verb, state$config)
    if (verb == "cleanup") state$plugin <- NULL
    return(NULL)
  }
  if (operation < 1L || operation > length(operations)) stop(unsupported("there is no such operation"))
  perform(state$plugin, operations[[operation]], if (operation == 7L) .Call(C_method) else "", .Call(C_input))
}

load_task <- function() {
  if (!is.null(state$plugin)) stop(conflict("the plugin is loaded already"))
  state$plugin <- load_plugin(state$about$path, state$about$entry, .Call(C_input))
  NULL
}
