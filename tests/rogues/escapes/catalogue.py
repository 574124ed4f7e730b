"""Every attack and the layers that stand against it, each of which blocks it alone (`a+b`: the two together).

`only` names the levels of the host at which the attack succeeds unconfined; where none is named, it does at all three.
"""

from dataclasses import dataclass

FILES = ("private-root", "landlock-files")
OWN_PROC = "private-root"  # with its own processes it has a /proc of these, else an empty one
OWNED = (*FILES, "root:own-user")  # what belongs to the host's user, who is another one then
OTHERS = ("own-processes", "own-user", "landlock-scopes")
NETWORK = ("own-network", "landlock-network", "system-calls")


@dataclass(frozen=True)
class Attack:
    language: str
    name: str
    layers: tuple  # "bare:x": x stands in at that level, where the layer proper is missing
    only: tuple = ("root", "user", "bare")

    @property
    def id(self):
        return f"{self.language}:{self.name}"

    def layers_at(self, level):
        """(all that are named there, those of them that the level has), each as a list of layers that act together."""
        named = [one.removeprefix(f"{level.name}:") for one in self.layers if ":" not in one or one.startswith(f"{level.name}:")]
        together = [one.split("+") for one in named]
        return together, [one for one in together if set(one) <= level.layers]


def attacks(language, table):
    for layers, names, *only in table:
        for name in names.split():
            yield Attack(language, name, layers, *only)


ROOT = ("root",)
ROOT_USER = ("root", "user")

CATALOGUE = [
    *attacks("c", [
        (FILES, "read_file list_folder through_symlink through_dots through_proc_root run_foreign_program file_in_tmp"
                " file_in_shared_memory_folder"),
        (OWNED, "write_file append_file truncate_file make_folder rename_file remove_file hard_link"),
        (OWNED, "write_to_system kernel_log_device", ROOT),
        (("private-root", "own-user"), "change_mode change_times set_attribute", ROOT),
        ((OWN_PROC, "landlock-files"), "through_init_root through_victims_folder"),
        (("system-calls", "no-capabilities", "own-user"), "open_by_handle block_device mount_memory bind_mount new_mount_calls open_file_system change_root"
                                              " swap_root kernel_module kernel_module_file restart_machine swap_file accounting set_clock host_name", ROOT),
        (("private-root", "own-user", "landlock-files"), "kernel_parameters", ROOT),
        (("system-calls",), "new_users clone_users clone3_users", ROOT_USER),
        (("system-calls", "no-capabilities", "own-user"), "new_mounts enter_network enter_own_mounts", ROOT),
        ((OWN_PROC,), "see_processes"),
        ((OWN_PROC, "landlock-files"), "read_environment"),
        (OTHERS, "send_signal signal_everybody signal_by_handle"),
        (("own-processes", "own-user", "system-calls", "landlock-files"), "steal_descriptor trace read_memory"),
        (("system-calls",), "trace_own_child fixed_addresses segments user_faults rings keys add_key"),
        (("own-processes", "own-user"), "slow_down pin_down", ROOT),
        (("own-processes", "system-calls", "root:own-user"), "limit_other compare_kernels"),
        (("own-processes",), "outlive"),
        (NETWORK, "tcp tcp6 listen_on_host"),
        (("own-network", "system-calls"), "udp"),
        (("own-network", "landlock-scopes", "system-calls"), "abstract_socket"),
        (("private-root", "system-calls"), "named_socket"),
        (("system-calls", "no-capabilities", "own-user"), "raw_socket packet_socket", ROOT),
        (("system-calls",), "netlink_socket crypto_socket machine_socket"),
        (("own-network", "system-calls"), "see_interfaces"),
        (("own-ipc", "system-calls"), "shared_memory message_queue semaphores posix_queue"),
        (("system-calls", "no-capabilities", "own-user"), "bpf kernel_log watch_files move_pages_of", ROOT),
        (("system-calls",), "perf quotas secret_memory", ROOT),
        (("no-capabilities", "own-user"), "give_file_away become_somebody become_a_group raise_priority real_time low_port", ROOT),
        (("no-new-privileges",), "set_user_id_program"),
        (("closed-descriptors",), "left_descriptor left_folder"),
        (("resource-limits",), "many_descriptors large_file"),
        (("resource-limits",), "core_dump", ("user", "bare")),
        (("own-processes+resource-limits",), "many_processes", ("user", "bare")),
        (("own-user+resource-limits",), "many_processes", ROOT),
        (("private-root", "resource-limits", "bare:landlock-files"), "fill_tmp"),
    ]),
    *attacks("python", [
        (FILES, "read_file find_by_pattern walk_the_machine copy_away through_subprocess through_a_shell map_file import_foreign_code"
                " load_foreign_library"),
        (OWNED, "change_the_interpreter", ROOT),
        (NETWORK, "http stream"),
        (("private-root", "system-calls"), "unix_client"),
        ((OWN_PROC, "bare:landlock-files"), "see_processes"),
        ((OWN_PROC, "landlock-files"), "read_command_line read_descriptors_of_others"),
        (OTHERS, "end_another_process"),
        (("closed-descriptors",), "left_descriptor own_descriptors_as_paths"),
    ]),
    *attacks("r", [
        (FILES, "read_file list_folder copy_away write_file run_a_program through_a_pipe run_foreign_code load_foreign_library"),
        (NETWORK, "stream"),
        ((OWN_PROC, "bare:landlock-files"), "see_processes"),
        ((OWN_PROC, "landlock-files"), "read_environment"),
        (OTHERS, "end_another_process"),
    ]),
    *attacks("go", [
        (FILES, "read_file list_folder write_file run_a_program run_foreign_program"),
        (("system-calls",), "namespaces_by_exec", ROOT_USER),
        (NETWORK, "stream http"),
        (("own-network", "landlock-scopes", "system-calls"), "abstract_socket"),
        (OTHERS, "end_another_process"),
        ((OWN_PROC, "landlock-files"), "read_environment"),
        (("own-processes", "own-user", "system-calls", "landlock-files"), "trace"),
        (("system-calls", "no-capabilities"), "mount change_root raw_socket", ROOT),
    ]),
    *attacks("c++", [
        (FILES, "read_file walk_the_machine copy_away write_file rename_file through_a_shell working_folder"),
        (OTHERS, "every_process"),
        (NETWORK, "stream"),
    ]),
]
