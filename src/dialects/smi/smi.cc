#include "dialects/smi/smi.h"

#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "cli/verbs.h"
#include "dialects/smi/finder.h"
#include "dialects/smi/places.h"
#include "dialects/smi/registrations.h"
#include "dialects/smi/routes.h"
#include "os/paths.h"
#include "os/process.h"

namespace mortise::dialects {
namespace {

class Smi final : public Dialect {
 public:
  explicit Smi(const Surroundings& host) : host_(host), finder_(host_), registrations_(host_, finder_) {}

  plugin::Finding look(const plugin::Shelf& shelf) override { return finder_.look(shelf); }

  // What `make install` of the guide put in place, and what was registered over HTTP before this start.
  plugin::Finding elsewhere() override {
    plugin::Finding finding = registrations_.before();
    const std::filesystem::path folder(smi::plugin_folder);
    std::error_code failure;
    if (!std::filesystem::is_directory(folder, failure)) return finding;
    plugin::Shelf shelf{folder, {}};
    for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
      if (entry.is_regular_file() && !entry.is_symlink()) shelf.files.push_back(entry.path().filename().string());
    }
    plugin::Finding more = finder_.look(shelf);
    for (auto& plugin : more.plugins) finding.plugins.push_back(std::move(plugin));
    for (auto& problem : more.problems) finding.problems.push_back(std::move(problem));
    return finding;
  }

  void add_routes(http::Router& router) override { smi::add_routes(router, host_, registrations_); }

 private:
  const Surroundings host_;
  smi::Finder finder_;
  smi::Registrations registrations_;
};

// The plugin is tried by a program of its own, which may die of it.
int try_library(const cli::Tools&, const cli::GuestInput& input) {
  const std::string root = os::parent_of(os::parent_of(os::own_executable()));
  std::string program;
  for (const char* place : {"bin/mortise-smi-test", "libexec/mortise/mortise-smi-test"}) {
    if (program.empty() && ::access(os::join(root, place).c_str(), X_OK) == 0) program = os::join(root, place);
  }
  if (program.empty())
    throw Error(Code::not_found, "the program mortise-smi-test is missing", "build or install mortise completely");
  std::vector<std::string> words{program};
  if (input.has("PLUGIN")) words.push_back(input.text("PLUGIN"));
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execv(program.c_str(), arguments.data());
  throw os::system_error("cannot start '" + program + "'", program);
}

// Its flags, in our words. There is no gRPC to be left out.
std::vector<std::string> own_words(std::vector<std::string> typed) {
  std::erase(typed, "--no-grpc");
  for (std::string& word : typed) {
    if (word == "--http-port" || word.starts_with("--http-port=")) word.replace(0, std::string_view("--http-port").size(), "--port");
  }
  return typed;
}

cli::Guests words() {
  cli::Guests words;
  words.verbs.push_back(
      {.words = {"smi-test"},
       .summary = "Try a model plugin: load it, initialise it, ask for its name, one inference, clean up",
       .more = "A library of the Standard Model Interface (mlos/smi_spec.h), tried in a process of its own.",
       .examples = "mortise smi-test ./libmlos_my_plugin.so",
       .arguments = {{"PLUGIN", "", "the library"}},
       .run = try_library});
  words.names.push_back({"mlos_core", {"serve"}, own_words});
  return words;
}

}  // namespace

Guide smi_guide() {
  return {"smi", words(),
          [](const Surroundings& host) -> std::unique_ptr<Dialect> { return std::make_unique<Smi>(host); }};
}

}  // namespace mortise::dialects
