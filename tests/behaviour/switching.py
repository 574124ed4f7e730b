"""A plugin that is updated and rolled back while clients ask it without a pause."""

import threading

import packing
from outside import eventually, step


def under_load(host, tmp_path, clients, seconds):
    """Clients ask without a pause while the plugin is updated and rolled back; what they were answered, and how often it was switched."""
    done = threading.Event()
    answers, failures = [], []
    source = packing.NATIVE
    host.plugin("install", packing.archive(tmp_path, source=source, max_instances=2))
    host.plugin("update", "speaks", packing.archive(tmp_path, version="1.1.0", source=source, max_instances=2), "--keep")

    def client():
        while not done.is_set():
            data = host.execute([step("speaks", output="x")])
            (answers.append(data["context"]["x"]["version"]) if data["success"] else failures.append(data["error"]))

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    switches = 0
    timer = threading.Timer(seconds, done.set)
    timer.start()
    while not done.is_set():
        eventually(lambda n=len(answers): len(answers) >= n + clients or done.is_set(), within=60, what="answers between two switches")
        host.plugin("update", "speaks", "--to", "1.1.0") if switches % 2 == 0 else host.plugin("rollback", "speaks")
        switches += 1
    for thread in threads:
        thread.join()
    return answers, failures, switches
