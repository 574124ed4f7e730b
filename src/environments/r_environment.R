# Finds and installs what a plugin in R needs beyond what R itself finds. Run by the host:
#
#   R --vanilla --no-echo --file=r_environment.R --args resolve REQUEST    what is missing, out of a folder of packages
#   R --vanilla --no-echo --file=r_environment.R --args install REQUEST    exactly these, into a library
#
# REQUEST has lines of fields with tabs between: "requirement NAME>=1.2,<2", "folder PATH", "target PATH", "package NAME VERSION FILE". The
# answer is one line of JSON on descriptor 3, as python_environment.py gives it. Packages of the folder are NAME_VERSION.tar.gz, as R builds
# them (sources) or NAME_VERSION_R_PLATFORM.tar.gz (binary).

quoted <- function(text) vapply(text, mortise:::quoted_json, "", USE.NAMES = FALSE)
listed <- function(items) paste0("[", paste(items, collapse = ", "), "]")
complain <- function(message, hint, requirement = "") {
  stop(structure(class = c("complaint", "error", "condition"), list(message = message, hint = hint, requirement = requirement, call = NULL)))
}

fields <- function(request, kind) {
  lines <- strsplit(readLines(request, encoding = "UTF-8", warn = FALSE), "\t", fixed = TRUE)
  lapply(Filter(function(line) line[[1L]] == kind, lines), `[`, -1L)
}

# ---- versions

# "name>=1.2,<2" or "name (>= 1.2)"
parse_requirement <- function(text) {
  name <- sub("[^A-Za-z0-9.].*$", "", text)
  parts <- trimws(strsplit(gsub("[()]", "", substring(text, nchar(name) + 1L)), ",", fixed = TRUE)[[1L]])
  list(name = name, text = text, parts = parts[nzchar(parts)])
}

fits <- function(version, parts) {
  version <- numeric_version(version)
  all(vapply(parts, function(part) {
    sign <- sub("[^<>=!~].*$", "", part)
    wanted <- tryCatch(numeric_version(trimws(substring(part, nchar(sign) + 1L))), error = function(e) complain(paste0("'", part, "' is no version"), "write it as >=1.2"))
    switch(sign, "==" = , "=" = version == wanted, "!=" = version != wanted, ">=" = version >= wanted, "<=" = version <= wanted,
           ">" = version > wanted, "<" = version < wanted, complain(paste0("'", part, "' is no condition for a version of R's"), "write it as >=1.2"))
  }, NA))
}

installed_version <- function(name) {
  tryCatch(as.character(utils::packageVersion(name)), error = function(e) NULL)
}

is_there <- function(requirement) {
  if (requirement$name %in% c("R", "base")) return(TRUE)
  version <- installed_version(requirement$name)
  !is.null(version) && fits(version, requirement$parts)
}

# ---- the folder

read_description <- function(path, name) {
  place <- tempfile()
  dir.create(place)
  on.exit(unlink(place, recursive = TRUE))
  description <- tryCatch(suppressWarnings({
    utils::untar(path, files = file.path(name, "DESCRIPTION"), exdir = place, tar = "internal")
    read.dcf(file.path(place, name, "DESCRIPTION"))[1L, ]
  }), error = function(e) complain(paste0("the R package ", path, " cannot be read: it has no readable ", name, "/DESCRIPTION"), "make it anew with R CMD build", name))
  needs <- description[intersect(c("Depends", "Imports", "LinkingTo"), names(description))]
  needs <- trimws(unlist(strsplit(needs, ",", fixed = TRUE), use.names = FALSE))
  list(version = description[["Version"]], needs = lapply(needs[nzchar(needs)], parse_requirement))
}

