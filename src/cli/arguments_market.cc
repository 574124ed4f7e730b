// The words around marketplaces.
#include <CLI/CLI.hpp>

#include "cli/argument_pages.h"

namespace mortise::cli {
namespace {

using Verb = Arguments::Verb;

class Words {
 public:
  Words(CLI::App& group, Arguments& arguments) : group_(group), arguments_(arguments) {}

  CLI::App* add(const Page& page) {
    CLI::App* command = cli::add(group_, arguments_, Verb::marketplace, page);
    command->callback([this_arguments = &arguments_, word = std::string(page.word)] {
      this_arguments->verb = Verb::marketplace;
      this_arguments->market.word = word;
    });
    return command;
  }

 private:
  CLI::App& group_;
  Arguments& arguments_;
};

void add_use(Words& words, MarketArguments& market) {
  CLI::App* search = words.add({"search", "Search what the marketplaces that are known here offer",
                                "Every word must be in name, description, author, category or tags.",
                                "  mortise marketplace search correlation\n  mortise marketplace search --language r --sort rating\n"
                                "  mortise marketplace search --state pending      what waits for a decision"});
  search->add_option("WORDS", market.words, "What to look for");
  search->add_option("--tag", market.tags, "With this tag (repeatable)")->type_name("NAME")->allow_extra_args(false);
  search->add_option("--category", market.category, "Of this category")->type_name("NAME");
  search->add_option("--language", market.language, "In this language")->type_name("NAME");
  search->add_option("--extension-point", market.point, "For this extension point")->type_name("NAME");
  search->add_option("--marketplace", market.marketplace, "Of this one alone (own: this host's)")->type_name("NAME");
  search->add_flag("--verified", market.verified, "Only those that the operator looked into");
  search->add_option("--sort", market.sort, "What comes first")->type_name("BY")->check(CLI::IsMember({"downloads", "rating", "recent"}));
  search->add_option("--state", market.state, "Of this host's own, those in this state")
      ->type_name("STATE")
      ->check(CLI::IsMember({"pending", "approved", "rejected", "withdrawn"}));
  search->add_option("--limit", market.limit, "At most so many")->type_name("N")->capture_default_str()->check(CLI::Range(1, 500));
  CLI::App* show = words.add({"show", "Show one plugin with its releases and reviews", "", "  mortise marketplace show correlation_analyzer"});
  show->add_option("PLUGIN", market.name, "Its name")->required();
  CLI::App* rate = words.add({"rate", "Rate a plugin of this host's marketplace, 1 to 5", "One rating of each; a later one takes its place.",
                              "  mortise marketplace rate shout 5"});
  rate->add_option("PLUGIN", market.name, "Its name")->required();
  rate->add_option("STARS", market.rating, "1 to 5")->required();
  CLI::App* review = words.add({"review", "Review a plugin of this host's marketplace", "One review of each.",
                                "  mortise marketplace review shout 'Loud and clear' 'It does what it says.'"});
  review->add_option("PLUGIN", market.name, "Its name")->required();
  review->add_option("TITLE", market.note, "In one line")->required();
  review->add_option("TEXT", market.text, "The review")->required();
}

void add_keep(Words& words, MarketArguments& market) {
  CLI::App* publish = words.add({"publish", "Publish a package; it is found once it was approved",
                                 "FILE.minisig beside it goes along. A package that the scanner calls unsafe is refused.",
                                 "  mortise marketplace publish dist/shout-1.2.0.tar.gz"});
  publish->add_option("FILE", market.file, "An archive, as `mortise plugin pack` makes it")->required();
  publish->add_flag("--approve", market.approve, "And approve it at once");
  for (const auto& [word, summary] : {std::pair("approve", "Approve what was published: it is found from now on"),
                                      std::pair("reject", "Reject what was published"), std::pair("withdraw", "Take back what was approved")}) {
    CLI::App* decide = words.add({word, summary, "", "  mortise marketplace approve shout 1.2.0\n  mortise marketplace reject shout 1.3.0 --note 'no license'"});
    decide->add_option("PLUGIN", market.name, "Its name")->required();
    decide->add_option("VERSION", market.version, "Which version")->required();
    decide->add_option("--note", market.note, "Why, for the record")->type_name("TEXT");
  }
  CLI::App* mark = words.add({"mark", "Mark a plugin as verified or featured", "", "  mortise marketplace mark shout --verified --featured\n"
                                                                                  "  mortise marketplace mark shout --featured --revoke"});
  mark->add_option("PLUGIN", market.name, "Its name")->required();
  mark->add_flag("--verified", market.verified, "You looked into it and stand for it");
  mark->add_flag("--featured", market.featured, "It is shown first");
  mark->add_flag("--revoke", market.revoke, "Take the marks back");
  words.add({"status", "Show this host's marketplace: its key, its state, and the marketplaces that it knows", "", "  mortise marketplace status"});
  CLI::App* out = words.add({"export", "Write this host's marketplace as static signed files into a folder",
                             "A web server can serve them, a stick can carry them; others add it with the key that this prints.",
                             "  mortise marketplace export /srv/marketplace\n  mortise marketplace export /media/stick/market --expires 90d"});
  out->add_option("FOLDER", market.folder, "Where they go")->required();
  out->add_option("--expires", market.expires, "How long the state holds (default 30d)")->type_name("DURATION");
  CLI::App* rotate = words.add({"rotate", "Sign with a new key from now on",
                                "Who knows the marketplace takes it over by itself. The root key stays, unless --root is given: then the present one\n"
                                "signs for a new one, and others are told the new one from now on.",
                                "  mortise marketplace rotate\n  mortise marketplace rotate --root"});
  rotate->add_flag("--root", market.root, "A new root key");
}

void add_others(Words& words, MarketArguments& market) {
  CLI::App* add = words.add({"add", "Trust a marketplace by its key, and take its present state",
                             "ADDRESS is a folder, or http(s)://HOST[/FOLDER] (without a folder: /marketplace, where a Mortise has its own).",
                             "  mortise marketplace add lab https://plugins.lab.example --key lab.pub\n"
                             "  mortise marketplace add stick /media/stick/market --key RWTr...="});
  add->add_option("NAME", market.name, "Its name here")->required();
  add->add_option("ADDRESS", market.address, "A folder or an address")->required();
  add->add_option("--key", market.keys, "Its public key, or a file with it (repeatable)")->required()->type_name("KEY")->allow_extra_args(false);
  add->add_option("--token-file", market.token_file, "A file with the token that its server wants")->type_name("FILE");
  words.add({"list", "List the marketplaces of others that this host knows", "", "  mortise marketplace list"});
  CLI::App* update = words.add({"update", "Take the newest state of a marketplace, or of all",
                                "A state that is older than the last one, expired, mixed or changed is refused; what was known still holds.",
                                "  mortise marketplace update\n  mortise marketplace update lab"});
  update->add_option("NAME", market.name, "One of them (default: all)");
  CLI::App* remove = words.add({"remove", "Forget a marketplace; what was installed from it stays", "", "  mortise marketplace remove lab"});
  remove->add_option("NAME", market.name, "Its name here")->required();
  CLI::App* mirror = words.add({"mirror", "Copy a marketplace as it is, each file verified",
                                "Into FOLDER, or to be served by this host below /marketplace/mirrors/NAME. Readers trust its own key, not this host.",
                                "  mortise marketplace mirror lab\n  mortise marketplace mirror lab /media/stick/lab"});
  mirror->add_option("NAME", market.name, "Its name here")->required();
  mirror->add_option("FOLDER", market.folder, "Where the copy goes");
}

void add_advisories(CLI::App& program, Arguments& arguments) {
  CLI::App* group = program.add_subcommand("advisories", "Known vulnerabilities of language packages, for scans without a network");
  group->require_subcommand(1);
  Words words(*group, arguments);
  CLI::App* import = words.add({"import", "Take advisories over from OSV's files",
                                "PATH is a folder of JSON files, or a zip as osv.dev offers one for each ecosystem (PyPI, CRAN, Go). One that is\n"
                                "known already is replaced, one that was withdrawn is forgotten.",
                                "  mortise advisories import pypi-all.zip\n  mortise advisories import /media/stick/osv"});
  import->add_option("PATH", arguments.market.file, "The folder or the zip")->required();
  words.add({"count", "Tell how many advisories are known", "", "  mortise advisories count"});
}

}  // namespace

void add_sbom(CLI::App& plugin, Arguments& arguments) {
  CLI::App* sbom = Words(plugin, arguments).add({"sbom", "Print the bill of materials of a package, as CycloneDX 1.6",
                                                 "Its files with their digests, what it declares to need, who made it. The same files give the same bill.",
                                                 "  mortise plugin sbom my_plugin-1.0.0.tar.gz > my_plugin.cdx.json\n  mortise plugin sbom Input.file"});
  sbom->add_option("PACKAGE", arguments.market.file, "A folder, an archive, or the id of a plugin that is here")->required();
}

void add_marketplace(CLI::App& program, Arguments& arguments) {
  CLI::App* group = program.add_subcommand("marketplace", "Publish plugins, find those of others, carry them where there is no network");
  group->require_subcommand(1);
  Words words(*group, arguments);
  add_use(words, arguments.market);
  add_keep(words, arguments.market);
  add_others(words, arguments.market);
  add_advisories(program, arguments);
}

}  // namespace mortise::cli
