"""C and C++, by their tokens: calls of functions, not members of the same name and not declarations."""

import re

from . import strings
from .findings import Rule, finding
from .tokens import C, Calls, literals, stream

PROGRAM = Rule("runs-programs", "medium", "runs another program", "use a library, or say in the README what is run and why", (
    "system", "popen", "execl", "execlp", "execle", "execv", "execve", "execvp", "execvpe", "fexecve", "posix_spawn", "posix_spawnp", "wordexp"))
LOADS = Rule("loads-libraries", "medium", "loads a library while it runs", "link what the plugin needs", ("dlopen", "dlmopen", "dlsym"))
DEBUGGER = Rule("debugger", "high", "takes hold of other processes", "remove it", ("ptrace", "process_vm_readv", "process_vm_writev"))
KERNEL = Rule("kernel", "high", "asks the kernel for what only an administrator may", "remove it",
              ("mount", "umount2", "init_module", "finit_module", "kexec_load", "reboot", "setns", "unshare", "pivot_root", "chroot", "setuid", "setgid", "setresuid"))
SYSCALL = Rule("raw-syscall", "medium", "calls the kernel past the C library", "use the library's function", ("syscall",))
NETWORK = Rule("network-client", "low", "talks to the network", "declare the permission `network`",
               ("socket", "connect", "getaddrinfo", "gethostbyname", "curl_easy_init", "curl_easy_perform"), "network")
UNSAFE = Rule("unbounded-read", "medium", "reads without a bound", "fgets, or std::getline", ("gets",))
CODE = Rule("makes-code", "high", "makes memory that can be run", "compile the code into the plugin")
REVERSE = Rule("reverse-shell", "critical", "ties a program to a connection", "remove it")
EARLY = Rule("runs-at-load", "medium", "runs before the host has looked at the plugin", "do it in initialize()")
ASSEMBLY = Rule("assembly", "medium", "calls the kernel in assembly", "use the C library")
PRELOAD = Rule("preload", "high", "puts a library in front of other programs", "remove it")
THEFT = Rule("environment-theft", "high", "takes the whole environment in a file that talks to the network", "read the variables you need, by name")
FORKS = Rule("fork-bomb", "high", "makes processes without end", "bound the number of processes")
DESTROY = Rule("destroys-files", "high", "removes a folder that is not its own", "remove only what you made")

BY_CALL = {name: rule for rule in (PROGRAM, LOADS, DEBUGGER, KERNEL, SYSCALL, NETWORK, UNSAFE) for name in rule.names}
HINT = re.compile(r"\b(?:" + "|".join(sorted(BY_CALL)) + r"|environ|mprotect|mmap|constructor|LD_PRELOAD|asm|__asm__|fork|vfork|dup2|remove_all|rmdir)\b")
# `int system(const char*)` declares, `return system("x")` calls.
CALLS_AFTER = {"return", "else", "do", "case", "throw", "co_return", "co_await", "not", "and", "or", "sizeof"}
OUTSIDE = re.compile(r"^(?:/(?:etc|home|root|usr|var|bin|lib|boot|opt)?/?|~/?)$")


def scan(file):
    text = file.text.replace("\\\r\n", "").replace("\\\n", "")  # spliced lines are one line
    if not HINT.search(text) and not strings.HINT.search(text):
        return []
    tokens = stream(text, C)
    lines = text.split("\n")
    calls = Calls(tokens)
    found, used = strings.scan(file.path, literals(tokens)), set()

    def add(rule, line):
        found.append(finding(rule, file.path, line, lines[line - 1] if 0 < line <= len(lines) else ""))

    own = defined(tokens)
    for i, name in calls.all():
        if not is_call(calls, i) or name in own:
            continue
        used.add(name)
        rule = BY_CALL.get(name)
        if rule is not None:
            add(rule, tokens[i].line)
        arguments = {token.text for token in calls.arguments(i)}
        if name in ("mprotect", "mmap") and "PROT_EXEC" in arguments:
            add(CODE, tokens[i].line)
        if name in ("remove_all", "rmdir", "nftw") and any(OUTSIDE.match(text) for text in arguments):
            add(DESTROY, tokens[i].line)
        if name in ("setenv", "putenv") and any(text.startswith("LD_PRELOAD") for text in arguments):
            add(PRELOAD, tokens[i].line)
        if name in ("fork", "vfork") and in_endless_loop(tokens, i):
            add(FORKS, tokens[i].line)
    for i, token in enumerate(tokens):
        if token.kind != "name":
            continue
        if token.text in ("constructor", "__constructor__") and any(t.text in ("__attribute__", "gnu") for t in tokens[max(0, i - 4):i]):
            add(EARLY, token.line)
        if token.text in ("asm", "__asm__") and any("syscall" in t.text or "int $0x80" in t.text for t in tokens[i:i + 8]):
            add(ASSEMBLY, token.line)
        if token.text in ("environ", "__environ") and "socket" in used | {"socket"} & {t.text for t in tokens}:
            add(THEFT, token.line)
    if {"dup2", "dup3"} & used and {"socket", "connect", "accept"} & used and set(PROGRAM.names) & used:
        add(REVERSE, 0)
    return found


def is_call(calls, i):
    before = calls.before(i)
    if before.text in (".", "->"):
        return False
    if before.text == "::":
        owner = calls.before(i, 2)
        return owner.kind != "name" or owner.text in ("std", "filesystem", "fs") or owner.text in CALLS_AFTER
    declared = before.kind == "name" and before.text not in CALLS_AFTER
    pointer = before.text in ("*", "&") and calls.before(i, 2).kind == "name" and calls.before(i, 3).text in ("", ";", "}", "{", "extern", "static", "const")
    return not declared and not pointer


def defined(tokens):
    """Functions that the file itself defines: `name(...) {` after a type."""
    names, calls = set(), Calls(tokens)
    for i, name in calls.all():
        if calls.before(i).kind != "name" or calls.before(i).text in CALLS_AFTER:
            continue
        end = i + len(calls.arguments(i)) + 3
        if end < len(tokens) and tokens[end].text == "{":
            names.add(name)
    return names


def in_endless_loop(tokens, i):
    texts = [token.text for token in tokens[max(0, i - 12):i]]
    joined = " ".join(texts)
    return "while ( 1 )" in joined or "while ( true )" in joined or "for ( ; ; )" in joined
