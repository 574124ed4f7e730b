# Errors by what the caller should do next. A plugin says `stop(invalid("rows is 0", hint = "give at least 1"))`; any other error is
# the plugin's own failure. `parent` is the error that caused it.

error_codes <- c("invalid", "not_found", "conflict", "denied", "unsupported", "busy", "timeout", "cancelled", "plugin", "internal")

new_error <- function(code, message, hint = "", details = NULL, parent = NULL) {
  structure(
    class = c(paste0("mortise_", code), "mortise_error", "error", "condition"),
    list(message = as.character(message), call = NULL, hint = as.character(hint), details = as.list(details), parent = parent)
  )
}

invalid <- function(message, hint = "", details = NULL, parent = NULL) new_error("invalid", message, hint, details, parent)
not_found <- function(message, hint = "", details = NULL, parent = NULL) new_error("not_found", message, hint, details, parent)
conflict <- function(message, hint = "", details = NULL, parent = NULL) new_error("conflict", message, hint, details, parent)
denied <- function(message, hint = "", details = NULL, parent = NULL) new_error("denied", message, hint, details, parent)
unsupported <- function(message, hint = "", details = NULL, parent = NULL) new_error("unsupported", message, hint, details, parent)
busy <- function(message, hint = "", details = NULL, parent = NULL) new_error("busy", message, hint, details, parent)
timeout <- function(message, hint = "", details = NULL, parent = NULL) new_error("timeout", message, hint, details, parent)
cancelled <- function(message, hint = "", details = NULL, parent = NULL) new_error("cancelled", message, hint, details, parent)
plugin_failure <- function(message, hint = "", details = NULL, parent = NULL) new_error("plugin", message, hint, details, parent)
internal <- function(message, hint = "", details = NULL, parent = NULL) new_error("internal", message, hint, details, parent)

code_of <- function(error) {
  if (!inherits(error, "mortise_error")) {
    if (grepl("cannot allocate", conditionMessage(error), fixed = TRUE)) return("busy")
    return("plugin")
  }
  code <- sub("^mortise_", "", class(error)[[1L]])
  if (code %in% error_codes) code else "plugin"
}

code_number <- function(code) match(code, error_codes)

utf8 <- function(text) {
  text <- enc2utf8(as.character(text))
  broken <- !validUTF8(text)
  if (any(broken)) text[broken] <- iconv(text[broken], "UTF-8", "UTF-8", sub = "byte")
  text
}

cut_text <- function(text) {
  text <- paste(utf8(text), collapse = "\n")
  if (nchar(text, "bytes") > 60000L) paste0(substr(text, 1L, 15000L), " ...") else text
}

# As the host wants it: list(message, hint, details, cause), the causes at most 32 deep.
wire_error <- function(error, trace = NULL, causes = 32L) {
  told <- list(message = cut_text(conditionMessage(error)))
  if (!inherits(error, "mortise_error") && code_of(error) == "busy") {
    told$hint <- "the plugin ran out of memory: raise limits.memory, or send less at once"
  }
  if (is.character(error$hint) && length(error$hint) == 1L && nzchar(error$hint)) told$hint <- cut_text(error$hint)
  details <- c(as.list(error$details), trace$details)
  if (length(details)) told$details <- lapply(details[!duplicated(names(details))], cut_text)
  cause <- if (inherits(error$parent, "condition")) error$parent else error$cause
  if (inherits(cause, "condition") && causes > 1L) {
    told$cause <- wire_error(cause, causes = causes - 1L)
    told$cause$code <- code_number(code_of(cause))
  }
  told
}

# Where an error came from: the calls of the plugin, innermost last, and the line of its file.
trace_of <- function(error, calls) {
  here <- vapply(calls, function(call) identical(call[[1L]], quote(in_plugin)), TRUE)
  first <- if (any(here)) max(which(here)) + 1L else 1L
  calls <- calls[seq_len(length(calls)) >= first]
  words <- vapply(calls, function(call) deparse(call, width.cutoff = 120L, nlines = 1L)[[1L]], "")
  inner <- grepl("^(\\.handleSimpleError|h\\(simpleError|stop\\(|withCallingHandlers|\\(function \\(e)", words)
  spots <- lapply(calls, attr, "srcref")
  places <- vapply(spots, function(spot) if (is.null(spot)) "" else place_of(spot), "")
  details <- list()
  if (!inherits(error, "mortise_error")) details$class <- class(error)[[1L]]
  at <- which(nzchar(places) & !inner)
  if (length(at)) details$at <- places[[max(at)]]  # "file" and "line" are the pipeline's
  call <- conditionCall(error)
  if (!is.null(call)) details[["in"]] <- deparse(call, width.cutoff = 120L, nlines = 1L)[[1L]]
  lines <- paste0(words, ifelse(nzchar(places), paste0("  (", places, ")"), ""))[!inner]
  if (length(lines) > 40L) lines <- c(lines[1:20], paste("...", length(lines) - 40L, "more"), lines[length(lines) - 19:0])
  list(details = details, text = paste(c("Traceback (the innermost call last):", paste0("  ", lines)), collapse = "\n"))
}

place_of <- function(spot) {
  file <- attr(spot, "srcfile")$filename
  if (is.null(file) || !nzchar(file)) "" else paste0(file, ":", spot[[1L]])
}
