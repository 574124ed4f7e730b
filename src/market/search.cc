// The search over offers (market/listing.h).
#include <algorithm>
#include <map>

#include "market/listing.h"

namespace mortise::market {
namespace {

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return made;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t begin = text.find_first_not_of(' '); begin != std::string::npos;) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    words.push_back(lower(text.substr(begin, end - begin)));
    begin = text.find_first_not_of(' ', end);
  }
  return words;
}

bool has(const std::vector<std::string>& all, const std::string& wanted) {
  return std::any_of(all.begin(), all.end(), [&](const std::string& one) { return lower(one) == lower(wanted); });
}

bool says(const Offer& offer, const std::vector<std::string>& words) {
  if (words.empty()) return true;
  std::string text = offer.name + "\n" + offer.description + "\n" + offer.author + "\n" + offer.category;
  for (const std::string& tag : offer.tags) text += "\n" + tag;
  text = lower(text);
  return std::all_of(words.begin(), words.end(), [&](const std::string& word) { return text.find(word) != std::string::npos; });
}

bool matches(const Offer& offer, const Query& query, const std::vector<std::string>& words) {
  const auto same = [](const std::string& wanted, const std::string& there) { return wanted.empty() || lower(wanted) == lower(there); };
  return same(query.category, offer.category) && same(query.language, offer.language) && (!query.verified_only || offer.verified) &&
         (query.point.empty() || has(offer.points, query.point)) && says(offer, words) &&
         std::all_of(query.tags.begin(), query.tags.end(), [&](const std::string& tag) { return has(offer.tags, tag); });
}

// What goes before what; equal ones by name, so that pages do not overlap.
bool before(Query::Sort sort, const Offer& a, const Offer& b) {
  switch (sort) {
    case Query::Sort::downloads:
      if (a.downloads != b.downloads) return a.downloads > b.downloads;
      break;
    case Query::Sort::rating:
      if (a.average() != b.average()) return a.average() > b.average();
      if (a.ratings != b.ratings) return a.ratings > b.ratings;
      break;
    case Query::Sort::recent: {
      const auto one = a.newest().published.nanoseconds, other = b.newest().published.nanoseconds;
      if (one != other) return one > other;
      break;
    }
  }
  return a.name < b.name;
}

}  // namespace

Found search(const std::vector<const Offer*>& offers, const Query& query) {
  const std::vector<std::string> words = words_of(query.text);
  std::vector<const Offer*> all;
  for (const Offer* offer : offers) {
    if (matches(*offer, query, words)) all.push_back(offer);
  }
  std::sort(all.begin(), all.end(), [&](const Offer* a, const Offer* b) { return before(query.sort, *a, *b); });
  Found found{{}, all.size()};
  for (std::size_t i = query.offset; i < all.size() && found.page.size() < query.limit; ++i) found.page.push_back(all[i]);
  return found;
}

std::vector<Category> categories_of(const std::vector<const Offer*>& offers) {
  std::map<std::string, std::int64_t> counts;
  for (const Offer* offer : offers) ++counts[offer->category.empty() ? "other" : offer->category];
  std::vector<Category> all;
  for (const auto& [name, count] : counts) all.push_back({name, count});
  std::stable_sort(all.begin(), all.end(), [](const Category& a, const Category& b) { return a.count > b.count; });
  return all;
}

}  // namespace mortise::market
