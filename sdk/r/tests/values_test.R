source(file.path(Sys.getenv("R_TESTS_FOLDER"), "harness.R"))

# ---- scalars, lists and maps

test("scalars are what they were", for (value in list(TRUE, 1L, -2147483647L, 0.1, -0, NaN, Inf, "a", "\u017elu\u0165", as.raw(1:3))) same(cross(value), value))
test("NA becomes NULL", for (value in list(NA, NA_integer_, NA_real_, NA_character_)) same(cross(value), NULL))
test("NaN is no NA", stopifnot(is.nan(cross(NaN))))
test("a vector becomes a list, a gap a NULL", same(cross(c(1L, NA, 3L)), list(1L, NULL, 3L)))
test("a vector of one is a scalar, unless I() says otherwise", {
  same(cross("a"), "a")
  same(cross(I("a")), list("a"))
})
test("a named vector becomes a map", same(cross(c(a = 1, b = 2)), list(a = 1, b = 2)))
test("an empty list and an empty map differ", {
  same(kind_of(list()), "list")
  same(kind_of(empty_map()), "map")
  same(cross(empty_map()), empty_map())
})
test("a factor becomes its labels, a Date a text", {
  same(cross(factor(c("b", "a"))), list("b", "a"))
  same(cross(as.Date("2024-02-29")), "2024-02-29")
})
test("a time keeps its nanoseconds", {
  time <- as_time("1769862896123456789")
  same(as.character(time_ns(cross(time))), "1769862896123456789")
  same(format(cross(time), "%Y-%m-%d %H:%M:%S"), "2026-01-31 12:34:56")
})
test("a time that was moved is where it was moved to", {
  moved <- as_time("1769862896123456789") + 3600
  same(format(cross(moved), "%H:%M:%S"), "13:34:56")
})
test("latin1 is sent as UTF-8", {
  text <- "caf\xe9"
  Encoding(text) <- "latin1"
  same(cross(text), "caf\u00e9")
})
test("a text that is not UTF-8 is refused", {
  text <- "\xff\xfe"
  Encoding(text) <- "UTF-8"
  refused(cross(text), "not UTF-8")
})
test("what cannot cross is told with its place", {
  refused(cross(list(a = list(1, sum))), "a[[2]]: a 'function' cannot cross")
  refused(cross(list(x = quote(a + b))), "x: a 'language' cannot cross")
  refused(cross(1i), "a 'complex' cannot cross")
})
test("a name twice is refused", refused(cross(list(a = 1, a = 2)), "has the name 'a' twice"))
test("a list that nests for ever is refused, and not by a crash", {
  nested <- list()
  for (level in 1:5000) nested <- list(nested)
  refused(cross(nested), "128 levels")
})

# ---- integer64

test("an int64 beyond 2^53 keeps every bit", same(as.character(cross(as_int64("9007199254740993"))), "9007199254740993"))
test("an int64 within 2^53 is a number", same(cross(as_int64("5000000000")), 5e9))
test("integer64 adds, compares and formats exactly", {
  big <- as_int64("9223372036854775806")
  same(as.character(big + 1L), "9223372036854775807")
  stopifnot(big + 1L > big, big == as_int64("9223372036854775806"), !(big < 1))
  same(as.character(as_int64(-7L) %/% 2L), "-4")
  same(as.character(as_int64(-7L) %% 2L), "1")
  same(as.character(sum(as_int64(c("9007199254740993", "1")))), "9007199254740994")
  same(as.character(c(as_int64(1L), 2L)), c("1", "2"))
})
test("an overflow is NA with a warning", {
  warned <- FALSE
  result <- withCallingHandlers(as_int64("9223372036854775807") + 1L, warning = function(w) {
    warned <<- TRUE
    invokeRestart("muffleWarning")
  })
  stopifnot(is.na(result), warned)
})
test("a text that is no integer is refused", refused(as_int64("12a"), "is not an integer of 64 bits"))

# ---- arrays

test("a matrix keeps its elements where they are", {
  m <- matrix(c(1, 2, 3, 4, 5, 6), 2)
  same(cross(m), m)
  same(tensor_parts(m)$bytes, writeBin(c(1, 3, 5, 2, 4, 6), raw()))
})
test("an array of three axes is row-major outside", {
  a <- array(1:24, c(2, 3, 4))
  same(cross(a), a)
  same(readBin(tensor_parts(a)$bytes, "integer", 24), as.vector(aperm(a)))
})
test("a dtype of another type is kept, and every element must fit", {
  same(attr(cross(tensor(array(c(0.5, 1)), "FP32")), "dtype"), "FP32")
  same(as.vector(cross(tensor(array(c(1, 255)), "UINT8"))), c(1L, 255L))
  refused(cross(tensor(array(c(1, 256)), "UINT8")), "does not fit into a tensor of UINT8")
  refused(cross(array(c(1L, NA))), "NA does not fit")
  refused(cross(tensor(array(1), "FP8")), "which is none")
})
test("half precision rounds to the nearest", {
  same(as.vector(cross(tensor(array(c(65504, 0.1, 6e-8, 1e9)), "FP16"))), c(65504, 0.0999755859375, 5.960464477539063e-08, Inf))
})

