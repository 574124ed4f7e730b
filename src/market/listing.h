// Listing: what a marketplace offers, as it stands in its index; and the search over it.
//
//   {"format": 1, "plugins": [{"name", ..., "releases": [{"version", "file", "digest", ...}]}]}
//
// It is read from strangers' marketplaces too: names, versions, needs and file names are checked, and counts bounded, before anybody
// sees one of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/semver.h"
#include "mortise/value.hpp"
#include "package/resolver.h"

namespace mortise::market {

struct Release {
  std::string version;  // as its manifest says
  std::string file;     // "packages/NAME-VERSION.tar.gz"
  std::string digest;   // of the contents (package/contents.h)
  std::uint64_t bytes = 0;
  std::string signer;   // id of the publisher's key; empty: not signed
  Time published;
  std::vector<package::Need> needs;          // plugins
  std::vector<std::string> packages;         // of its language: "numpy>=1.26"
  std::vector<std::string> permissions;
};

struct Review {
  std::string by, title, text;
  Time written;
};

struct Offer {
  std::string name;
  std::string author, description, language, category, license;  // of the newest release
  std::vector<std::string> tags, points;
  bool verified = false, featured = false;
  std::int64_t downloads = 0, ratings = 0, stars = 0;  // stars: the sum of all ratings
  std::vector<Review> reviews;                         // newest first
  std::vector<Release> releases;                       // by precedence, the newest last

  [[nodiscard]] double average() const { return ratings == 0 ? 0 : static_cast<double>(stars) / static_cast<double>(ratings); }
  [[nodiscard]] const Release& newest() const;  // the newest that is no pre-release, when there is one
};

struct Listing {
  std::vector<Offer> offers;  // by name

  // Throws Error{invalid}. `file` is its name in errors.
  [[nodiscard]] static Listing parse(std::string_view text, const std::string& file = "index.json");
  [[nodiscard]] std::string text() const;
  [[nodiscard]] const Offer* find(std::string_view name) const noexcept;
};

// By precedence, the newest last; what compares equal (build metadata) by its text.
void sort_releases(Offer& offer);

// By precedence, the newest last; what compares equal (build metadata) by its text.
void sort_releases(Offer& offer);

// "packages/NAME-VERSION.tar.gz"
[[nodiscard]] std::string release_file(const std::string& name, const std::string& version);

struct Query {
  std::string text{};  // every word of it in name, description, author, category or tags; capitals do not matter
  std::string category{}, language{}, point{};
  std::vector<std::string> tags{};  // all of them
  bool verified_only = false;
  enum class Sort { downloads, rating, recent } sort = Sort::downloads;
  std::size_t limit = 50, offset = 0;
};

struct Found {
  std::vector<const Offer*> page;  // of those that match, from `offset` on
  std::size_t total = 0;
};
[[nodiscard]] Found search(const std::vector<const Offer*>& offers, const Query& query);

struct Category {
  std::string name;
  std::int64_t count = 0;
};
[[nodiscard]] std::vector<Category> categories_of(const std::vector<const Offer*>& offers);  // most first

// {id, name, version, author, description, language, category, tags, extension_points, license, downloads, rating_average, rating_count,
// verified, featured, published}
[[nodiscard]] Value summary_of(const Offer& offer);

}  // namespace mortise::market
