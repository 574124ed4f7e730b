// Marketplaces at the shell.
#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "cli/json.h"
#include "cli/owner.h"
#include "cli/terminal.h"
#include "cli/uri_text.h"
#include "cli/verbs.h"
#include "data/value_json.h"
#include "os/file.h"
#include "os/paths.h"

namespace mortise::cli {
namespace {

constexpr std::uint64_t largest_archive = 64ULL << 20, largest_signature = 16'384;
const std::string base = "/api/v1/marketplace";

class Market {
 public:
  explicit Market(const Tools& tools) : tools_(tools), given_(tools.arguments.market), owner_(Owner::reach(tools.maker, tools.options, &tools.signals)) {}

  int search() const;
  int show() const;
  int publish() const;
  int decide() const;
  int mark() const;
  int rate() const;
  int review() const;
  int status() const;
  int export_files() const;
  int rotate() const;
  int add() const;
  int list() const;
  int update() const;
  int remove() const;
  int mirror() const;

 private:
  Value get(const std::string& target) const { return owner_.client().get(base + target); }
  Value post(const std::string& target, const Value& body) const {
    return owner_.client().ask({.method = "POST", .target = base + target, .body = data::to_json(body)}).value();
  }
  // What was answered, as JSON or as this text.
  int said(const Value& answer, const std::string& text) const {
    print(tools_.arguments.json ? json_text(answer) : text);
    return EXIT_SUCCESS;
  }
  Value decided(const std::string& name, const std::string& version, const std::string& decision, const std::string& note) const {
    return post("/entries/" + path_segment(name) + "/" + path_segment(version) + "/" + decision, Value::map({{"note", note}}));
  }
  int search_entries() const;
  int update_one(const std::string& name) const;

