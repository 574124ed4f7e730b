#include "base/error_object.h"

namespace mortise {
namespace {

Value object(const Error& error, int causes) {
  Value value = Value::map({{"code", name_of(error.code())}, {"message", error.what()}});
  if (!error.hint().empty()) value.set("hint", error.hint());
  for (const auto& [name, text] : error.details()) value["details"].set(name, text);
  if (error.cause() != nullptr && causes > 0) value.set("cause", object(*error.cause(), causes - 1));
  return value;
}

}  // namespace

Value error_object(const Error& error) { return object(error, 32); }

}  // namespace mortise
