"""What the texts inside a program tell, in any language. Only string literals come here, never comments."""

import re

from .findings import Rule, finding

SECRETS = Rule("reads-secrets", "high", "names a place where secrets of a user or a machine lie", "a plugin gets what it needs through its configuration")
MINER = Rule("miner", "critical", "names the protocol or a program of coin miners", "remove it")
SHELL_DOWNLOAD = Rule("download-and-run", "critical", "hands what it downloads to a shell", "ship what is to run inside the package")
BLOB = Rule("encoded-blob", "low", "a long encoded text whose content nobody can read here", "ship it as a file of its own kind")
DEVICE = Rule("shell-socket", "critical", "opens a connection from a shell", "remove it")

SECRET_PLACES = re.compile(
    r"/etc/(?:shadow|gshadow|sudoers)\b|\.ssh/(?:id_|authorized_keys|known_hosts)|\bid_(?:rsa|dsa|ecdsa|ed25519)\b(?!\.pub)|\.aws/credentials"
    r"|\.docker/config\.json|docker\.sock\b|\.netrc\b|\.git-credentials|\.kube/config|\.gnupg\b|/proc/(?:self|\d+|1)/(?:environ|mem)\b"
    r"|\.mozilla/firefox|google-chrome/|Login Data\b|wallet\.dat\b|169\.254\.169\.254|metadata\.google\.internal"
)
MINERS = re.compile(r"stratum\+(?:tcp|ssl)://|\bxmrig\b|\bminerd\b|\bcoinhive\b", re.I)
PIPES = re.compile(r"\b(?:curl|wget)\b[^|;&\n]*\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b|\b(?:ba)?sh\s+<\(\s*(?:curl|wget)\b")
SHELL_SOCKETS = re.compile(r"/dev/(?:tcp|udp)/|\bnc\s+(?:-\w+\s+)*-e\b|\bmkfifo\b.*\bnc\b")
ENCODED = re.compile(r"[A-Za-z0-9+/=\s]{600,}|(?:\\x[0-9a-fA-F]{2}){150,}")

# What any of the above needs to stand in a file, so that most files are done at once.
HINT = re.compile(r"/etc/|\.ssh|id_[rd]sa|id_e|\.aws|\.docker|docker\.sock|\.netrc|\.git-cred|\.kube|\.gnupg|/proc/|\.mozilla|chrome|Login Data"
                  r"|wallet|169\.254|metadata\.|stratum|xmrig|minerd|coinhive|curl|wget|/dev/(?:tcp|udp)|\bnc\b|[A-Za-z0-9+/=]{76}|(?:\\x..){20}", re.I)


def scan(path, literals):
    """`literals`: (line, text) of every string of the file."""
    found = []
    for line, text in literals:
        for rule, pattern in ((SECRETS, SECRET_PLACES), (MINER, MINERS), (SHELL_DOWNLOAD, PIPES), (DEVICE, SHELL_SOCKETS)):
            match = pattern.search(text)
            if match:
                found.append(finding(rule, path, line, match.group()))
        if len(text) >= 600 and ENCODED.search(text) and len(set(text)) > 20:
            found.append(finding(BLOB, path, line, text[:40]))
    return found