  const Tools& tools_;
  const MarketArguments& given_;
  const Owner owner_;
};

std::string stars(const Value& plugin) {
  const std::int64_t count = integer_in(plugin, "rating_count");
  if (count == 0) return "-";
  std::string text = std::to_string(number_in(plugin, "rating_average"));
  return text.substr(0, text.find('.') + 2) + " (" + std::to_string(count) + ")";
}

std::string marks(const Value& plugin) {
  std::string text = flag_in(plugin, "verified") ? "verified" : "";
  if (flag_in(plugin, "featured")) text += text.empty() ? "featured" : ", featured";
  return text;
}

int Market::search_entries() const {
  const Value answer = get("/entries?state=" + given_.state);
  std::vector<std::vector<std::string>> rows{{"NAME", "VERSION", "STATE", "SCAN", "SIGNED WITH", "PUBLISHER", "PUBLISHED"}};
  for (const Value& entry : list_in(answer, "entries").items()) {
    rows.push_back({text_in(entry, "name"), text_in(entry, "version"), text_in(entry, "state"), text_in(map_in(entry, "scan"), "verdict"),
                    text_in(entry, "signer", "-"), text_in(entry, "publisher"), text_in(entry, "published").substr(0, 19) + "Z"});
  }
  return said(answer, rows.size() > 1 ? table(rows) : "nothing is " + given_.state + "\n");
}

int Market::search() const {
  if (!given_.state.empty()) return search_entries();
  std::string words;
  for (const std::string& word : given_.words) words += (words.empty() ? "" : " ") + word;
  std::string target = "/plugins?limit=" + std::to_string(given_.limit);
  for (const auto& [key, value] : {std::pair("query", words), std::pair("category", given_.category), std::pair("language", given_.language),
                                   std::pair("extension_point", given_.point), std::pair("sort", given_.sort), std::pair("marketplace", given_.marketplace)}) {
    if (!value.empty()) target += std::string("&") + key + "=" + path_segment(value);
  }
  for (const std::string& tag : given_.tags) target += "&tag=" + path_segment(tag);
  if (given_.verified) target += "&verified=true";
  const Value answer = get(target);
  std::vector<std::vector<std::string>> rows{{"NAME", "VERSION", "LANGUAGE", "DOWNLOADS", "RATING", "MARKETPLACE", "", "DESCRIPTION"}};
  for (const Value& plugin : list_in(answer, "plugins").items()) {
    rows.push_back({text_in(plugin, "name"), text_in(plugin, "version"), text_in(plugin, "language"), count_text(integer_in(plugin, "downloads")), stars(plugin),
                    text_in(plugin, "marketplace"), marks(plugin), text_in(plugin, "description")});
  }
  return said(answer, rows.size() > 1 ? table(rows) : "nothing is found; `mortise marketplace list` shows where was looked\n");
}

int Market::show() const {
  const Value plugin = get("/plugins/" + path_segment(given_.name));
  std::string text = toned(Tone::strong, harmless(text_in(plugin, "name")) + " " + text_in(plugin, "version"), 1) + " of marketplace " + text_in(plugin, "marketplace") +
                     (marks(plugin).empty() ? "" : ", " + marks(plugin)) + "\n  " + harmless(text_in(plugin, "description")) + "\n";
  text += "  by " + harmless(text_in(plugin, "author")) + ", in " + harmless(text_in(plugin, "language")) + ", " + count_text(integer_in(plugin, "downloads")) +
          " downloads, rated " + stars(plugin) + "\n\n";
  std::vector<std::vector<std::string>> rows{{"VERSION", "PUBLISHED", "BYTES", "SIGNED WITH", "NEEDS"}};
  for (const Value& release : list_in(plugin, "releases").items()) {
    const std::string plugins = joined(list_in(release, "needs")), packages = joined(list_in(release, "packages"));
    rows.push_back({text_in(release, "version"), text_in(release, "published").substr(0, 10), count_text(integer_in(release, "bytes")), text_in(release, "signer", "-"),
                    plugins + (plugins.empty() || packages.empty() ? "" : ", ") + packages});
  }
  text += table(rows);
  for (const Value& review : list_in(plugin, "reviews").items()) {
    text += "\n" + toned(Tone::strong, harmless(text_in(review, "title")), 1) + ", by " + harmless(text_in(review, "by")) + " on " + text_in(review, "written").substr(0, 10) +
            "\n  " + harmless(text_in(review, "text")) + "\n";
  }
  return said(plugin, text);
}

int Market::publish() const {
  std::error_code failure;
  if (std::filesystem::is_directory(given_.file, failure)) {
    throw Error(Code::invalid, "'" + given_.file + "' is a folder; an archive is published", "mortise plugin pack " + given_.file + " --sign KEY").with("file", given_.file);
  }
  std::string target = base + "/entries";
  const std::string beside = given_.file + ".minisig";
  if (std::filesystem::exists(beside, failure)) target += "?signature=" + path_segment(os::read_file(beside, largest_signature));
  Value entry = owner_.client().ask({.method = "POST", .target = target, .body = os::read_file(given_.file, largest_archive)}).value();
  const std::string name = text_in(entry, "name"), version = text_in(entry, "version");
  if (given_.approve) entry = decided(name, version, "approve", "");
  return said(entry, harmless(name) + " " + version + (given_.approve ? " is published and approved\n" : " is published; it is found once it was approved: mortise marketplace approve " + harmless(name) + " " + version + "\n"));
}

int Market::decide() const {
  const Value entry = decided(given_.name, given_.version, given_.word, given_.note);
  return said(entry, text_in(entry, "name") + " " + text_in(entry, "version") + " is " + text_in(entry, "state") + "\n");
}

int Market::mark() const {
  Value body = Value::map();
  if (given_.verified) body.set("verified", !given_.revoke);
  if (given_.featured) body.set("featured", !given_.revoke);
  const Value answer = post("/plugins/" + path_segment(given_.name) + "/mark", body);
  return said(answer, text_in(answer, "name") + ": " + (marks(answer).empty() ? "no marks" : marks(answer)) + "\n");
}

int Market::rate() const {
  const Value answer = post("/plugins/" + path_segment(given_.name) + "/rating", Value::map({{"rating", given_.rating}}));
  return said(answer, text_in(answer, "plugin") + " is rated " + stars(answer) + "\n");
}

int Market::review() const {
  const Value answer = post("/plugins/" + path_segment(given_.name) + "/reviews", Value::map({{"title", given_.note}, {"text", given_.text}}));
  return said(answer, "reviewed " + text_in(answer, "plugin") + "\n");
}

int Market::status() const {
  const Value answer = get("");
  const std::string others = joined(list_in(answer, "marketplaces"));
  return said(answer, "key         " + text_in(answer, "key") + "\nplugins     " + count_text(integer_in(answer, "plugins")) + "\npending     " +
                          count_text(integer_in(answer, "pending")) + "\nsnapshot    " + std::to_string(integer_in(answer, "snapshot")) + "\nknown here  " +
                          (others.empty() ? "no other" : others) + "\n");
}

int Market::export_files() const {
  const Value answer = post("/export", Value::map({{"folder", os::absolute(given_.folder)}, {"expires", given_.expires}}));
  return said(answer, text_in(answer, "folder") + ": snapshot " + std::to_string(integer_in(answer, "snapshot")) + ", holds until " + text_in(answer, "expires") +
                          "\nothers take it with: mortise marketplace add NAME FOLDER --key " + text_in(answer, "key") + "\n");
}

int Market::rotate() const {
  const Value answer = post("/rotate", Value::map({{"root", given_.root}}));
  const std::string root = "(root " + std::to_string(integer_in(answer, "root")) + ")";
  return said(answer, given_.root ? "a new root key holds " + root + "; who knows the marketplace takes it over; tell others --key " + text_in(answer, "key") + "\n"
                                  : "a new key signs from now on " + root + "; others go on with the key that they know\n");
}

std::string state_text(const Value& source) {
  return text_in(source, "name") + ": snapshot " + std::to_string(integer_in(source, "snapshot")) + " with " + count_text(integer_in(source, "plugins")) +
         " plugins, holds until " + text_in(source, "expires") + "\n";
}

int Market::add() const {
  const bool web = given_.address.starts_with("http://") || given_.address.starts_with("https://");
  Value keys = Value::list();
  for (const std::string& key : given_.keys) {
    std::error_code failure;
    keys.push_back(std::filesystem::exists(key, failure) ? os::absolute(key) : key);
  }
  Value body = Value::map({{"name", given_.name}, {"address", web ? given_.address : os::absolute(given_.address)}, {"keys", std::move(keys)}});
  if (!given_.token_file.empty()) body.set("token_file", os::absolute(given_.token_file));
  const Value source = post("/sources", body);
  return said(source, state_text(source));
}

int Market::list() const {
  const Value answer = get("/sources");
  std::vector<std::vector<std::string>> rows{{"NAME", "SNAPSHOT", "PLUGINS", "HOLDS UNTIL", "ADDRESS", "PROBLEM"}};
  for (const Value& source : list_in(answer, "marketplaces").items()) {
    rows.push_back({text_in(source, "name"), std::to_string(integer_in(source, "snapshot")), count_text(integer_in(source, "plugins")),
                    text_in(source, "expires").substr(0, 10) + (flag_in(source, "expired") ? " (expired)" : ""), text_in(source, "address"), text_in(source, "problem")});
  }
  return said(answer, rows.size() > 1 ? table(rows) : "no marketplace of others is known; mortise marketplace add NAME ADDRESS --key FILE\n");
}

int Market::update_one(const std::string& name) const {
  const Value source = post("/sources/" + path_segment(name) + "/update", Value::map());
  return said(source, state_text(source));
}

// Of all: each is tried, and the first problem is the verb's.
int Market::update() const {
  if (!given_.name.empty()) return update_one(given_.name);
  std::optional<Error> problem;
  const Value known = get("/sources");
  for (const Value& source : list_in(known, "marketplaces").items()) {
    try {
      (void)update_one(text_in(source, "name"));
    } catch (const Error& error) {
      complain(error_text(error, 2));
      if (!problem) problem = error;
    }
  }
  return problem ? meaning(problem->code()).exit_status : EXIT_SUCCESS;
}

int Market::remove() const {
  const Value answer = owner_.client().ask({.method = "DELETE", .target = base + "/sources/" + path_segment(given_.name)}).value();
  return said(answer, "forgot " + text_in(answer, "removed") + "\n");
}

int Market::mirror() const {
  Value body = Value::map();
  if (!given_.folder.empty()) body.set("folder", os::absolute(given_.folder));
  const Value answer = post("/sources/" + path_segment(given_.name) + "/mirror", body);
  return said(answer, text_in(answer, "folder") + ": snapshot " + std::to_string(integer_in(answer, "snapshot")) + ", " + count_text(integer_in(answer, "files")) + " files written\n");
}

int import_advisories(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value body = Value::map({{"path", os::absolute(tools.arguments.market.file)}});
  const Value done = owner.client().ask({.method = "POST", .target = "/api/v1/advisories/import", .body = data::to_json(body)}).value();
  if (tools.arguments.json) return print(json_text(done)), EXIT_SUCCESS;
  print(count_text(integer_in(done, "kept")) + " advisories kept, " + count_text(integer_in(done, "withdrawn")) + " withdrawn, " +
        count_text(integer_in(done, "elsewhere")) + " of other ecosystems\n");
  for (const Value& problem : list_in(done, "problems").items()) complain("mortise: passed over " + harmless(problem.as_string()) + "\n");
  return EXIT_SUCCESS;
}

int count_advisories(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value answer = owner.client().get("/api/v1/advisories");
  if (tools.arguments.json) return print(json_text(answer)), EXIT_SUCCESS;
  std::string text;
  for (const Member& member : map_in(answer, "advisories").members()) text += std::string(member.key()) + "  " + count_text(member.value().as_int64()) + "\n";
  print(text.empty() ? "none; `mortise advisories import` takes OSV's files\n" : text);
  return EXIT_SUCCESS;
}

int print_sbom(const Tools& tools) {
  const std::string& named = tools.arguments.market.file;
  std::error_code failure;
  const bool path = named.find('/') != std::string::npos || std::filesystem::exists(named, failure);
  const Value body = Value::map({{path ? "path" : "plugin", path ? os::absolute(named) : named}});
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  print(json_text(owner.client().ask({.method = "POST", .target = "/api/v1/packages/sbom", .body = data::to_json(body)}).value()));
  return EXIT_SUCCESS;
}

}  // namespace

int marketplace(const Tools& tools) {
  static const std::map<std::string_view, int (Market::*)() const> verbs{
      {"search", &Market::search}, {"show", &Market::show},     {"publish", &Market::publish},       {"approve", &Market::decide}, {"reject", &Market::decide},
      {"withdraw", &Market::decide}, {"mark", &Market::mark},   {"rate", &Market::rate},             {"review", &Market::review},  {"status", &Market::status},
      {"export", &Market::export_files}, {"rotate", &Market::rotate}, {"add", &Market::add},         {"list", &Market::list},      {"update", &Market::update},
      {"remove", &Market::remove}, {"mirror", &Market::mirror}};
  const std::string& word = tools.arguments.market.word;
  if (word == "sbom") return print_sbom(tools);
  if (word == "import") return import_advisories(tools);
  if (word == "count") return count_advisories(tools);
  return (Market(tools).*verbs.at(word))();
}

}  // namespace mortise::cli
