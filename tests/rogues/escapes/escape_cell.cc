// Runs one program as a worker is confined, or with single layers of that, for run.py.
//
//   escape_cell --layers                         what this machine gives: {"level", "layers", "missing"}
//   escape_cell [OPTION]... -- PROGRAM [ARGUMENT]...
//     --only LAYER,...   these layers alone, all others off
//     --require LAYER,...  not without these
//     --show PATH        a folder that it may read and execute
//     --write PATH       a folder that it may write
//     --user UID         the user for the layer own-user
//     --no-namespaces    as on a machine that forbids them to users
//
// The program's exit status is this one's; 90 and a line on stderr say that it could not be confined.
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/sandbox/confined_run.h"
#include "runtime/sandbox/machine.h"

namespace {

using namespace mortise::runtime::sandbox;

constexpr int not_confined = 90;

struct Wanted {
  Policy policy;
  User user{61'000, 61'000};
  bool layers = false;
  std::vector<char*> program;
};

Layers layers_of(std::string_view list) {
  Layers layers;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    const auto layer = layer_named(list.substr(0, end));
    if (!layer) throw mortise::Error(mortise::Code::invalid, "there is no layer '" + std::string(list.substr(0, end)) + "'");
    layers.add(*layer);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return layers;
}

// What a machine does that forbids user namespaces: the calls fail, for this process and all it starts.
void forbid_namespaces() {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  for (const unsigned long flag : {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP}) {
    for (const char* call : {"unshare", "clone"}) {
      seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), seccomp_syscall_resolve_name(call), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag));
    }
  }
  seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  if (seccomp_load(filter) != 0) throw mortise::Error(mortise::Code::internal, "cannot forbid namespaces");
  seccomp_release(filter);
}

Wanted parse(int count, char** arguments) {
  Wanted wanted;
  wanted.policy.limits.open_files = 256;
  wanted.policy.limits.file_size = 32U << 20;
  wanted.policy.limits.processes = 100;
  wanted.policy.limits.temporary = 16U << 20;
  for (int i = 1; i < count; ++i) {
    const std::string option = arguments[i];
    if (option == "--layers") {
      wanted.layers = true;
    } else if (option == "--no-namespaces") {
      forbid_namespaces();
    } else if (option == "--") {
      wanted.program.assign(arguments + i + 1, arguments + count);
      break;
    } else if (i + 1 < count && option == "--only") {
      wanted.policy.DANGEROUSLY_off = Layers::all().without(layers_of(arguments[++i]));
    } else if (i + 1 < count && option == "--require") {
      wanted.policy.required = layers_of(arguments[++i]);
    } else if (i + 1 < count && option == "--show") {
      wanted.policy.paths.push_back({arguments[++i], Path::Access::execute, Path::Presence::must_exist});
    } else if (i + 1 < count && option == "--write") {
      wanted.policy.paths.push_back({arguments[++i], Path::Access::write, Path::Presence::must_exist});
    } else if (i + 1 < count && option == "--user") {
      wanted.user.uid = wanted.user.gid = static_cast<std::uint32_t>(std::stoul(arguments[++i]));
    } else {
      throw mortise::Error(mortise::Code::invalid, "'" + option + "' is no option");
    }
  }
  wanted.program.push_back(nullptr);
  return wanted;
}

void print_layers(const Machine& machine) {
  std::cout << "{\"level\": \"" << name_of(machine.level) << "\", \"layers\": [";
  const char* comma = "";
  for (std::size_t i = 0; i < layer_count; ++i) {
    const auto layer = static_cast<Layer>(i);
    if (!machine.layers.has(layer)) continue;
    std::cout << comma << '"' << name_of(layer) << '"';
    comma = ", ";
  }
  std::cout << "]}\n";
}

int run(Wanted& wanted, Planner& planner) {
  const Ended ended = run_confined(planner, wanted.policy, wanted.user, [&] {
    ::execv(wanted.program[0], wanted.program.data());
    std::fprintf(stderr, "cannot start %s: %s\n", wanted.program[0], std::strerror(errno));
    return not_confined;
  });
  if (!ended.refused.empty()) {
    std::cerr << "not confined: " << ended.refused << ": " << std::strerror(ended.error) << '\n';
    return not_confined;
  }
  if (WIFEXITED(ended.wait_status)) return WEXITSTATUS(ended.wait_status);
  std::cerr << "ended by signal " << WTERMSIG(ended.wait_status) << '\n';
  return 10;  // a filter or a limit ended it: it did not get what it wanted
}

}  // namespace

int main(int count, char** arguments) {
  try {
    Wanted wanted = parse(count, arguments);
    Planner planner(Machine::look());
    if (wanted.layers) return print_layers(planner.machine()), 0;
    return run(wanted, planner);
  } catch (const std::exception& error) {
    std::cerr << "not confined: " << error.what() << '\n';
    return not_confined;
  }
}
