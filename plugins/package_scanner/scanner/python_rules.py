"""Python, by its syntax tree.

Names are followed to where they come from (`from os import system as s`, `f = eval`, `getattr(os, "sys" + "tem")`), so a rule speaks
of `os.system` however it is spelled, and never of `model.eval()` or of a comment. Most files name nothing that any rule knows; they
are passed over without being parsed. That is sound: a rule matches names, and a name has to stand in the source, in the form
that Python normalises identifiers to.
"""

import ast
import re
import unicodedata

from . import strings
from .findings import Rule, finding

EVAL = Rule("eval", "medium", "runs text as code", "parse what you expect instead: ast.literal_eval, json",
            ("eval", "exec", "compile", "__import__", "code.InteractiveConsole", "code.InteractiveInterpreter", "runpy.run_path", "runpy.run_module"))
HIDDEN = Rule("hidden-code", "critical", "runs code that was encoded to hide it", "ship the code as source")
REMOTE = Rule("download-and-run", "critical", "runs what it downloads", "ship the code inside the package")
PROGRAM = Rule("runs-programs", "medium", "runs another program", "use a library, or say in the README what is run and why", (
    "os.system", "os.popen", "os.execl", "os.execle", "os.execlp", "os.execv", "os.execve", "os.execvp", "os.execvpe", "os.spawnl", "os.spawnlp",
    "os.spawnv", "os.spawnve", "os.spawnvp", "os.posix_spawn", "os.posix_spawnp", "os.startfile", "subprocess.call", "subprocess.run",
    "subprocess.Popen", "subprocess.check_call", "subprocess.check_output", "subprocess.getoutput", "subprocess.getstatusoutput",
    "asyncio.create_subprocess_shell", "asyncio.create_subprocess_exec", "commands.getoutput", "popen2.popen2"))
SHELL = Rule("shell-injection", "high", "hands a text that it builds to a shell", "pass a list of arguments, without shell=True")
PICKLE = Rule("unpickle", "medium", "loads a pickle, which runs whatever its maker wanted", "use JSON, Parquet or .npy", (
    "pickle.load", "pickle.loads", "pickle.Unpickler", "cPickle.load", "cPickle.loads", "dill.load", "dill.loads", "cloudpickle.load", "cloudpickle.loads",
    "joblib.load", "shelve.open", "marshal.load", "marshal.loads", "pandas.read_pickle", "jsonpickle.decode"))
YAML = Rule("yaml-load", "medium", "loads YAML that can make any object", "yaml.safe_load")
TLS = Rule("no-tls-check", "medium", "does not check who it talks to", "leave verification on", ("ssl._create_unverified_context",), "network")
IMPORTS = Rule("suspicious-import", "low", "imports a module that few plugins need", "leave it out, or say in the README what it is for",
               ("socket", "telnetlib", "ftplib", "smtplib", "ctypes", "cffi", "subprocess", "pty"))
NETWORK = Rule("network-client", "low", "talks to the network", "declare the permission `network`", (
    "socket", "telnetlib", "ftplib", "smtplib", "requests", "urllib.request", "urllib3", "http.client", "httpx", "aiohttp", "websockets", "paramiko"), "network")
WRITES = Rule("writes-files", "low", "writes a file", "declare the permission `file_system`, or write to a temporary file", permission="file_system")
THEFT = Rule("environment-theft", "high", "takes the whole environment in a file that talks to the network", "read the variables you need, by name")
REVERSE = Rule("reverse-shell", "critical", "ties a shell to a connection", "remove it")
DESTROY = Rule("destroys-files", "high", "removes a folder that is not its own", "remove only what you made", ("shutil.rmtree", "os.remove", "os.unlink", "os.rmdir"))
FORKS = Rule("fork-bomb", "high", "makes processes without end", "bound the number of processes", ("os.fork",))
HOOK = Rule("install-hook", "high", "runs code of its own while it is installed", "build wheels; nothing of a package runs at install")
LATER = Rule("startup-file", "high", "writes a file that is run at every start of a shell or of Python", "remove it")
LIBRARY = Rule("calls-c", "medium", "calls functions of a C library past Python", "write the part in C against the plugin interface",
               ("ctypes.CDLL", "ctypes.PyDLL", "ctypes.cdll.LoadLibrary", "ctypes.pythonapi"))
UNREADABLE = Rule("unreadable-source", "medium", "this Python cannot read it", "write it for Python 3, in UTF-8")

DECODERS = {"base64.b64decode", "base64.b32decode", "base64.b85decode", "base64.a85decode", "base64.decodebytes", "base64.urlsafe_b64decode", "bytes.fromhex",
            "binascii.unhexlify", "binascii.a2b_base64", "zlib.decompress", "gzip.decompress", "lzma.decompress", "bz2.decompress", "codecs.decode",
            "marshal.loads"}
