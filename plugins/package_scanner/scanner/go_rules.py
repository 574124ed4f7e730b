"""Go, by its tokens: calls are followed to the package that they come from, by its path and whatever name the file gives it."""

import re

from . import strings
from .findings import Rule, finding
from .tokens import GO, Calls, literals, stream

PROGRAM = Rule("runs-programs", "medium", "runs another program", "use a library, or say in the README what is run and why",
               ("os/exec.Command", "os/exec.CommandContext", "os.StartProcess", "syscall.Exec", "syscall.ForkExec", "syscall.StartProcess", "golang.org/x/sys/unix.Exec"))
SHELL = Rule("shell-injection", "high", "hands a text that it builds to a shell", "pass arguments one by one, without sh -c")
KERNEL = Rule("kernel", "high", "asks the kernel for what only an administrator may", "remove it", tuple(
    f"{package}.{name}" for package in ("syscall", "golang.org/x/sys/unix")
    for name in ("PtraceAttach", "Mount", "Unmount", "Chroot", "Setuid", "Setgid", "Setns", "Unshare", "PivotRoot", "InitModule", "Reboot")))
SYSCALL = Rule("raw-syscall", "medium", "calls the kernel past the library", "use package os",
               ("syscall.Syscall", "syscall.Syscall6", "syscall.RawSyscall", "golang.org/x/sys/unix.Syscall", "golang.org/x/sys/unix.RawSyscall"))
IMPORTS = Rule("suspicious-import", "low", "imports a package that few plugins need", "leave it out, or say in the README what it is for",
               ("os/exec", "syscall", "golang.org/x/sys/unix", "unsafe", "plugin", "net/smtp"))
CGO = Rule("cgo", "medium", "contains C code", "write the part in Go, or in C against the plugin interface")
LOADS = Rule("loads-libraries", "medium", "loads a library while it runs", "build what the plugin needs into it", ("plugin.Open",))
NETWORK = Rule("network-client", "low", "talks to the network", "declare the permission `network`",
               ("net", "net/http", "net/rpc", "net/smtp", "crypto/tls", "golang.org/x/net/websocket"), "network")
LINK = Rule("linkname", "medium", "reaches into another package's private parts", "use what the package exports")
REVERSE = Rule("reverse-shell", "critical", "ties a program to a connection", "remove it")
REMOTE = Rule("download-and-run", "critical", "runs what it downloads", "ship what is to run inside the package")
THEFT = Rule("environment-theft", "high", "takes the whole environment in a file that talks to the network", "read the variables you need, by name")
DESTROY = Rule("destroys-files", "high", "removes a folder that is not its own", "remove only what you made")
TLS = Rule("no-tls-check", "medium", "does not check who it talks to", "leave verification on", permission="network")
FORKS = Rule("fork-bomb", "high", "makes processes without end", "bound the number of processes")
LATER = Rule("startup-file", "high", "writes a file that is run at every start of a shell", "remove it")

BY_CALL = {name: rule for rule in (PROGRAM, KERNEL, SYSCALL, LOADS) for name in rule.names}
HINT = re.compile(r'"(?:os/exec|syscall|golang\.org/x/sys/unix|unsafe|plugin|net[/"]|net/|C"|crypto/tls|os")|go:linkname|RemoveAll')
OUTSIDE = re.compile(r"^(?:/(?:etc|home|root|usr|var|bin|lib|boot|opt)?/?|~/?)$")
STARTUP = re.compile(r"\.bashrc\b|\.profile\b|\.zshrc\b|/etc/(?:cron|profile)|authorized_keys|systemd/(?:user|system)/|autostart/")
SHELLS = re.compile(r"^(?:/(?:usr/)?bin/)?(?:ba|z|da|k)?sh$|^cmd(?:\.exe)?$|^powershell")


def imports(tokens):
    """Name in this file -> path, out of `import "a/b"` and `import ( x "a/b" )`."""
    named, i = {}, 0
    while i < len(tokens):
        if tokens[i].text != "import" or tokens[i].kind != "name":
            i += 1
            continue
        group = i + 1 < len(tokens) and tokens[i + 1].text == "("
        i += 2 if group else 1
        alias = None
        while i < len(tokens) and tokens[i].text != ")":
            token = tokens[i]
            if token.kind == "text":
                named[alias or token.text.rsplit("/", 1)[-1]] = (token.text, token.line)
                alias = None
                if not group:
                    break
            else:
                alias = token.text if token.kind == "name" or token.text == "." else None
            i += 1
        i += 1
    return named


def scan(file):
    text = file.text
    if not HINT.search(text) and not strings.HINT.search(text):
        return []
    tokens = stream(text, GO)
    lines = text.split("\n")
    named = imports(tokens)
    calls = Calls(tokens)
    found, used = strings.scan(file.path, literals(tokens)), set()

    def add(rule, line):
        found.append(finding(rule, file.path, line, lines[line - 1] if 0 < line <= len(lines) else ""))

    online = False
    for path, line in named.values():
        for rule in (IMPORTS, NETWORK):
            if path in rule.names:
                add(rule, line)
        online = online or path in NETWORK.names
        if path == "C":
            add(CGO, line)
    for i, name in calls.all():
        owner = named.get(calls.before(i, 2).text, ("", 0))[0] if calls.before(i).text == "." else named.get(".", ("", 0))[0]
        called = f"{owner}.{name}"
        used.add(called)
        arguments = calls.arguments(i)
        texts = [token.text for token in arguments if token.kind == "text"]
        if BY_CALL.get(called) is PROGRAM:
            shell = len(texts) > 1 and SHELLS.match(texts[0]) and texts[1] in ("-c", "/c", "/C", "-Command")
            built = any(token.text == "+" or token.text in ("Sprintf", "Sprint", "Join") for token in arguments)
            add(SHELL if shell and built else PROGRAM, tokens[i].line)
            if looped(tokens, i) and any(token.text in ("Args", "Executable") for token in arguments):
                add(FORKS, tokens[i].line)
        elif called in BY_CALL:
            add(BY_CALL[called], tokens[i].line)
        if called == "os.RemoveAll" and any(OUTSIDE.match(text) for text in texts):
            add(DESTROY, tokens[i].line)
        if called in ("os.WriteFile", "os.OpenFile", "os.Create", "io/ioutil.WriteFile") and any(STARTUP.search(text) for text in texts):
            add(LATER, tokens[i].line)
        if called == "os.Environ" and online:
            add(THEFT, tokens[i].line)
    for i, token in enumerate(tokens[:-2]):
        if token.text == "InsecureSkipVerify" and tokens[i + 1].text in (":", "=") and tokens[i + 2].text == "true":
            add(TLS, token.line)
    for match in re.finditer(r"^//go:linkname .*", text, re.M):
        add(LINK, text.count("\n", 0, match.start()) + 1)
    ran = used & set(PROGRAM.names)
    if ran and {"net.Dial", "net.DialTimeout", "net.Listen", "crypto/tls.Dial"} & used and any(t.text in ("Stdin", "Stdout") for t in tokens):
        add(REVERSE, 0)
    if ran and {"net/http.Get", "net/http.Post"} & used and {"os.WriteFile", "os.Create", "os.Chmod", "os.OpenFile"} & used:
        add(REMOTE, 0)
    return found


def looped(tokens, i):
    texts = [token.text for token in tokens[max(0, i - 8):i]]
    return "for" in texts and "{" in texts and texts.index("{") == texts.index("for") + 1
