#include <algorithm>
#include <cmath>
#include <string>

#include "base/clock.h"
#include "data/table.h"
#include "data/tensor.h"
#include "data/text.h"
#include "data/wire.h"

namespace mortise::data {

// With shared memory at hand, a frame carries no more than this; what would exceed it goes there, however small.
constexpr std::uint64_t comfortable_segments_bytes = 1u << 20;

class WireWriter {
 public:
  explicit WireWriter(WireEncoder& to) : to_(to), out_(to.text_) {}

  void write(const Value& value, std::uint32_t depth) {
    if (depth > MORTISE_MAX_DEPTH) {
      throw Error(Code::invalid, "a value nests deeper than 128 levels", "flatten it, or send its parts one by one");
    }
    if (++to_.values_ > max_wire_values) {
      throw Error(Code::invalid, "a message holds more than 4000000 values",
                  "send a table or a tensor instead of lists and maps");
    }
    switch (value.kind()) {
      case Kind::null: out_ += "null"; return;
      case Kind::boolean: out_ += value.as_bool() ? "true" : "false"; return;
      case Kind::int64: put_number(out_, value.as_int64()); return;
      case Kind::float64: real(value.as_float64()); return;
      case Kind::string: put_string(out_, value.as_string()); return;
      case Kind::bytes:
        out_ += R"({"$bytes":)";
        place(bytes_of(value.as_bytes()));
        out_ += '}';
        return;
      case Kind::time: out_.append(R"({"$time":")").append(to_rfc3339(value.as_time())).append(R"("})"); return;
      case Kind::list: list(value, depth); return;
      case Kind::map: map(value, depth); return;
      case Kind::tensor: tensor(value.as_tensor()); return;
      case Kind::table: table(value.as_table()); return;
    }
    throw Error(Code::invalid,
                "a value of the unknown kind " + std::to_string(static_cast<std::uint32_t>(value.kind())));
  }

 private:
  static Bytes bytes_of(std::string_view text) noexcept { return std::as_bytes(std::span(text.data(), text.size())); }

  void real(double number) {
    if (std::isfinite(number)) {
      put_number(out_, number);
    } else {
      out_ += std::isnan(number) ? R"({"$float64":"NaN"})"
              : number > 0       ? R"({"$float64":"Infinity"})"
                                 : R"({"$float64":"-Infinity"})";
    }
  }

  void list(const Value& value, std::uint32_t depth) {
    separated('[', value.items(), ']', [&](const Value& item) { write(item, depth + 1); });
  }

  void map(const Value& value, std::uint32_t depth) {
    const auto members = value.members();
    const bool tagged =
        std::any_of(members.begin(), members.end(), [](const Member& member) { return member.key().starts_with('$'); });
    if (!tagged) {
      separated('{', members, '}', [&](const Member& member) {
        put_string(out_, member.key());
        out_ += ':';
        write(member.value(), depth + 1);
      });
      return;
    }
    out_ += R"({"$map":)";
    separated('[', members, ']', [&](const Member& member) {
      out_ += '[';
      put_string(out_, member.key());
      out_ += ',';
      write(member.value(), depth + 1);
      out_ += ']';
    });
    out_ += '}';
  }

  void tensor(const mortise_tensor& leaf) {
    const Bytes bytes = tensor_bytes(leaf);
    out_.append(R"({"$tensor":{"dtype":")").append(name_of(static_cast<Dtype>(leaf.dtype))).append(R"(","shape":)");
    separated('[', std::span(leaf.shape, leaf.rank), ']', [&](std::int64_t length) { put_number(out_, length); });
    out_ += R"(,"data":)";
    place(bytes);
    out_ += "}}";
  }

  void table(const mortise_table& leaf) {
    std::vector<Column> columns = table_columns(leaf);
    out_ += R"({"$table":{"rows":)";
    put_number(out_, row_count(leaf));
    out_ += R"(,"columns":)";
    separated('[', columns, ']', [&](Column& one) { column(one); });
    out_ += "}}";
  }

