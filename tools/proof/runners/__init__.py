"""How samples are run, a function for each kind: (sample, its entry's options, workshop) -> one line about what it saw.

It raises `Broken` when the sample did not do what its class says, `Unavailable` when the machine lacks a tool.
"""

from proof.runners import documents, hosted, refused, typed

RUNNERS = {
    "pipeline": hosted.pipeline,
    "plugin config": hosted.plugin_config,
    "settings": hosted.settings,
    "manifest": hosted.manifest,
    "shell": typed.shell,
    "go refuses": refused.go,
    "python refuses": refused.python,
    "reader refuses": refused.reader,
    "comment": documents.comment,
}
