# A plugin is whatever has functions by the names of operations: the entry file's own functions, a list, an environment, or an object
# of a reference class. What it lacks is answered `unsupported`.

operations <- c("validate", "step", "execute", "poll", "aggregate", "infer", "call", "health")

# Runs the entry file in an environment of its own and finds the plugin in it. For files that were not written for this host an adapter,
# a file of R named in MORTISE_ADAPTER, makes the plugin: adapt(space, path, config).
load_plugin <- function(folder, entry, config) {
  path <- file.path(folder, entry)
  if (!file.exists(path)) {
    stop(not_found(paste("there is no entry file", path), "check entry_point in the plugin's manifest"))
  }
  adapter <- Sys.getenv("MORTISE_ADAPTER")
  script <- new.env(parent = globalenv())
  space <- new.env(parent = script)
  # A top level, as a file that is sourced has one: methods of reference classes see what stands beside their class, and classes of S4
  # are found for as long as the process lives.
  methods::setPackageName("mortise.plugin", space)
  before <- options(topLevelEnvironment = space)
  if (is.null(state$about)) on.exit(options(before))  # a test's process has a top level of its own
  state$folder <- folder
  state$config <- config
  expressions <- parse(path, keep.source = TRUE, encoding = "UTF-8")
  if (!nzchar(adapter)) {
    for (expression in expressions) eval(expression, space)
    return(find_plugin(space, path, config))
  }
  read_as_script(expressions, space, script)
  adapting <- new.env(parent = globalenv())
  sys.source(adapter, adapting)
  adapting$adapt(space, path, config)
}

# Files of other hosts end in a run of their own, `main()` and `quit()`, for those who start them as a script. Here the file is only read: a
# quit ends that, and a run that fails, for nobody gave it what it looks for, is told and forgiven. Anything else that fails is an error.
read_as_script <- function(expressions, space, script) {
  script$quit <- script$q <- function(...) invokeRestart("mortise_quit")
  on.exit(rm("quit", "q", envir = script))
  withRestarts(
    for (expression in expressions) {
      tryCatch(eval(expression, space), error = function(e) {
        if (!is_own_run(expression, space)) stop(e)
        log_info(paste("the file's own run ended with:", conditionMessage(e)))
      })
    },
    mortise_quit = function() NULL
  )
}

is_own_run <- function(expression, space) {
  if (!is.call(expression) || identical(expression[[1L]], quote(`<-`)) || identical(expression[[1L]], quote(`=`))) return(FALSE)
  any(vapply(all.names(expression), exists, TRUE, envir = space, mode = "function", inherits = FALSE))
}

find_plugin <- function(space, path, config) {
  made <- get0("plugin", envir = space, inherits = FALSE)
  if (inherits(made, "refObjectGenerator")) return(made$new())
  if (is.function(made)) made <- call_with(made, list(config))
  if (is.list(made) || is.environment(made)) return(made)
  if (!is.null(made)) {
    stop(conflict(paste0("'plugin' in ", path, " is a ", class(made)[[1L]]), "make it a list of functions, an environment, or a function that returns one"))
  }
  lifecycle <- c("initialize", "start", "stop", "cleanup")
  if (any(vapply(c(operations, lifecycle), exists, TRUE, envir = space, mode = "function", inherits = FALSE))) return(space)
  stop(not_found(paste(path, "defines no plugin"), "define a function step(step), or another operation, or `plugin`"))
}

# The function of that name, or NULL.
method_of <- function(plugin, name) {
  found <- if (is.environment(plugin) && !is.object(plugin)) {
    get0(name, envir = plugin, mode = "function", inherits = FALSE)
  } else if (inherits(plugin, "envRefClass")) {
    if (name %in% names(plugin$getRefClass()$def@refMethods)) eval(call("$", plugin, as.name(name)))
  } else {
    plugin[[name]]
  }
  if (is.function(found)) found
}

# With as many of the arguments as the function takes.
call_with <- function(f, arguments) {
  if (is.primitive(f)) return(in_plugin(do.call(f, arguments)))
  takes <- formals(f)
  count <- if ("..." %in% names(takes)) length(arguments) else min(length(takes), length(arguments))
  switch(count + 1L,
    in_plugin(f()),
    in_plugin(f(arguments[[1L]])),
    in_plugin(f(arguments[[1L]], arguments[[2L]])),
    in_plugin(f(arguments[[1L]], arguments[[2L]], arguments[[3L]])))
}

# Marks in a traceback where the plugin's own calls begin.
in_plugin <- function(value) value

run_lifecycle <- function(plugin, verb, config) {
  method <- method_of(plugin, verb)
  if (!is.null(method)) call_with(method, if (verb == "initialize") list(config) else list())
  invisible(NULL)
}

must_have <- function(plugin, operation) {
  method <- method_of(plugin, operation)
  if (is.null(method)) stop(unsupported(paste0("the plugin does not define '", operation, "'")))
  method
}

part_of <- function(input, operation, key) {
  if (is.list(input) && key %in% names(input) && is.list(input[[key]])) return(input[[key]])
  stop(invalid(paste0("the input of '", operation, "' has '", key, "'")))
}

# One operation of the protocol: unpacks the input, calls the function, packs what it returned.
perform <- function(plugin, operation, method, input) {
  the_call$operation <- operation
  the_call$method <- method
  open$input <- input
  switch(operation,
    validate = {
      config <- part_of(input, "validate", "config")
      check <- method_of(plugin, "validate")
      checked <- if (!is.null(check)) call_with(check, list(config, the_call))
      list(config = if (is.null(checked)) config else checked)
    },
    step = perform_step(must_have(plugin, "step"), input),
    poll = call_with(must_have(plugin, "poll"), list(the_call)),
    aggregate = call_with(must_have(plugin, "aggregate"), list(part_of(input, "aggregate", "items"), the_call)),
    call = call_with(must_have(plugin, "call"), list(method, input, the_call)),
    health = {
      check <- method_of(plugin, "health")
      health <- if (is.null(check)) TRUE else call_with(check, list(the_call))
      if (is.list(health)) health else list(healthy = isTRUE(as.logical(health)), message = "")
    },
    execute = ,
    infer = call_with(must_have(plugin, operation), list(input, the_call)),
    stop(unsupported(paste0("there is no operation '", operation, "'"))))
}

perform_step <- function(method, input) {
  step <- part_of(input, "step", "step")
  the_call$config <- if (length(step$config)) step$config else empty_map()
  for (field in c("name", "plugin", "output")) assign(field, if (is.character(step[[field]])) step[[field]] else "", the_call)
  the_call$run <- if (is.list(input[["run"]])) input[["run"]] else empty_map()
  open$previous <- step[["input"]]
  returned <- call_with(method, list(the_call))
  if (nzchar(the_call$output)) open$outputs[the_call$output] <- list(returned)
  rows <- if (is.null(open$row_count)) count_rows(returned) else open$row_count
  result <- list(outputs = open$outputs)
  if (!is.null(rows)) result$rows <- as_int64(rows)
  result
}
