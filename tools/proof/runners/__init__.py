"""How samples are run, a function for each kind: (sample, its entry's options, workshop) -> one line about what it saw.

It raises `Broken` when the sample did not do what its class says, `Unavailable` when the machine lacks a tool.
"""

from proof.runners import analysis, documents, golang, hosted, models, packages, projects, refused, typed

RUNNERS = {
    "pipeline": hosted.pipeline,
    "plugin config": hosted.plugin_config,
    "settings": hosted.settings,
    "manifest": hosted.manifest,
    "shell": typed.shell,
    "go plugin": golang.plugin,
    "go builds": golang.builds,
    "go tests": golang.tests,
    "go typed": golang.typed,
    "go tree": golang.tree,
    "go refuses": refused.go,
    "python refuses": refused.python,
    "reader refuses": refused.reader,
    "comment": documents.comment,
    "analysis fragment": analysis.fragment,
    "analysis package": packages.typed,
    "model interface": models.interface,
    "model library": models.library,
    "model makefile": models.makefile,
    "model wrapper": models.wrapper,
    "model class": models.python_class,
    "model go library": models.go_library,
    "model unit test": models.unit_test,
    "model integration": models.integration,
    "python": projects.python,
    "monitor": projects.monitor,
    "monitor settings": projects.monitor_settings,
    "typed in a project": projects.typed,
    "component": projects.component,
    "component settings": projects.component_settings,
    "tree": projects.tree,
    "entry points": projects.entry_points,
}