  void column(Column& column) {
    ++to_.values_;
    out_ += R"({"name":)";
    put_string(out_, column.name);
    out_ += R"(,"format":)";
    put_string(out_, column.format);
    if (!column.nullable) out_ += R"(,"nullable":false)";
    if (column.ordered) out_ += R"(,"ordered":true)";
    out_ += R"(,"length":)";
    put_number(out_, column.length);
    out_ += R"(,"null_count":)";
    put_number(out_, column.null_count);
    out_ += R"(,"buffers":)";
    separated('[', column.buffers, ']', [&](Buffer& one) { buffer(one); });
    if (!column.children.empty()) {
      out_ += R"(,"children":)";
      separated('[', column.children, ']', [&](Column& child) { this->column(child); });
    }
    if (column.dictionary != nullptr) {
      out_ += R"(,"dictionary":)";
      this->column(*column.dictionary);
    }
    if (!column.metadata.empty()) metadata(column);
    out_ += '}';
  }

  void buffer(Buffer& buffer) {
    if (buffer.bytes.empty()) {
      out_ += "null";
      return;
    }
    const Bytes bytes = buffer.bytes;
    if (buffer.keeper != nullptr) to_.kept_.push_back(std::move(buffer));
    place(bytes);
  }

  void metadata(const Column& column) {
    out_ += R"(,"metadata":)";
    separated('{', column.metadata, '}', [&](const auto& pair) {
      if (!is_utf8(pair.first) || !is_utf8(pair.second)) {
        throw Error(Code::unsupported, "column '" + column.name + "' has metadata that is not UTF-8 text")
            .with("column", column.name);
      }
      put_string(out_, pair.first);
      out_ += ':';
      put_string(out_, pair.second);
    });
  }

  // Shared memory where the bytes lie already, else a segment when they are few, else a copy in shared memory.
  void place(Bytes bytes) {
    ArenaPlace arena;
    if (to_.bulk_ != nullptr && !bytes.empty() && to_.bulk_->find(bytes, arena)) return place(arena);
    const std::uint64_t total = to_.segments_size_ + bytes.size();
    const bool fits = to_.bulk_ == nullptr
                          ? total <= max_segments_bytes
                          : bytes.empty() || (bytes.size() <= max_segment_bytes && total <= comfortable_segments_bytes);
    if (fits) {
      out_ += R"({"segment":)";
      put_number(out_, static_cast<std::int64_t>(to_.segments_.size()));
      out_ += '}';
      to_.segments_.push_back(bytes);
      to_.segments_size_ = total;
    } else if (to_.bulk_ != nullptr) {
      place(to_.bulk_->put(bytes));
    } else {
      throw Error(Code::invalid,
                  "a message carries " + std::to_string(total) +
                      " bytes of tables, tensors and bytes; without shared memory the limit is 67108864");
    }
  }

  void place(const ArenaPlace& arena) {
    out_ += R"({"arena":)";
    put_number(out_, std::int64_t{arena.arena});
    out_ += R"(,"offset":)";
    put_number(out_, static_cast<std::int64_t>(arena.offset));
    out_ += R"(,"size":)";
    put_number(out_, static_cast<std::int64_t>(arena.size));
    out_ += '}';
  }

  template <typename Range, typename WriteOne>
  void separated(char open, Range&& range, char close, const WriteOne& write_one) {
    out_ += open;
    bool first = true;
    for (auto& one : range) {
      if (!first) out_ += ',';
      first = false;
      write_one(one);
    }
    out_ += close;
  }

  WireEncoder& to_;
  std::string& out_;
};

void WireEncoder::begin(BulkWriter* bulk) {
  constexpr std::size_t kept_capacity = 1u << 20;  // text that one large message blew up is given back
  if (text_.capacity() > kept_capacity) text_ = std::string();
  text_.clear();
  segments_.clear();
  segments_size_ = 0;
  kept_.clear();
  bulk_ = bulk;
  values_ = 0;
}

void WireEncoder::append(const Value& value) { WireWriter(*this).write(value, 1); }

}  // namespace mortise::data
