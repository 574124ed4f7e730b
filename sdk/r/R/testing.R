# Testing a plugin without a host:
#
#   done <- run_step("plugins/words", config = list(at_least = 2), context = list(text = "a rose is a rose"), input = "text")
#   stopifnot(identical(done$value$word, c("a", "rose")))
#
# The plugin lives through its whole lifecycle, and what goes in and comes out crosses as in a worker, so a result that could not
# cross fails here too. `plugin` is a folder (or an R file), or anything that a plugin can be.

run_step <- function(plugin, config = empty_map(), context = list(), input = NULL, output = "result", name = "step",
                     plugin_config = empty_map(), services = list(), cancel_after = Inf) {
  run_plugin(plugin, plugin_config, test_host(context, services, cancel_after), function(plugin, host) {
    config <- perform_crossed(plugin, host, "validate", list(config = as_map(config)))$config
    step <- list(name = name, plugin = "", config = as_map(config), output = output)
    if (!is.null(input)) step$input <- input
    result <- perform_crossed(plugin, host, "step", list(step = step, run = list(id = "run_test", attempt = 1L, key = "run_test/step")))
    list(value = result$outputs[[output]], outputs = result$outputs, rows = result$rows)
  })
}

run_call <- function(plugin, operation, input = NULL, method = "", context = list(), plugin_config = empty_map(), services = list(),
                     cancel_after = Inf) {
  run_plugin(plugin, plugin_config, test_host(context, services, cancel_after), function(plugin, host) {
    list(value = perform_crossed(plugin, host, operation, input, method))
  })
}

as_map <- function(list) if (length(list)) as.list(list) else empty_map()

run_plugin <- function(plugin, config, host, work) {
  prepare_call()
  config <- .Call(C_crossed, as_map(config), "config")
  if (is.character(plugin)) plugin <- load_from(plugin, config)
  else if (is.function(plugin)) plugin <- call_with(plugin, list(config))
  begin_call(host)
  on.exit(open$host <- NULL)
  for (verb in c("initialize", "start")) run_lifecycle(plugin, verb, config)
  done <- tryCatch(work(plugin, host), finally = for (verb in c("stop", "cleanup")) run_lifecycle(plugin, verb, config))
  c(done, list(logs = host$seen$logs, progress = host$seen$progress))
}

load_from <- function(path, config) {
  if (!dir.exists(path)) return(load_plugin(dirname(path), basename(path), config))
  manifest <- paste(readLines(file.path(path, "manifest.json"), encoding = "UTF-8", warn = FALSE), collapse = "\n")
  entry <- regmatches(manifest, regexec("\"entry_point\"\\s*:\\s*\"([^\"]+)\"", manifest))[[1L]]
  if (length(entry) != 2L) stop(invalid(paste(file.path(path, "manifest.json"), "has no entry_point")))
  load_plugin(path, entry[[2L]], config)
}

perform_crossed <- function(plugin, host, operation, input, method = "") {
  begin_call(host)
  result <- perform(plugin, operation, method, .Call(C_crossed, input, "input"))
  if (nzchar(open$noticed)) stop(stopped())
  .Call(C_crossed, result, if (operation == "step") "" else "result")
}

test_host <- function(context, services, cancel_after) {
  seen <- new.env(parent = emptyenv())
  seen$logs <- list()
  seen$progress <- list()
  seen$looks <- 0
  levels <- c("10" = "debug", "20" = "info", "30" = "warning", "40" = "error")
  list(
    seen = seen,
    log = function(level, message, fields) {
      record <- list(level = levels[[as.character(level)]], message = message, fields = .Call(C_crossed, fields, "fields"))
      seen$logs[[length(seen$logs) + 1L]] <- record
    },
    progress = function(fraction, note) seen$progress[[length(seen$progress) + 1L]] <- list(fraction = fraction, note = note),
    cancelled = function() {
      seen$looks <- seen$looks + 1
      if (seen$looks > cancel_after) "cancelled" else ""
    },
    remaining = function() NULL,
    context = function(key) if (key %in% names(context)) list(.Call(C_crossed, context[[key]], key)),
    service = function(name, method, input) {
      if (!(name %in% names(services))) stop(not_found(paste0("no service '", name, "'"), "give run_step services = list(name = function(method, input) ...)"))
      .Call(C_crossed, services[[name]](method, .Call(C_crossed, input, "input")), name)
    }
  )
}

