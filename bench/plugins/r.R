# Answers a call with its input; `look` reads the two ends of column x.

call <- function(method, input) {
  if (method != "look") return(input)
  x <- input$x
  as_int64(x[[1L]] + x[[length(x)]])
}
