# Class integer64: 64-bit integers where doubles would lose some. The package bit64 has the same class; when it is loaded its
# methods take over.

as_int64 <- function(x) .Call(C_to_int64, if (is.factor(x)) as.character(x) else x)

.warn_overflow <- function() warning("NAs produced by integer64 overflow", call. = FALSE)

Ops.integer64 <- function(e1, e2) {
  if (missing(e2)) {
    return(switch(.Generic, "+" = e1, "-" = as_int64(0L) - e1, stop("unary ", .Generic, " is not for integer64")))
  }
  whole <- function(x) inherits(x, "integer64") || is.integer(x) || is.logical(x) || is.character(x) || all(is.na(x) | x == trunc(x))
  compares <- .Generic %in% c("==", "!=", "<", "<=", ">", ">=")
  exact <- compares || .Generic %in% c("+", "-", "*", "%/%", "%%")
  if (exact && whole(e1) && whole(e2)) return(.Call(C_int64_op, .Generic, e1, e2))
  get(.Generic, mode = "function")(plain_number(e1), plain_number(e2))
}

plain_number <- function(x) if (inherits(x, "integer64")) as.double.integer64(x) else x

Summary.integer64 <- function(..., na.rm = FALSE) {
  all <- do.call(c.integer64, list(...))
  if (na.rm) all <- all[!is.na(all)]
  if (.Generic == "range") return(c(min(all), max(all)))
  if (length(all) == 0L || anyNA(all)) return(if (.Generic == "sum" && !length(all)) as_int64(0L) else as_int64(NA_integer_))
  switch(.Generic,
    sum = Reduce(`+`, lapply(seq_along(all), function(i) all[i])),
    min = all[order(as.double(all))[1L]],
    max = all[order(-as.double(all))[1L]],
    get(.Generic, mode = "function")(as.double(all)))
}

Math.integer64 <- function(x, ...) {
  if (.Generic %in% c("floor", "ceiling", "trunc", "round", "signif")) return(x)
  if (.Generic == "abs") return(ifelse_int64(x < 0L, -x, x))
  get(.Generic, mode = "function")(as.double.integer64(x), ...)
}

ifelse_int64 <- function(test, yes, no) {
  test <- !is.na(test) & test
  no[test] <- yes[test]
  no
}

bits <- function(x) unclass(x)
from_bits <- function(x) structure(x, class = "integer64")

`[.integer64` <- function(x, ...) {
  picked <- from_bits(bits(x)[...])
  odd <- is.na(bits(picked)) & is.na(seq_along(bits(x))[...])
  if (is.null(dim(x)) && any(odd)) picked[odd] <- NA_integer_
  picked
}
`[[.integer64` <- function(x, ...) from_bits(bits(x)[[...]])
`[<-.integer64` <- function(x, ..., value) {
  all <- bits(x)
  all[...] <- bits(as_int64(value))
  from_bits(all)
}
c.integer64 <- function(...) from_bits(unlist(lapply(list(...), function(x) bits(as_int64(x)))))
rep.integer64 <- function(x, ...) from_bits(rep(bits(x), ...))
is.na.integer64 <- function(x) is.na(.Call(C_int64_real, x))
as.character.integer64 <- function(x, ...) .Call(C_int64_text, x)
as.double.integer64 <- function(x, ...) .Call(C_int64_real, x)
as.integer.integer64 <- function(x, ...) as.integer(as.double.integer64(x))
as.list.integer64 <- function(x, ...) lapply(seq_along(x), function(i) x[[i]])
as.data.frame.integer64 <- function(x, ...) as.data.frame.vector(x, ...)
format.integer64 <- function(x, ...) format(as.character.integer64(x), justify = "right", ...)
print.integer64 <- function(x, ...) {
  cat("integer64\n")
  print(as.character.integer64(x), quote = FALSE, ...)
  invisible(x)
}
xtfrm.integer64 <- function(x) as.double.integer64(x)
mean.integer64 <- function(x, ...) mean(as.double.integer64(x), ...)
unique.integer64 <- function(x, ...) x[!duplicated(as.character.integer64(x))]
