"""What a compiled file can do: the functions that it takes from elsewhere, out of its table of dynamic symbols (ELF, 64 bit)."""

import struct

from .findings import Rule, finding

RULES = (
    Rule("elf-runs-programs", "medium", "a compiled file that runs other programs", "call a library instead",
         ("system", "popen", "execl", "execlp", "execle", "execv", "execve", "execvp", "execvpe", "fexecve", "posix_spawn", "posix_spawnp", "wordexp")),
    Rule("elf-network", "low", "a compiled file that opens sockets", "declare the permission `network`",
         ("socket", "connect", "getaddrinfo", "gethostbyname"), "network"),
    Rule("elf-debugger", "high", "a compiled file that takes hold of other processes", "leave it out",
         ("ptrace", "process_vm_writev", "process_vm_readv")),
    Rule("elf-kernel", "high", "a compiled file that asks the kernel for what only an administrator may",
         "leave it out", ("mount", "umount2", "init_module", "finit_module", "kexec_load", "reboot", "setns", "unshare", "pivot_root", "chroot")),
)
DAMAGED = Rule("elf-damaged", "medium", "a compiled file whose tables cannot be read", "build it again")
MOST_SYMBOLS = 200_000
BY_NAME = {name: rule for rule in RULES for name in rule.names}


def scan(file):
    if not file.content.startswith(b"\x7fELF"):
        return []
    try:
        names = imports(file.content)
    except (struct.error, IndexError, ValueError, OverflowError):
        return [finding(DAMAGED, file.path)]
    found = {}
    for name in sorted(names):
        rule = BY_NAME.get(name)
        if rule is not None:
            found.setdefault(rule.id, (rule, []))[1].append(name)
    return [finding(rule, file.path, 0, ", ".join(used)) for rule, used in found.values()]


def imports(data):
    """Names of the undefined symbols of .dynsym."""
    if data[4] != 2 or data[5] != 1:
        raise ValueError("no little-endian 64 bit ELF")
    (at,) = struct.unpack_from("<Q", data, 0x28)
    size, count = struct.unpack_from("<HH", data, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, at + i * size) for i in range(count)]
    names = set()
    for section in sections:
        if section[1] != 11:  # SHT_DYNSYM
            continue
        strings = sections[section[6]]
        text = data[strings[4]:strings[4] + strings[5]]
        symbols = section[5] // 24
        if symbols > MOST_SYMBOLS:
            raise ValueError("more symbols than any library has")
        for i in range(symbols):
            name, _, _, where = struct.unpack_from("<IBBH", data, section[4] + i * 24)
            if where == 0 and name != 0:
                end = text.index(b"\0", name)
                names.add(text[name:end].decode("latin-1"))
    return names
