#include "app/data_service.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/utf8.h"
#include "os/file.h"

namespace mortise::app {
namespace {

using plugin::Permission;
using plugin::Right;

constexpr std::uint64_t largest = std::uint64_t{48} << 20U;  // of one file; larger ones are named in a step and read from disk

std::string name_in(const Value& input) {
  const Value* name = input.is(Kind::map) ? input.find("name") : nullptr;
  if (name == nullptr || !name->is(Kind::string)) {
    throw Error(Code::invalid, "Data: name: expected the name of an uploaded file", "Data.list has them").with("key", "name");
  }
  http::FileShelf::require_name(name->as_string());
  return std::string(name->as_string());
}

std::string_view content_in(const Value& input) {
  const Value* content = input.find("content");
  if (content != nullptr && content->is(Kind::string)) return content->as_string();
  if (content != nullptr && content->is(Kind::bytes)) return content->as_bytes();
  throw Error(Code::invalid, "Data: content: expected a text or bytes").with("key", "content");
}

Value described(const http::FileShelf::Entry& entry) {
  return Value::map({{"name", entry.name},
                     {"size", entry.size},
                     {"sha256", entry.sha256},
                     {"modified", to_rfc3339(entry.modified)}});
}

class DataService : public plugin::Service {
 public:
  DataService(http::FileShelf& files, const plugin::Grants& grants, const plugin::Registry& registry)
      : files_(files), grants_(grants), registry_(registry) {}

  Value call(std::string_view method, const Value& input, const plugin::Chain& chain) override {
    const bool reads = method == "list" || method == "read";
    const bool writes = method == "write" || method == "remove";
    if (!reads && !writes) {
      throw Error(Code::not_found, "the service Data has no method '" + std::string(method) + "'",
                  "it has list, read, write and remove");
    }
    require(reads ? Right::read_data : Right::write_data, method, chain);
    if (method == "list") return list();
    if (method == "read") return read(name_in(input));
    return method == "write" ? write(name_in(input), content_in(input)) : remove(name_in(input));
  }

 private:
  // Of whoever asks. A host that asks itself, with nobody waiting, has no permission to lack.
  void require(Right right, std::string_view method, const plugin::Chain& chain) const {
    const std::string asker(chain.innermost());
    if (asker.empty()) return;
    const auto descriptor = registry_.find(asker);
    if (descriptor != nullptr && grants_.allowed(*descriptor).has(right)) return;
    throw plugin::denial(asker, Permission{right, {}}, "Data." + std::string(method));
  }

  Value list() const {
    Value all = Value::list();
    for (const auto& entry : files_.list()) {
      if (entry.complete) all.push_back(described(entry));
    }
    return Value::map({{"files", std::move(all)}});
  }

  // {..., "text"} where it is UTF-8, else {..., "bytes"}
  Value read(const std::string& name) const {
    const auto entry = files_.get(name);
    if (entry.size > largest) {
      throw Error(Code::invalid, "file '" + name + "' has " + std::to_string(entry.size) + " bytes; 48 MiB are the most at once",
                  "name it in the configuration of the step: " + entry.path)
          .with("file", name);
    }
    std::string content = os::read_file(entry.path, largest);
    Value answer = described(entry);
    const bool text = find_invalid_utf8(content) == std::string_view::npos;
    answer.set(text ? "text" : "bytes", text ? Value(content) : Value::bytes(content));
    return answer;
  }

  Value write(const std::string& name, std::string_view content) const {
    const auto part = files_.open(name, std::nullopt);
    part->write(content);
    part->sync();
    return described(part->finish({}));
  }

  Value remove(const std::string& name) const {
    files_.remove(name);
    return Value::map({{"removed", name}});
  }

  http::FileShelf& files_;
  const plugin::Grants& grants_;
  const plugin::Registry& registry_;
};

}  // namespace

std::shared_ptr<plugin::Service> make_data_service(http::FileShelf& files, const plugin::Grants& grants,
                                                   const plugin::Registry& registry) {
  return std::make_shared<DataService>(files, grants, registry);
}

}  // namespace mortise::app
