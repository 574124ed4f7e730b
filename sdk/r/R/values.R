# Values, where R has no word of its own for them.

# A time from nanoseconds since 1970 (numbers, texts or integer64), every one of them kept; time_ns() gives them back.
as_time <- function(ns, tz = "UTC") {
  exact <- as_int64(ns)
  seconds <- seconds_of(exact)
  seconds[is.na(ns)] <- NA
  structure(seconds, class = c("POSIXct", "POSIXt"), tzone = tz, ns = exact)
}

time_ns <- function(time) {
  ns <- attr(time, "ns")
  if (!is.null(ns) && length(ns) == length(time) && all(is.na(time) | seconds_of(ns) == as.double(time))) return(ns)
  as_int64(round(as.double(time) * 1e6)) * 1000L
}

# The first nanosecond of all has the bits of NA.
seconds_of <- function(ns) {
  seconds <- as.double(ns) / 1e9
  seconds[is.na(seconds)] <- -9223372036854775808 / 1e9
  seconds
}

# An array of another element type than R's own: tensor(x, "FP32"). Sent, every element must fit.
tensor <- function(x, dtype = NULL, dim = NULL, bytes = NULL) {
  if (!is.null(bytes)) return(.Call(C_tensor, dtype, as.integer(dim), bytes))
  if (!is.null(dim)) dim(x) <- dim
  if (!is.null(dtype)) attr(x, "dtype") <- dtype
  x
}

tensor_parts <- function(x) .Call(C_tensor_parts, x)

# What an object is to everybody else: "int64", "float64", "list", "table" ...
kind_of <- function(x) .Call(C_kind, x)

column_schema <- function(frame) .Call(C_schema, frame)

# list() is an empty list; this is an empty map.
empty_map <- function() structure(list(), names = character())

# A text with a zero character in it comes as its bytes, of class mortise_text.
bytes_of_text <- function(x) if (inherits(x, "mortise_text")) unclass(x) else charToRaw(enc2utf8(x))

as.character.mortise_text <- function(x, ...) {
  bytes <- unclass(x)
  bytes[bytes == as.raw(0L)] <- as.raw(63L)
  text <- rawToChar(bytes)
  Encoding(text) <- "UTF-8"
  text
}
print.mortise_text <- function(x, ...) print(as.character.mortise_text(x))

# ---- called from the native part

.row_count <- function(frame) as.double(.row_names_info(frame, 2L))
.date_text <- function(days) format(structure(days, class = "Date"), "%Y-%m-%d")
.as_instants <- function(x) as.POSIXct(x)
.as_seconds <- function(x) {
  seconds <- as.double(x, units = "secs")
  seconds
}
.as_doubles <- function(x) {
  storage.mode(x) <- "double"
  x
}
.picked <- function(values, codes) if (inherits(values, "data.frame")) values[codes, , drop = FALSE] else values[codes]
.slices <- function(items, bounds, valid) {
  lapply(seq_along(valid), function(row) {
    if (!valid[[row]]) return(NULL)
    items[seq.int(bounds[[row]] + 1, length.out = bounds[[row + 1L]] - bounds[[row]])]
  })
}
.records <- function(fields, valid) {
  lapply(seq_along(valid), function(row) if (valid[[row]]) lapply(fields, function(field) field[[row]]) else NULL)
}
.as_rows <- function(frame) lapply(seq_len(nrow(frame)), function(row) lapply(frame, function(column) column[[row]]))
.flat <- function(lists) {
  there <- lists[lengths(lists) > 0L]
  if (!length(there)) return(logical())
  if (all(vapply(there, is.list, TRUE))) return(do.call(c, unname(there)))
  kinds <- unique(vapply(there, function(item) class(item)[[1L]], ""))
  if (length(kinds) > 1L && !all(kinds %in% c("integer", "numeric", "logical"))) {
    stop(plugin_failure(paste0("a list column with rows of ", paste(kinds, collapse = " and ")), "make them one type"))
  }
  unname(do.call(c, unname(there)))
}
.fields_of <- function(rows) {
  names <- unique(unlist(lapply(rows, names)))
  structure(lapply(names, function(name) .column(lapply(rows, function(row) row[[name]]))), names = names)
}
# One vector where every row has one plain element, else a list column.
.column <- function(cells) {
  plain <- vapply(cells, function(cell) is.null(cell) || (is.atomic(cell) && length(cell) == 1L), TRUE)
  if (!all(plain) || all(vapply(cells, is.null, TRUE))) return(cells)
  first <- cells[[which(!vapply(cells, is.null, TRUE))[[1L]]]]
  gap <- first
  gap[1L] <- NA
  cells[vapply(cells, is.null, TRUE)] <- list(gap)
  unname(do.call(c, unname(cells)))
}
