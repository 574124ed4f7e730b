// A value with everything in it, tables included, as a JSON document.
//
// What each kind becomes is told in lib/json_text.h and lib/cells.h. With an indent, maps stand one member a line, a table
// one row (or column) a line, and a list of scalars in one line. The text is handed on in pieces, so a large table never
// stands in memory twice.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "mortise/value.hpp"

namespace mortise::plugins {

enum class TableShape { records, columns };

struct DocumentStyle {
  TableShape shape = TableShape::records;
  int indent = 2;
};

// Takes the next piece of the text; may throw.
using TextSink = std::function<void(std::string_view)>;

// Returns the rows of all tables, or the items of a list when there is no table. Ends with a line end.
std::int64_t write_document(const Value& value, const DocumentStyle& style, const TextSink& sink);

}  // namespace mortise::plugins