# Runs the tests of the plugin in the present folder and writes a line of JSON for each to the file descriptor `report`, as
# mortise/plugin_tests.py does for Python. testthat runs those in tests/testthat where it is installed; every other file of tests/ is a
# script of its own, which passes when it comes to its end. Started by `mortise plugin test`.
run_tests <- function(report = 3L) {
  out <- file(paste0("/proc/self/fd/", report), open = "w", raw = TRUE)
  count <- 0L
  tell <- function(suite, name, outcome, seconds, message = "") {
    fields <- c(suite = suite, name = name, outcome = outcome, if (nzchar(message)) c(message = substr(message, 1L, 65536L)))
    texts <- vapply(fields, quoted_json, "")
    writeLines(sprintf("{%s, \"seconds\": %.4f}", paste0("\"", names(fields), "\": ", texts, collapse = ", "), seconds), out)
    flush(out)
    count <<- count + 1L
  }
  if (dir.exists("tests/testthat")) run_testthat(tell)
  for (path in sort(list.files("tests", "\\.[rR]$"))) run_script(file.path("tests", path), tell)
  writeLines(sprintf("{\"end\": %d}", count), out)
  close(out)
}

run_script <- function(path, tell) {
  begun <- proc.time()[["elapsed"]]
  message <- ""
  tryCatch(source(path, local = new.env(parent = globalenv()), chdir = FALSE), error = function(e) message <<- conditionMessage(e))
  tell(path, "runs to its end", if (nzchar(message)) "failed" else "passed", proc.time()[["elapsed"]] - begun, message)
}

run_testthat <- function(tell) {
  if (!requireNamespace("testthat", quietly = TRUE)) {
    return(tell("tests/testthat", "testthat", "skipped", 0, "the R package testthat is not installed"))
  }
  results <- testthat::test_dir("tests/testthat", reporter = "silent", stop_on_failure = FALSE)
  for (test in results) {
    kinds <- vapply(test$results, function(result) class(result)[[1L]], "")
    bad <- kinds %in% c("expectation_failure", "expectation_error")
    outcome <- if (any(bad)) "failed" else if (any(kinds == "expectation_skip")) "skipped" else "passed"
    shown <- if (any(bad)) bad else kinds == "expectation_skip"
    message <- paste(vapply(test$results[shown], conditionMessage, ""), collapse = "\n")
    tell(file.path("tests/testthat", test$file), test$test, outcome, test$real, message)
  }
}

# The text between quotes, with everything but plain ASCII escaped.
quoted_json <- function(text) {
  points <- utf8ToInt(enc2utf8(iconv(text, to = "UTF-8", sub = "?")))
  if (anyNA(points)) points <- utf8ToInt("?")
  wide <- points > 0xFFFF
  plain <- points >= 0x20 & points < 0x7F & points != 0x22 & points != 0x5C
  high <- 0xD800 + bitwShiftR(pmax(points - 0x10000, 0), 10L)
  low <- 0xDC00 + bitwAnd(as.integer(pmax(points - 0x10000, 0)), 0x3FFL)
  pieces <- ifelse(plain, intToUtf8(ifelse(plain, points, 0x3FL), multiple = TRUE),
                   ifelse(wide, sprintf("\\u%04x\\u%04x", as.integer(high), as.integer(low)), sprintf("\\u%04x", ifelse(wide, 0L, points))))
  paste0("\"", paste(pieces, collapse = ""), "\"")
}
