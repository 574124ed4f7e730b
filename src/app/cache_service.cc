#include "app/cache_service.h"

#include <cstring>

#include "base/config_units.h"
#include "base/error.h"
#include "data/buffer.h"
#include "jobs/core/kept_value.h"

namespace mortise::app {
namespace {

using plugin::SharedCache;

constexpr std::size_t longest_key = 1024;

Error wrong(const char* key, const std::string& expected) {
  return Error(Code::invalid, std::string("Cache: ") + key + ": expected " + expected)
      .with("key", key)
      .with("expected", expected);
}

std::string text_in(const Value& input, const char* key) {
  const Value* text = input.is(Kind::map) ? input.find(key) : nullptr;
  if (text == nullptr || !text->is(Kind::string) || text->as_string().empty() || text->as_string().size() > longest_key)
    throw wrong(key, "a text of 1 to 1024 bytes");
  return std::string(text->as_string());
}

// A plugin cannot name another one's space: the spaces of plugins and those that are shared begin differently.
std::string space_of(const Value& input, const plugin::Chain& chain) {
  const Value* shared = input.is(Kind::map) ? input.find("shared") : nullptr;
  if (shared != nullptr && !shared->is_null()) return "shared:" + text_in(input, "shared");
  return "plugin:" + std::string(chain.innermost());
}

std::optional<std::chrono::milliseconds> ttl_in(const Value& input) {
  const Value* ttl = input.find("ttl");
  if (ttl == nullptr || ttl->is_null()) return std::nullopt;
  std::optional<std::chrono::nanoseconds> duration;
  if (ttl->is(Kind::string)) duration = config::parse_duration(ttl->as_string());
  if (ttl->is(Kind::int64) || ttl->is(Kind::float64)) {
    duration =
        config::duration_of_seconds(ttl->is(Kind::int64) ? static_cast<double>(ttl->as_int64()) : ttl->as_float64());
  }
  if (!duration || duration->count() <= 0) throw wrong("ttl", "a duration longer than 0, in seconds or such as \"5m\"");
  return std::chrono::ceil<std::chrono::milliseconds>(*duration);
}

// Stops early when the value is larger than may be kept, before all of it has been copied.
class TooLarge {};

std::string bytes_of(const Value& value, std::uint64_t limit) {
  std::string bytes;
  jobs::write_kept_value(value, [&](std::string_view piece) {
    if (bytes.size() + piece.size() > limit) throw TooLarge();
    bytes.append(piece);
  });
  return bytes;
}

SharedCache::Block block_of(const std::string& bytes) {
  const data::Block block = data::allocate_block(bytes.size());
  std::memcpy(block.bytes.data(), bytes.data(), bytes.size());
  return {{block.keeper, block.bytes.data()}, bytes.size()};
}

class CacheService : public plugin::Service {
 public:
  explicit CacheService(SharedCache& cache) : cache_(cache) {}

  Value call(std::string_view method, const Value& input, const plugin::Chain& chain) override {
    const std::string space = space_of(input, chain);
    if (method == "get") return get(space, text_in(input, "key"));
    if (method == "put") return put(space, text_in(input, "key"), input);
    if (method == "delete") return Value::map({{"deleted", cache_.remove(space, text_in(input, "key"))}});
    if (method == "clear") return Value::map({{"count", cache_.clear(space)}});
    throw Error(Code::not_found, "the service Cache has no method '" + std::string(method) + "'",
                "it has get, put, delete and clear");
  }

 private:
  Value get(const std::string& space, const std::string& key) {
    const auto block = cache_.get(space, key);
    if (!block) return Value::map({{"found", false}, {"value", nullptr}});
    return Value::map({{"found", true},
                       {"value", jobs::read_kept_value({data::Bytes(block->data.get(), block->size), block->data})}});
  }

  Value put(const std::string& space, const std::string& key, const Value& input) {
    const Value* value = input.find("value");
    if (value == nullptr) throw wrong("value", "a value to keep");
    const auto ttl = ttl_in(input);
    try {
      const auto stored = cache_.put(space, key, block_of(bytes_of(*value, cache_.limits().entry_bytes)), ttl);
      return Value::map({{"stored", stored == SharedCache::Stored::yes}});
    } catch (const TooLarge&) {
      cache_.remove(space, key);  // what was there is not the value any more
      return Value::map({{"stored", false}});
    }
  }

  SharedCache& cache_;
};

}  // namespace

std::shared_ptr<plugin::Service> make_cache_service(SharedCache& cache) {
  return std::make_shared<CacheService>(cache);
}

}  // namespace mortise::app