DOWNLOADS = {"urllib.request.urlopen", "urllib.request.urlretrieve", "requests.get", "requests.post", "requests.request", "httpx.get", "httpx.post",
             "urllib3.request", "socket.socket"}
BY_CALL = {name: rule for rule in (EVAL, PROGRAM, PICKLE, TLS, LIBRARY) for name in rule.names}
BUILTINS = {"eval", "exec", "compile", "__import__", "open", "getattr", "vars", "globals", "locals"}
STARTUP = re.compile(r"\.bashrc\b|\.profile\b|\.bash_profile\b|\.zshrc\b|/etc/(?:cron|profile)|crontab|authorized_keys|systemd/(?:user|system)/|site-packages.*\.pth|autostart/")
OUTSIDE = re.compile(r"^(?:/(?:etc|home|root|usr|var|bin|lib|boot|opt)?/?|~/?|\$HOME/?|\.\./.*)$")

HINT = re.compile(
    r"eval|exec|compile|__import__|getattr|globals|vars\s*\(|builtins|\bos\b|subprocess|popen|spawn|pickle|Pickle|dill|joblib|shelve|marshal|yaml|verify|ssl|socket|telnet|ftp"
    r"|smtp|ctypes|cffi|\bpty\b|requests|urllib|http|aiohttp|websockets|paramiko|open\s*\(|write_|rmtree|cmdclass|runpy|InteractiveC|InteractiveI|importlib|torch|numpy|cProfile|asyncio|commands|lambda\s*_")


