source(file.path(Sys.getenv("R_TESTS_FOLDER"), "harness.R"))

test("a list of functions is a plugin", same(run_step(list(step = function(step) step$input * 2L), context = list(n = 4L), input = "n")$value, 8L))
test("a function of the configuration makes one", {
  make <- function(config) list(step = function(step) paste(config$word, step$name))
  same(run_step(make, plugin_config = list(word = "hello"))$value, "hello step")
})
test("a reference class is one", {
  library(methods)
  Doubler <- setRefClass("Doubler", fields = list(calls = "numeric"), methods = list(
    execute = function(input_data) {
      .self$calls <- 1
      list(data = input_data$data * 2L, metadata = list(plugin_id = "doubler"), logs = list(), warnings = list(), errors = list())
    }
  ))
  same(run_call(Doubler$new(), "execute", list(data = 21L, parameters = empty_map()))$value,
       list(data = 42L, metadata = list(plugin_id = "doubler"), logs = list(), warnings = list(), errors = list()))
})
test("an operation that is not there is unsupported", refused(run_call(list(), "poll"), "does not define 'poll'", "mortise_unsupported"))
test("the lifecycle is called in order, with the configuration", {
  seen <- character()
  note <- function(word) function() seen <<- c(seen, word)
  run_step(list(initialize = function(config) seen <<- c(seen, paste("initialize", config$a)), start = note("start"),
                step = function(step) seen <<- c(seen, "step"), stop = note("stop"), cleanup = note("cleanup")), plugin_config = list(a = 1L))
  same(seen, c("initialize 1", "start", "step", "stop", "cleanup"))
})
test("validate completes the configuration, and refuses", {
  plugin <- list(validate = function(config) {
    if (is.null(config$n)) stop(invalid("n is required", hint = "give n"))
    c(config, list(extra = TRUE))
  }, step = function(step) step$config$extra)
  same(run_step(plugin, config = list(n = 1L))$value, TRUE)
  refused(run_step(plugin), "n is required", "mortise_invalid")
})
test("a step without input, and with one that is missing, says so", {
  plugin <- list(step = function(step) step$input)
  refused(run_step(plugin), "has no input", "mortise_invalid")
  refused(run_step(plugin, input = "gone"), "the context has no 'gone'", "mortise_not_found")
})
test("the context is read, with a default for what is missing", {
  done <- run_step(list(step = function(step) list(step$context("a"), step$context("b", "none"))), context = list(a = 1L))
  same(done$value, list(1L, "none"))
})
test("more outputs, rows, logs and progress are told", {
  done <- run_step(list(step = function(step) {
    step$put("more", 2L)
    step$rows(7)
    step$log$info("read", rows = 3L)
    step$progress(0.5, "half")
    1L
  }))
  same(done$outputs$more, 2L)
  same(done$rows, 7L)
  same(done$logs[[1L]], list(level = "info", message = "read", fields = list(rows = 3L)))
  same(done$progress[[1L]], list(fraction = 0.5, note = "half"))
})
test("a service answers, and its error is an R condition", {
  services <- list(rates = function(method, input) if (method == "ask") input$n + 1L else stop(denied("not for you", hint = "ask")))
  same(run_step(list(step = function(step) step$service("rates", "ask", list(n = 1L))), services = services)$value, 2L)
  caught <- list(step = function(step) tryCatch(step$service("rates", "no"), mortise_denied = function(e) e$hint))
  same(run_step(caught, services = services)$value, "ask")
})
test("a call that saw its cancel is cancelled, whatever it returns", {
  refused(run_step(list(step = function(step) {
    while (!step$cancelled()) NULL
    "ignored"
  }), cancel_after = 3), "was cancelled", "mortise_cancelled")
})
test("an error keeps its causes", {
  error <- invalid("outer", parent = simpleError("inner"))
  told <- mortise:::wire_error(error)
  same(told$message, "outer")
  same(told$cause$message, "inner")
  same(told$cause$code, 9L)
})
test("a result that cannot cross fails in a test too", refused(run_step(list(step = function(step) sum)), "result: a 'function' cannot cross"))
finish()
