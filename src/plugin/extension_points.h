// Extension points: the places where a plugin can take part, with the operations each place asks for and the shapes of
// what goes in and comes out. One table, extension_points.cc; docs/extension-points.md is printed from it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "mortise/value.hpp"

namespace mortise::plugin {

enum class Need { required, optional };

struct OperationContract {
  std::uint32_t operation;  // MORTISE_OP_*
  std::string_view method;  // of MORTISE_OP_CALL, else empty
  Need need;
  std::string_view input;   // a shape, see shape.h
  std::string_view output;  // a shape
};

enum class Group { data, step, monitor, model, component };
[[nodiscard]] std::string_view name_of(Group group) noexcept;

struct ExtensionPoint {
  std::string_view name;
  Group group;
  std::string_view summary;
  std::span<const OperationContract> operations;
  std::string_view permission;  // a plugin here needs this permission, or empty
};

[[nodiscard]] std::span<const ExtensionPoint> extension_points() noexcept;
[[nodiscard]] const ExtensionPoint* find_extension_point(std::string_view name) noexcept;
// Or Error{invalid} "Unknown extension point: X" with the nearest name as hint.
[[nodiscard]] const ExtensionPoint& extension_point(std::string_view name);

// "step", as in the worker protocol; empty when there is no such operation.
[[nodiscard]] std::string_view operation_name(std::uint32_t operation) noexcept;
// The contract of an operation at a point, or null when the point does not ask for it.
[[nodiscard]] const OperationContract* contract(const ExtensionPoint& point, std::uint32_t operation,
                                                std::string_view method = {}) noexcept;

// Throw Error{invalid} that names the path in the value ("input.parameters.method"), what was expected and what was there,
// and Error{unsupported} for an operation that the point does not ask for.
void check_input(const ExtensionPoint& point, std::uint32_t operation, const Value& input, std::string_view method = {});
void check_output(const ExtensionPoint& point, std::uint32_t operation, const Value& output, std::string_view method = {});

// docs/extension-points.md.
[[nodiscard]] std::string extension_points_page();

}  // namespace mortise::plugin