def scan(file):
    text = file.text
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if not HINT.search(text) and not strings.HINT.search(text):
        return []
    try:
        module = ast.parse(file.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [finding(UNREADABLE, file.path, 1)]
    reader = Reader(file)
    try:
        reader.read(module)
    except RecursionError:
        return [*reader.found, finding(UNREADABLE, file.path, 1, "nested too deep")]
    return reader.done()


def folded(node, names=None):
    """The text that an expression of constants makes, or None: "a" + "b", "".join([...]), "x"[::-1], chr(101), bytes([..]).decode()."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, int)) and not isinstance(node.value, bool):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = folded(node.left, names), folded(node.right, names)
        return left + right if isinstance(left, str) and isinstance(right, str) else None
    if isinstance(node, ast.JoinedStr):
        parts = [folded(part.value if isinstance(part, ast.FormattedValue) else part, names) for part in node.values]
        return "".join(str(part) for part in parts) if all(part is not None for part in parts) else None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) and isinstance(node.slice.step, ast.UnaryOp):
        text = folded(node.value, names)
        return text[::-1] if isinstance(text, str) else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "chr" and len(node.args) == 1:
        number = folded(node.args[0], names)
        return chr(number) if isinstance(number, int) and 0 <= number < 0x110000 else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join" and len(node.args) == 1:
        glue = folded(node.func.value, names)
        items = node.args[0].elts if isinstance(node.args[0], (ast.List, ast.Tuple)) else []
        parts = [folded(item, names) for item in items]
        return glue.join(parts) if isinstance(glue, str) and parts and all(isinstance(part, str) for part in parts) else None
    if isinstance(node, ast.Name) and names is not None:
        return names.get(node.id)
    return None


LEAVES = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)


def nodes_of(top):
    """As ast.walk gives them, in a list, without the leaves that only say how a name is used or which operator it is: most of the time
    that a scan takes is spent here."""
    nodes = [top]
    for node in nodes:  # it grows meanwhile
        for value in node.__dict__.values():
            if value.__class__ is list:
                nodes += [item for item in value if isinstance(item, ast.AST) and not isinstance(item, LEAVES)]
            elif isinstance(value, ast.AST) and not isinstance(value, LEAVES):
                nodes.append(value)
    return nodes


class Reader:
    def __init__(self, file):
        self.file = file
        self.lines = file.text.split("\n")
        self.origin = {}  # a name of the file -> what it is: "os", "os.system"
        self.texts = {}   # a name -> the text that it holds
        self.held = {}    # a name -> the calls that its value was made of
        self.called, self.literals, self.found = set(), [], []
        self.whole_environment, self.handed_on = None, set()

    def add(self, rule, node):
        line = getattr(node, "lineno", 0)  # 0: the file as a whole
        self.found.append(finding(rule, self.file.path, line, self.lines[line - 1] if 0 < line <= len(self.lines) else ""))

    # ---- names ----
    def name_of(self, node):
        """What an expression refers to, as a dotted name from the top of its module, or ""."""
        if isinstance(node, ast.Name):
            return self.origin.get(node.id, node.id if node.id in BUILTINS or node.id == "__builtins__" else "")
        if isinstance(node, ast.Attribute):
            base = self.name_of(node.value)
            if not base and isinstance(node.value, ast.Name) and node.value.id == "bytes":
                base = "bytes"
            return self.plain(f"{base}.{node.attr}") if base else ""
        if isinstance(node, ast.Subscript):
            base, key = self.name_of(node.value), folded(node.slice, self.texts)
            if base in ("__builtins__", "builtins.__dict__", "globals()", "locals()", "vars()") and isinstance(key, str):
                return self.origin.get(key, key)
            if base.endswith(".__dict__") and isinstance(key, str):
                return self.plain(f"{base[:-9]}.{key}")
            return self.plain(f"{base[8:]}.{key}") if base.startswith("vars of ") else ""
        if isinstance(node, ast.Call):
            return self.name_of_call(node)
        return ""

    def name_of_call(self, node):
        name = self.name_of(node.func)
        first = node.args[0] if node.args else None
        if name == "getattr" and len(node.args) >= 2:
            base, attribute = self.name_of(first), folded(node.args[1], self.texts)
            return self.plain(f"{base}.{attribute}") if base and isinstance(attribute, str) else ""
        if name in ("__import__", "importlib.import_module") and first is not None:
            module = folded(first, self.texts)
            return module if isinstance(module, str) else ""
        if name == "vars" and first is not None:
            return "vars of " + self.name_of(first)
        if name in ("globals", "locals", "vars"):
            return name + "()"
        return ""

    @staticmethod
    def plain(name):
        for start in ("builtins.", "__builtins__.", "__builtin__."):
            if name.startswith(start):
                return name[len(start):]
        return name

    # ---- the walk ----
    def read(self, module):
        nodes = nodes_of(module)
        kinds = {}
        for node in nodes:
            kinds.setdefault(node.__class__, []).append(node)
        # Imports and simple assignments first: a function may use what stands below it.
        for node in kinds.get(ast.Import, ()):
            for alias in node.names:
                self.origin[alias.asname or alias.name.split(".")[0]] = alias.name if alias.asname else alias.name.split(".")[0]
                self.imported(alias.name, node)
        for node in kinds.get(ast.ImportFrom, ()):
            for alias in node.names:
                self.origin[alias.asname or alias.name] = self.plain(f"{node.module or ''}.{alias.name}")
                self.imported(f"{node.module or ''}.{alias.name}", node)
        for node in kinds.get(ast.Assign, ()):
            if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                self.assigned(node.targets[0].id, node.value)
        for node in kinds.get(ast.Call, ()):
            self.call(node)
        for node in kinds.get(ast.Constant, ()):
            self.literal(node)
        for node in kinds.get(ast.While, ()):
            if isinstance(node.test, ast.Constant) and node.test.value:
                if any(isinstance(inner, ast.Call) and self.name_of(inner.func) == "os.fork" for inner in nodes_of(node)):
                    self.add(FORKS, node)
        if "environ" in self.file.text or not self.file.text.isascii():  # other spellings of a letter are that letter to Python
            for node in [*kinds.get(ast.Attribute, ()), *kinds.get(ast.Name, ())]:
                if self.whole_environment is None and self.name_of(node) == "os.environ":
                    self.environment(node, nodes)

    def literal(self, node):
        value = node.value
        if value.__class__ is bytes:
            value = value.decode("latin-1")
        if value.__class__ is str and len(value) > 5:
            self.literals.append((node.lineno, value))

    def imported(self, name, node):
        for rule in (IMPORTS, NETWORK):
            if any(name == module or name.startswith(module + ".") for module in rule.names):
                self.called.add(rule.id)
                self.add(rule, node)

    def assigned(self, name, value):
        text = folded(value, self.texts)
        if isinstance(text, str):
            self.texts[name] = text
        inside = nodes_of(value)
        calls = {self.name_of(inner.func) for inner in inside if isinstance(inner, ast.Call)}
        names = [self.held.get(inner.id, set()) for inner in inside if isinstance(inner, ast.Name)]
        self.held[name] = self.held.get(name, set()).union(calls, *names)
        meant = self.name_of(value)
        if meant and (meant in BY_CALL or meant in DECODERS or meant in DOWNLOADS or "." not in meant):
            self.origin.setdefault(name, meant)

    def environment(self, node, nodes):
        if not self.handed_on:  # made once: what stands as an argument of a call, or before .items() and its like
            for parent in nodes:
                if isinstance(parent, ast.Call):
                    self.handed_on.update(map(id, parent.args), (id(keyword.value) for keyword in parent.keywords))
                elif isinstance(parent, ast.Attribute) and parent.attr in ("items", "copy", "values"):
                    self.handed_on.add(id(parent.value))
        if id(node) in self.handed_on:
            self.whole_environment = node

    # ---- calls ----
    def call(self, node):
        name = self.name_of(node.func)
        if not name:
            return self.method(node)
        self.called.add(name)
        rule = BY_CALL.get(name)
        if rule is EVAL:
            return self.evaluation(name, node)
        if rule is PROGRAM:
            return self.program(name, node)
        if rule is not None:
            return self.add(rule, node)
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        if name == "yaml.load" and not self.safe_loader(node, keywords):
            self.add(YAML, node)
        if name in ("numpy.load", "torch.load") and self.pickles(name, keywords):
            self.add(PICKLE, node)
        if name == "open":
            self.opened(node)
        if name in DESTROY.names and node.args and OUTSIDE.match(str(folded(node.args[0], self.texts) or "")):
            self.add(DESTROY, node)
        if name.startswith(("requests.", "httpx.")) and isinstance(keywords.get("verify"), ast.Constant) and keywords["verify"].value is False:
            self.add(TLS, node)
        if name in ("setuptools.setup", "distutils.core.setup") and "cmdclass" in keywords:
            self.add(HOOK, node)
        if name == "pty.spawn":
            self.add(REVERSE if "socket" in self.origin.values() else PROGRAM, node)

    def method(self, node):
        """A call of something whose origin is not known: only what is telling whatever it is called on."""
        if not isinstance(node.func, ast.Attribute):
            return
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        if isinstance(keywords.get("verify"), ast.Constant) and keywords["verify"].value is False and NETWORK.id in self.called:
            self.add(TLS, node)
        if node.func.attr in ("write_text", "write_bytes"):
            inner = node.func.value
            path = folded(inner.args[0], self.texts) if isinstance(inner, ast.Call) and inner.args else None
            self.add(LATER if isinstance(path, str) and STARTUP.search(path) else WRITES, node)

    def evaluation(self, name, node):
        inside = [self.name_of(inner.func) for argument in node.args for inner in ast.walk(argument) if isinstance(inner, ast.Call)]
        names = [inner.id for argument in node.args for inner in ast.walk(argument) if isinstance(inner, ast.Name)]
        inside += [call for name_used in names for call in self.held.get(name_used, ())]
        if any(one in DOWNLOADS for one in inside):
            return self.add(REMOTE, node)
        if any(one in DECODERS for one in inside):
            return self.add(HIDDEN, node)
        if name == "compile" and len(node.args) < 3:
            return None  # not the builtin: it needs source, file and mode
        if name == "__import__" and node.args and isinstance(folded(node.args[0]), str) and isinstance(node.args[0], ast.Constant):
            self.imported(node.args[0].value, node)
        return self.add(EVAL, node)

    def program(self, name, node):
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        shell = name in ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "asyncio.create_subprocess_shell", "commands.getoutput")
        if "shell" in keywords and not (isinstance(keywords["shell"], ast.Constant) and not keywords["shell"].value):
            shell = True
        command = node.args[0] if node.args else keywords.get("args") or keywords.get("cmd")
        built = command is not None and folded(command, self.texts) is None and isinstance(command, (ast.JoinedStr, ast.BinOp, ast.Call))
        self.add(SHELL if shell and built else PROGRAM, node)

    def opened(self, node):
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        mode = folded(node.args[1], self.texts) if len(node.args) > 1 else folded(keywords["mode"], self.texts) if "mode" in keywords else "r"
        if not isinstance(mode, str) or not set(mode) & set("wax+"):
            return
        path = folded(node.args[0], self.texts) if node.args else None
        if not isinstance(path, str) and node.args:
            path = " ".join(inner.value for inner in ast.walk(node.args[0]) if isinstance(inner, ast.Constant) and isinstance(inner.value, str))
        self.add(LATER if isinstance(path, str) and STARTUP.search(path) else WRITES, node)

    def safe_loader(self, node, keywords):
        loader = keywords.get("Loader", node.args[1] if len(node.args) > 1 else None)
        name = loader.attr if isinstance(loader, ast.Attribute) else loader.id if isinstance(loader, ast.Name) else ""
        return name in ("SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader")

    @staticmethod
    def pickles(name, keywords):
        flag = keywords.get("allow_pickle" if name == "numpy.load" else "weights_only")
        value = flag.value if isinstance(flag, ast.Constant) else None
        return value is True if name == "numpy.load" else value is not True

    # ---- the whole file ----
    def done(self):
        self.found += strings.scan(self.file.path, self.literals)
        if self.whole_environment is not None and NETWORK.id in self.called:
            self.add(THEFT, self.whole_environment)
        if "os.dup2" in self.called and "socket" in {name.split(".")[0] for name in self.origin.values()}:
            self.add(REVERSE, None)
        return self.found
