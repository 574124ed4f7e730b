# The conformance plugin in R. README.md, one folder up, says what each method does in every SDK.

seen <- "load"
initialize <- function() seen <<- c(seen, "initialize")
start <- function() seen <<- c(seen, "start")
stop_verb <- function() seen <<- c(seen, "stop")

validate <- function(config) {
  if (isTRUE(config$refuse)) {
    base::stop(invalid("the configuration is refused", "drop 'refuse'", list(key = "refuse")))
  }
  c(list(completed = TRUE), config)
}

step <- function(step) {
  step$put("config", step$config)
  step$input
}

call <- function(method, input, call) {
  f <- methods[[method]]
  if (is.null(f)) base::stop(unsupported(paste0("there is no method '", method, "'")))
  f(input, call)
}

# ---- values

methods <- list()
methods$echo <- function(input, call) input
methods$describe <- function(input, call) describe(input)
methods$make <- function(input, call) make(input)

methods$nest <- function(input, call) {
  value <- list()
  for (level in seq_len(input$levels - 1L)) value <- list(value)
  value
}

methods$table_make <- function(input, call) {
  rows <- seq_len(input$rows) - 1L
  frame <- data.frame(half = rows * 0.5, name = paste("row", rows), even = rows %% 2L == 0L)
  maybe <- rows
  maybe[rows %% 3L == 0L] <- NA
  frame$id <- as_int64(rows)
  frame$when <- as_time(as_int64(rows) * 1000000000)
  frame$maybe <- as_int64(maybe)
  frame[c("id", "half", "name", "even", "when", "maybe")]
}

methods$table_sum <- function(input, call) {
  column <- input$table[[input$column]]
  list(rows = nrow(input$table), nulls = sum(is.na(column)), sum = as.double(sum(column, na.rm = TRUE)))
}

methods$table_text <- function(input, call) {
  texts <- input$table[[input$column]]
  paste(ifelse(is.na(texts), "-", texts), collapse = "|")
}

methods$tensor_add <- function(input, call) {
  if (identical(attr(input$tensor, "dtype"), "INT64")) return(as_int64(input$tensor) + as_int64(input$number))
  input$tensor + input$number
}

methods$allocate <- function(input, call) {
  numbers <- call$empty(input$elements)
  numbers[] <- input$number
  numbers
}

# ---- the host

methods$fail <- function(input, call) {
  error <- NULL
  for (message in rev(input$causes)) error <- failure(input$code, message, parent = error)
  base::stop(failure(input$code, input$message, if (is.null(input$hint)) "" else input$hint, input$details, error))
}

failure <- function(code, message, ...) {
  make <- if (code == "plugin") plugin_failure else get(code, asNamespace("mortise"))
  make(message, ...)
}

methods$log <- function(input, call) {
  for (record in input$records) do.call(call$log[[record$level]], c(list(record$message), record$fields))
}

methods$progress <- function(input, call) {
  for (report in input$reports) call$progress(if (is.null(report[[1L]])) NA else report[[1L]], report[[2L]])
}

methods$read_context <- function(input, call) {
  told <- list()
  for (key in unique(unlist(input$keys))) {
    told[[key]] <- tryCatch(list(found = TRUE, value = call$context(key)), mortise_not_found = function(e) list(found = FALSE))
  }
  told
}

methods$use_service <- function(input, call) {
  ask <- function() call$service(input$service, input$method, input$input)
  if (!isTRUE(input$catch)) return(ask())
  tryCatch(ask(), mortise_error = function(e) list(code = sub("mortise_", "", class(e)[[1L]]), message = e$message, hint = e$hint))
}

methods$sleep <- function(input, call) {
  end <- proc.time()[["elapsed"]] + input$ms / 1000
  wait <- function() {
    while (proc.time()[["elapsed"]] < end) {
      if (input$look) call$stop_if_cancelled()
      Sys.sleep(0.001)
    }
    "slept"
  }
  if (input$look) wait() else suspendInterrupts(wait())
}

methods$remaining <- function(input, call) {
  seconds <- call$remaining()
  if (!is.null(seconds)) as.integer(seconds * 1000)
}

methods$lifecycle <- function(input, call) list(config = plugin_config(), seen = I(seen))

# ---- misdeeds

methods$print <- function(input, call) {
  put(input$stdout, stdout(), "/dev/stdout")
  put(input$stderr, stderr(), "/dev/stderr")
}

put <- function(text, stream, path) {
  if (is.null(text)) return(invisible())
  if (!inherits(text, "mortise_text")) return(cat(text, file = stream))
  out <- file(path, "wb")
  on.exit(close(out))
  writeBin(bytes_of_text(text), out)
}

methods$die <- function(input, call) {
  if (!is.null(input$bytes)) {
    header <- charToRaw('{"t":"result","id":1,"status":"ok","value":null}')
    frame <- c(charToRaw("MTSE"), as.raw(c(length(header), rep(0L, 11L))), header)
    dyn.load(plugin_file("write.so"))
    .C("write_bytes", 3L, frame[seq_len(input$bytes)], as.integer(input$bytes))
  }
  if (input$how == "exit") quit(save = "no", status = input$status)
  tools::pskill(Sys.getpid(), if (input$how == "kill") 9L else 6L)
  Sys.sleep(60)
}

# ---- values in words

describe <- function(value) {
  kind <- kind_of(value)
  switch(kind,
    null = list(kind = kind),
    bool = list(kind = kind, value = value),
    int64 = list(kind = kind, text = int64_words(as_int64(value))),
    float64 = list(kind = kind, bits = if (is.nan(value)) "nan" else hex(writeBin(as.double(value), raw(), endian = "big"))),
    string = list(kind = kind, text = value, bytes = length(bytes_of_text(value))),
    bytes = list(kind = kind, hex = hex(value)),
    time = list(kind = kind, ns = int64_words(time_ns(value))),
    list = list(kind = kind, items = lapply(value, describe)),
    map = list(kind = kind, members = Map(function(name, item) list(name, describe(item)), names(value), value) |> unname()),
    tensor = {
      parts <- tensor_parts(value)
      list(kind = kind, dtype = parts$dtype, shape = parts$shape, hex = hex(parts$bytes))
    },
    table = list(kind = kind, rows = nrow(value), columns = column_schema(value)))
}

int64_words <- function(number) if (is.na(number)) "-9223372036854775808" else as.character(number)  # the bits of R's NA

hex <- function(bytes) paste(bytes, collapse = "")

from_hex <- function(text) {
  if (!nzchar(text)) return(raw())
  as.raw(strtoi(substring(text, seq(1L, nchar(text), 2L), seq(2L, nchar(text), 2L)), 16L))
}

make <- function(told) {
  switch(told$kind,
    null = NULL,
    bool = told$value,
    int64 = as_int64(told$text),
    float64 = if (told$bits == "nan") NaN else readBin(from_hex(told$bits), "double", endian = "big"),
    string = told$text,
    bytes = from_hex(told$hex),
    time = as_time(told$ns),
    list = lapply(told$items, make),
    map = structure(lapply(told$members, function(pair) make(pair[[2L]])),
                    names = vapply(told$members, function(pair) pair[[1L]], "")),
    tensor = tensor(dtype = told$dtype, dim = unlist(told$shape), bytes = from_hex(told$hex)))
}

# `stop` names the lifecycle here and base::stop everywhere above.
plugin <- list(
  initialize = initialize, start = start, stop = stop_verb, validate = validate, step = step, call = call
)
