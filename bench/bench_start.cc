// The daemon from its start until it answers, with fifty plugins to list, and what it takes of memory then.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include "bench/floors.h"
#include "bench/measure.h"
#include "os/file.h"
#include "os/process.h"

namespace bench = mortise::bench;
namespace fs = std::filesystem;
namespace os = mortise::os;

namespace {

constexpr int plugins = 50;

// A data folder and a configuration with its plugins, gone at the end.
class Place {
 public:
  Place() : path_(os::make_temporary_directory("/tmp/mortise-bench-")) {
    for (int i = 0; i < plugins; ++i) {
      const std::string name = "plugin" + std::to_string(i), folder = path_ + "/plugins/" + name;
      fs::create_directories(folder);
      std::ofstream(folder + "/it.py") << "from mortise import Plugin\n\n\nclass It(Plugin):\n    pass\n";
      std::ofstream(folder + "/manifest.json")
          << R"({"name": "Bench.)" << name
          << R"(", "version": "1.2.3", "author": "nobody", "description": "One of fifty",)"
          << R"("language": "python", "entry_point": "it.py", "extension_points": ["Data_Processing"], "config": {)"
          << R"("path": {"type": "string", "required": true}, "limit": {"type": "integer", "default": 10, "minimum": 0}}})";
    }
    std::ofstream(path_ + "/mortise.yaml") << "plugins: {directories: [plugins], first_party: false}\n";
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { fs::remove_all(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// `mortise serve`, ready when its ready line has come.
class Daemon {
 public:
  Daemon(const std::string& program, const Place& place) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    const std::string config = place.path() + "/mortise.yaml", data = place.path() + "/data";
    const char* words[] = {program.c_str(), "serve",      "--port",     "0",    "--config",
                           config.c_str(),  "--data-dir", data.c_str(), nullptr};
    const int failed = ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, const_cast<char**>(words), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (failed != 0) throw std::runtime_error("cannot start " + program);
    char line[256];
    const ssize_t size = ::read(ends[0], line, sizeof line);
    ::close(ends[0]);
    if (size <= 0) throw std::runtime_error("the server did not become ready");
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] double resident_mib() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
    double size = 0, resident = 0;
    file >> size >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
  }

 private:
  pid_t pid_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const Place place;
  const std::string program = fs::path(os::own_executable()).parent_path() / "mortise";
  std::vector<std::vector<double>> floors, starts;
  std::vector<double> memory;
  for (int round = 0; round <= 7; ++round) {
    std::vector<double> floor = bench::sample(3, 1, [] { bench::run_to_end({"/bin/true"}); });
    std::vector<double> taken;
    for (int i = 0; i < 3; ++i) {
      std::unique_ptr<Daemon> daemon;
      taken.push_back(bench::sample(1, 1, [&] { daemon = std::make_unique<Daemon>(program, place); }).front());
      memory.push_back(daemon->resident_mib());
    }
    if (round == 0) continue;
    floors.push_back(std::move(floor));
    starts.push_back(std::move(taken));
  }
  bench::Report report;
  report.add("start of the daemon until it answers, 50 plugins listed", "spawn /bin/true",
             {bench::Distribution::of(floors), bench::Distribution::of(starts)}, bench::takes_at_most_ns(50e6));
  std::sort(memory.begin(), memory.end());
  report.note("memory of the daemon then: " + std::to_string(memory[memory.size() / 2]) + " MiB (aim: 40 MB)");
  return report.finish(argc, argv);
}
