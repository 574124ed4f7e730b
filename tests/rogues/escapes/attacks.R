# Escapes in R. `Rscript attacks.R NAME` tries one; see README.md.
secret <- "the canary sings"
folder <- Sys.getenv("CANARY_FOLDER")
sings <- function(lines) any(grepl(secret, lines, fixed = TRUE))
quietly <- function(expression) suppressWarnings(tryCatch(expression, error = function(e) FALSE))

attacks <- list(
  read_file = function() sings(readLines(file.path(folder, "secret"), warn = FALSE)),
  list_folder = function() "secret" %in% list.files(folder),
  copy_away = function() {
    copy <- tempfile()
    file.copy(file.path(folder, "secret"), copy) && sings(readLines(copy, warn = FALSE))
  },
  write_file = function() {
    path <- file.path(folder, "written")
    file.create(path) && file.remove(path)
  },
  run_a_program = function() sings(system2("cat", file.path(folder, "secret"), stdout = TRUE, stderr = FALSE)),
  through_a_pipe = function() {
    source <- pipe(paste("cat", file.path(folder, "secret"), "2>/dev/null"))
    on.exit(close(source))
    sings(readLines(source, warn = FALSE))
  },
  run_foreign_code = function() {
    source(file.path(folder, "canary.R"), local = TRUE)
    sings(song)
  },
  load_foreign_library = function() {
    dyn.load(file.path(folder, "library.so"))
    is.loaded("sing")
  },
  stream = function() {
    connection <- socketConnection("127.0.0.1", as.integer(Sys.getenv("CANARY_TCP")), blocking = TRUE, timeout = 2)
    on.exit(close(connection))
    sings(readLines(connection, n = 1, warn = FALSE))
  },
  see_processes = function() Sys.getenv("CANARY_PID") %in% list.files("/proc"),
  read_environment = function() sings(rawToChar(Filter(function(b) b != 0, readBin(file.path("/proc", Sys.getenv("CANARY_PID"), "environ"), "raw", 65536)))),
  end_another_process = function() tools::pskill(as.integer(Sys.getenv("CANARY_PID")), 0L)
)

status_of <- function(name) if (isTRUE(quietly(attacks[[name]]()))) 0 else 10

if (sys.nframe() == 0) { # not read by somebody else
  name <- commandArgs(trailingOnly = TRUE)
  if (length(name) != 1 || is.null(attacks[[name]])) {
    writeLines(names(attacks))
    quit(status = 98)
  }
  quit(status = status_of(name))
}