# ---- columns

test("columns of every plain type are what they were", {
  frame <- data.frame(flag = c(TRUE, NA, FALSE), count = c(1L, NA, 3L), size = c(0.5, NA, NaN), name = c("a", NA, "\u00e9"))
  found <- cross(frame)
  same(found, frame)
  stopifnot(is.nan(found$size[[3L]]), is.na(found$size[[2L]]), !is.nan(found$size[[2L]]))
})
test("a factor keeps its levels, its order and its gaps", {
  same(table_of(factor(c("b", NA, "a"), levels = c("z", "b", "a"))), factor(c("b", NA, "a"), levels = c("z", "b", "a")))
  same(table_of(factor(c("low", "high"), levels = c("low", "high"), ordered = TRUE)), factor(c("low", "high"), levels = c("low", "high"), ordered = TRUE))
})
test("dates are days", {
  same(format_of(Sys.Date()), "tdD")
  same(as.character(table_of(as.Date(c("1969-12-31", NA, "2026-01-31")))), c("1969-12-31", NA, "2026-01-31"))
})
test("times keep their zone and their microseconds", {
  times <- as.POSIXct(c("2026-07-01 12:00:00.25", NA), tz = "Europe/Prague")
  found <- table_of(times)
  same(attr(found, "tzone"), "Europe/Prague")
  same(format(found, "%H:%M:%OS3"), c("12:00:00.250", NA))
  same(format_of(times), "tsu:Europe/Prague")
})
test("times from nanoseconds stay so", same(format_of(as_time(c("1", "2"))), "tsn:UTC"))
test("spans are in seconds", same(as.double(table_of(as.difftime(c(1, NA), units = "hours")), units = "secs"), c(3600, NA)))
test("integer64 crosses with its gaps", {
  same(as.character(table_of(as_int64(c("9007199254740993", NA)))), c("9007199254740993", NA))
  same(table_of(as_int64(c(1L, NA))), c(1, NA))
})
test("raw vectors make a list column", same(table_of(list(as.raw(1:2), NULL, raw())), list(as.raw(1:2), NULL, raw())))
test("vectors make a list column", {
  same(table_of(list(1:2, NULL, integer())), list(1:2, NULL, integer()))
  same(table_of(list("a", c("b", "c"))), list("a", c("b", "c")))
})
test("named lists make records", same(table_of(list(list(a = 1L, b = "x"), NULL)), list(list(a = 1L, b = "x"), NULL)))
test("a table without rows and one without columns are tables", {
  same(dim(cross(data.frame(a = integer()))), c(0L, 1L))
  same(dim(cross(data.frame(row.names = 1:3))), c(3L, 0L))
})
test("a column that is a matrix or of another length is refused", {
  broken <- structure(list(a = 1:2, b = 1:3), class = "data.frame", row.names = 1:2)
  refused(cross(broken), "$b has 3 elements in a table of 2 rows")
  frame <- data.frame(a = 1:2)
  frame$m <- matrix(1:4, 2)
  refused(cross(frame), "$m is a matrix")
})
test("two columns of one name are refused", refused(cross(structure(list(a = 1, a = 2), class = "data.frame", row.names = 1L)), "two columns 'a'"))
test("a column may be changed without changing another's", {
  seen <- run_call(list(call = function(method, input) {
    copy <- input
    copy$x[1L] <- 99
    list(sum(input$x), sum(copy$x))
  }), "call", data.frame(x = as.double(1:1000)))$value
  same(seen, list(500500, 500598))
})
test("views are like any vector", {
  frame <- cross(data.frame(x = as.double(1:100), i = 1:100))
  same(sort(frame$x, decreasing = TRUE)[1:3], c(100, 99, 98))
  same(frame[frame$i > 98L, "x"], c(99, 100))
  same(unserialize(serialize(frame, NULL)), data.frame(x = as.double(1:100), i = 1:100))
  same(cumsum(frame$x)[[100L]], 5050)
  same(range(frame$i), c(1L, 100L))
})
finish()
