# Run by `mortise plugin test .`, and by Rscript in the folder above this one, where the package mortise is found.
library(mortise)

done <- run_step(".", config = list(factor = 10), context = list(numbers = list(1, 2.5, -3)), input = "numbers")
stopifnot(
  "every number is multiplied" = identical(unlist(done$value), c(10, 25, -30)),
  "it says so in the log" = identical(done$logs[[1]]$message, "multiplied")
)

wrong <- tryCatch(run_step(".", config = list(factor = 10), context = list(numbers = list("two")), input = "numbers"),
                  mortise_invalid = conditionMessage)
stopifnot("what is no number is refused" = identical(wrong, "expected numbers, got character"))
