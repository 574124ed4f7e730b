#include "market/trust.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "store/sha256.h"

using namespace mortise;
using namespace mortise::market;
using package::SecretKey;

namespace {

constexpr std::int64_t day = 86'400'000'000'000;
const Time today{1'700'000'000'000'000'000};

struct Shop {
  SecretKey root_key = SecretKey::generate(), snapshot_key = SecretKey::generate();
  Root root{1, {root_key.public_key()}, {snapshot_key.public_key()}};

  static std::string signed_by(const SecretKey& key, const std::string& text) { return key.sign(text, "a test"); }

  [[nodiscard]] Snapshot snapshot(std::int64_t version, const std::string& index = "{}") const {
    Snapshot made{version, today, Time{today.nanoseconds + day}, "index/" + store::sha256_of(index) + ".json", {}};
    made.files[made.index] = {store::sha256_of(index), index.size()};
    made.files["packages/a-1.0.0.tar.gz"] = {store::sha256_of("archive"), 7};
    return made;
  }
};

// What kind of deceit is met; "none" when it is accepted.
template <typename Action>
std::string deceit(Action action) {
  try {
    (void)action();
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("lab") != std::string::npos);
    CHECK(error.code() == Code::denied);
    return std::string(error.detail("deceit"));
  }
  return "none";
}

}  // namespace

TEST_CASE("a snapshot is what it was when it is read again") {
  const Shop shop;
  const Snapshot made = shop.snapshot(7);
  const Snapshot read = Snapshot::parse(made.text());
  CHECK(read.text() == made.text());
  CHECK(read.version == 7);
  CHECK(read.files.at("packages/a-1.0.0.tar.gz").bytes == 7);
  CHECK(Root::parse(shop.root.text()).text() == shop.root.text());
}

TEST_CASE("an older state than was seen is refused as a rollback, a newer one and the same one are taken") {
  const Shop shop;
  const std::string text = shop.snapshot(7).text(), signature = Shop::signed_by(shop.snapshot_key, text);
  const auto offered = [&](const Seen& seen) { return deceit([&] { return accept_snapshot("lab", shop.root, seen, text, signature, today); }); };
  CHECK(offered({}) == "none");
  CHECK(offered({6, "x"}) == "none");
  CHECK(offered({7, store::sha256_of(text)}) == "none");
  CHECK(offered({8, "x"}) == "rollback");
  CHECK(offered({7, "another"}) == "two states");
}

TEST_CASE("a state that has expired is refused as a freeze") {
  const Shop shop;
  const std::string text = shop.snapshot(7).text(), signature = Shop::signed_by(shop.snapshot_key, text);
  const auto at = [&](std::int64_t later) {
    return deceit([&] { return accept_snapshot("lab", shop.root, {}, text, signature, Time{today.nanoseconds + later}); });
  };
  CHECK(at(day - 1) == "none");
  CHECK(at(day) == "freeze");
}

TEST_CASE("a state that nobody signed who may is refused, and so is one that was changed afterwards") {
  const Shop shop, stranger;
  std::string text = shop.snapshot(7).text();
  const auto offered = [&](const std::string& signature) { return deceit([&] { return accept_snapshot("lab", shop.root, {}, text, signature, today); }); };
  CHECK(offered(Shop::signed_by(stranger.snapshot_key, text)) == "not signed");
  CHECK(offered(Shop::signed_by(shop.root_key, text)) == "not signed");
  const std::string signature = Shop::signed_by(shop.snapshot_key, text);
  text[text.find("7")] = '9';
  CHECK(offered(signature) == "not signed");
}

TEST_CASE("a swapped package, an unlisted one and the index of another state are told apart") {
  const Shop shop;
  const Snapshot snapshot = shop.snapshot(7);
  const auto file = [&](const std::string& name, const std::string& content) {
    return deceit([&] { return accept_file("lab", snapshot, name, content), 0; });
  };
  CHECK(file("packages/a-1.0.0.tar.gz", "archive") == "none");
  CHECK(file("packages/a-1.0.0.tar.gz", "Archive") == "swapped");
  CHECK(file("packages/a-1.0.0.tar.gz", "archive and more") == "swapped");
  CHECK(file("packages/b-1.0.0.tar.gz", "archive") == "mixed");
  CHECK(deceit([&] { return accept_index("lab", snapshot, R"({"format": 1})"); }) == "mixed");
}

TEST_CASE("a new root is taken from the one before, and an old root in its place is not") {
  const Shop shop, stranger;
  Root next = shop.root;
  next.version = 2;
  next.snapshots = {SecretKey::generate().public_key()};
  const auto offered = [&](const std::string& text, const SecretKey& key) {
    return deceit([&] { return accept_root("lab", shop.root.roots, 2, text, Shop::signed_by(key, text)); });
  };
  CHECK(offered(next.text(), shop.root_key) == "none");
  CHECK(offered(next.text(), shop.snapshot_key) == "not signed");
  CHECK(offered(next.text(), stranger.root_key) == "not signed");
  CHECK(offered(shop.root.text(), shop.root_key) == "rollback");
}

TEST_CASE("a snapshot lists no file that leads elsewhere") {
  const Shop shop;
  for (const char* name : {"../secret", "packages/../../x", "packages/", "packages/.hidden", "/etc/passwd", "packages/a/b", "root/1.json", "index/x.json", "snapshot.json"}) {
    CAPTURE(name);
    CHECK_FALSE(is_market_file(name));
    Snapshot snapshot = shop.snapshot(1);
    snapshot.files[name] = {std::string(64, '0'), 1};
    CHECK_THROWS_AS((void)Snapshot::parse(snapshot.text()), Error);
  }
}
