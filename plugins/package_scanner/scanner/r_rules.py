"""R, by its tokens: calls by name or package::name, also through do.call, get and match.fun."""

import re

from . import strings
from .findings import Rule, finding
from .tokens import R, Calls, literals, stream

EVAL = Rule("eval", "medium", "runs text as code", "call the function that you mean", ("eval", "evalq", "parse", "str2expression", "str2lang"))
HIDDEN = Rule("hidden-code", "critical", "runs code that was encoded to hide it", "ship the code as source")
REMOTE = Rule("download-and-run", "critical", "runs what it downloads", "ship the code inside the package")
PROGRAM = Rule("runs-programs", "medium", "runs another program", "use a package, or say in the README what is run and why",
               ("system", "system2", "shell", "shell.exec", "pipe", "processx::run", "sys::exec_wait", "sys::exec_background", "callr::rcmd"))
SHELL = Rule("shell-injection", "high", "hands a text that it builds to a shell", "system2 with a vector of arguments")
SOURCE = Rule("source", "medium", "runs another file", "put the code into the plugin's own file", ("source", "sys.source"))
LOAD = Rule("load", "medium", "loads R objects, which can carry code", "ship data as CSV or Parquet", ("load", "readRDS", "unserialize"))
IMPORTS = Rule("suspicious-import", "low", "uses a package for the network", "declare the permission `network`", ("RCurl", "httr", "httr2", "curl", "websocket"), "network")
NETWORK = Rule("network-client", "low", "talks to the network", "declare the permission `network`",
               ("download.file", "url", "socketConnection", "socketSelect", "make.socket", "curl::curl", "browseURL"), "network")
LIBRARY = Rule("loads-libraries", "medium", "loads a compiled library", "put compiled code into an R package", ("dyn.load", "library.dynam"))
INSTALL = Rule("installs-packages", "medium", "installs packages while it runs", "name them under `dependencies`",
               ("install.packages", "devtools::install_github", "remotes::install_github", "pak::pkg_install", "BiocManager::install"), "network")
THEFT = Rule("environment-theft", "high", "takes the whole environment in a file that talks to the network", "Sys.getenv(\"NAME\")")
DESTROY = Rule("destroys-files", "high", "removes a folder that is not its own", "remove only what you made")
LATER = Rule("startup-file", "high", "writes a file that R or a shell runs at every start", "remove it")
HOOK = Rule("startup-file", "high", "is run by R at every start in its folder", "remove it")

BY_CALL = {name: rule for rule in (EVAL, PROGRAM, SOURCE, LOAD, NETWORK, LIBRARY, INSTALL) for name in rule.names}
BASE = {"base", "utils"}
DECODERS = {"base64decode", "base64_dec", "base64_decode", "rawToChar", "memDecompress", "utf8ToInt", "intToUtf8", "hex2raw", "chartr", "decode64"}
DOWNLOADS = {"url", "download.file", "readLines", "getURL", "GET", "curl", "curl_fetch_memory", "content", "request"}
HINT = re.compile(r"eval|parse|str2|system|shell|pipe|run|exec|rcmd|source|load|readRDS|serialize|RCurl|httr|curl|socket|download|\burl\b|browse|install|getenv|unlink|Rprofile|do\.call|match\.fun|\bget\b")
OUTSIDE = re.compile(r"^(?:/(?:etc|home|root|usr|var|bin|lib|boot|opt)?/?\*?|~/?\*?|\$HOME/?)$")
STARTUP = re.compile(r"\.Rprofile\b|Rprofile\.site|\.Renviron\b|\.bashrc\b|\.profile\b|\.zshrc\b|/etc/cron|authorized_keys|autostart/")


def scan(file):
    found = [finding(HOOK, file.path, 1)] if file.name in (".Rprofile", "Rprofile.site") else []
    text = file.text
    if not HINT.search(text) and not strings.HINT.search(text):
        return found
    tokens = stream(text, R)
    lines = text.split("\n")
    calls = Calls(tokens)
    found += strings.scan(file.path, literals(tokens))
    own = {tokens[i].text for i in range(len(tokens) - 2) if tokens[i].kind == "name" and tokens[i + 1].text in ("<-", "<<-", "=") and tokens[i + 2].text in ("function", "\\")}
    online, whole = False, None

    def add(rule, line):
        found.append(finding(rule, file.path, line, lines[line - 1] if 0 < line <= len(lines) else ""))

    for i, name in calls.all():
        before, owner = calls.before(i), ""
        if before.text in ("$", "@") or name == "function" or name in own:
            continue
        if before.text in ("::", ":::"):
            owner = calls.before(i, 2).text
        arguments = calls.arguments(i)
        names = {token.text for token in arguments if token.kind == "name"}
        texts = [token.text for token in arguments if token.kind == "text"]
        line = tokens[i].line
        if name in ("library", "require", "requireNamespace", "loadNamespace") and (names | set(texts)) & set(IMPORTS.names):
            online = True
            add(IMPORTS, line)
        if name in ("do.call", "match.fun", "get", "getFunction", "Reduce", "lapply", "sapply", "mget") and texts and texts[0] in BY_CALL:
            add(BY_CALL[texts[0]], line)
        if owner in IMPORTS.names:
            online = True
            add(IMPORTS, line)
        rule = BY_CALL.get(f"{owner}::{name}") or (BY_CALL.get(name) if owner == "" or owner in BASE else None)
        if rule is EVAL:
            evaluation(add, name, names, texts, line)
        elif rule is PROGRAM:
            built = {"paste", "paste0", "sprintf", "glue"} & names
            add(SHELL if built and name in ("system", "shell", "pipe") else PROGRAM, line)
        elif rule is SOURCE:
            add(REMOTE if any(text.startswith(("http:", "https:", "ftp:")) for text in texts) or "url" in names else SOURCE, line)
        elif rule is NETWORK:
            online = True
            add(NETWORK, line)
        elif rule is not None:
            add(rule, line)
        if name == "Sys.getenv" and not arguments:
            whole = line
        if name in ("unlink", "file.remove", "unlink_recursive") and any(OUTSIDE.match(text) for text in texts):
            add(DESTROY, line)
        if name in ("writeLines", "cat", "file", "write", "sink", "file.copy", "file.append") and any(STARTUP.search(text) for text in texts):
            add(LATER, line)
    if whole is not None and online:
        add(THEFT, whole)
    return found


def evaluation(add, name, names, texts, line):
    """`eval(expr)` of an expression is daily bread in R; what comes from text, or from nowhere to be seen, is not."""
    if names & DOWNLOADS and ("parse" in names or name == "parse") and any(text.startswith(("http:", "https:")) for text in texts):
        return add(REMOTE, line)
    if names & DECODERS and ("parse" in names or name in ("parse", "str2lang", "str2expression")):
        return add(HIDDEN, line)
    if name == "parse" and not {"text"} & names:
        return None  # of a file; `source` is what runs one
    if name in ("eval", "evalq") and "parse" not in names and "str2lang" not in names and names & {"substitute", "quote", "bquote", "expr", "call", "envir", "parent.frame", "as.call", "body"}:
        return None
    return add(EVAL, line)
