"""Cannot be imported."""

import no_module_of_this_name  # noqa: F401

from mortise import Plugin


class ImportFails(Plugin):
    pass