# The newest package of this name that fits.
choose <- function(requirement, folder) {
  files <- list.files(folder, paste0("^", gsub(".", "\\.", requirement$name, fixed = TRUE), "_[0-9][^/]*\\.tar\\.gz$"))
  best <- NULL
  for (file in files) {
    version <- sub("(_R_[^/]*)?\\.tar\\.gz$", "", sub("^[^_]*_", "", file))
    if (is.na(numeric_version(version, strict = FALSE))) next  # not of R's making
    if (!fits(version, requirement$parts) || (!is.null(best) && numeric_version(version) <= numeric_version(best$version))) next
    best <- list(name = requirement$name, version = version, file = file)
  }
  if (is.null(best)) {
    there <- if (length(files)) paste0(" (there are: ", paste(files, collapse = ", "), ")") else ""
    complain(paste0("'", requirement$text, "' cannot be had from the folder ", folder, ": no package there fits", there),
             "put it there as NAME_VERSION.tar.gz, or install it for R itself", requirement$text)
  }
  c(best, read_description(file.path(folder, best$file), requirement$name)["needs"])
}

# What must be installed, each behind what it needs.
close_over <- function(requirements, folder) {
  chosen <- list()
  visit <- function(requirement) {
    if (is_there(requirement)) return()
    known <- chosen[[requirement$name]]
    if (!is.null(known)) {
      if (!fits(known$version, requirement$parts)) complain(paste0("'", requirement$text, "' is needed, and another package needs ", known$name, " ", known$version), "", requirement$text)
      return()
    }
    if (!nzchar(folder)) {
      complain(paste0("'", requirement$text, "' is needed and not installed, and there is no place to take it from"),
               "name a folder of R packages in environments.r_packages, or install it for R itself", requirement$text)
    }
    if (!dir.exists(folder)) complain(paste0("the folder of R packages is not there: '", folder, "'"), "correct environments.r_packages, or make the folder")
    package <- choose(requirement, folder)
    chosen[[requirement$name]] <<- package["version"]
    for (need in package$needs) visit(need)
    chosen[[requirement$name]] <<- NULL
    chosen[[requirement$name]] <<- package
  }
  for (requirement in requirements) visit(requirement)
  chosen
}

resolve <- function(request) {
  folder <- c(unlist(fields(request, "folder")), "")[[1L]]
  requirements <- lapply(unlist(fields(request, "requirement")), parse_requirement)
  packages <- close_over(requirements, folder)
  shown <- vapply(packages, function(package) {
    sprintf("{\"name\": %s, \"version\": %s, \"file\": %s}", quoted(package$name), quoted(package$version), quoted(package$file))
  }, "")
  watched <- c(.libPaths(), if (nzchar(folder)) folder)
  sprintf("{\"packages\": %s, \"watched\": %s, \"interpreter\": %s}", listed(shown), listed(quoted(watched)),
          quoted(paste("R", getRversion(), R.version$platform, R.home())))
}

# ---- installing

install <- function(request) {
  folder <- fields(request, "folder")[[1L]]
  target <- fields(request, "target")[[1L]]
  Sys.setenv(R_LIBS = paste(c(target, Sys.getenv("R_LIBS")), collapse = ":"))
  for (package in fields(request, "package")) {
    log <- tempfile()
    options <- c("CMD", "INSTALL", "--no-docs", "--no-test-load", "--clean", paste0("--library=", shQuote(target)), shQuote(file.path(folder, package[[3L]])))
    status <- system2(file.path(R.home("bin"), "R"), options, stdout = log, stderr = log)
    if (status != 0L) {
      said <- grep("ERROR|rror:", readLines(log, warn = FALSE), value = TRUE)
      complain(paste0("the R package '", package[[1L]], "' ", package[[2L]], " cannot be installed: ", substr(paste(c(said, "R did not say why")[1L], collapse = " "), 1L, 500L)),
               paste0("try it by hand: R CMD INSTALL ", file.path(folder, package[[3L]])), package[[1L]])
    }
  }
  "{}"
}

words <- commandArgs(TRUE)
told <- tryCatch(sprintf("{\"answer\": %s}", switch(words[[1L]], resolve = resolve(words[[2L]]), install = install(words[[2L]]))),
  complaint = function(e) sprintf("{\"error\": %s, \"hint\": %s, \"requirement\": %s}", quoted(e$message), quoted(e$hint), quoted(e$requirement)),
  error = function(e) sprintf("{\"error\": %s, \"hint\": \"\", \"requirement\": \"\"}", quoted(conditionMessage(e))))
out <- file("/proc/self/fd/3", "w", raw = TRUE)
writeLines(told, out)
close(out)
