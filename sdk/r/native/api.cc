#include "api.h"

#include <climits>
#include <cstring>

#include "data/text.h"
#include "mortise/error_value.hpp"

namespace mortise::r {
namespace {

constexpr const char* codes[] = {"plugin", "invalid", "not_found", "conflict", "denied",  "unsupported",
                                 "busy",   "timeout", "cancelled", "plugin",   "internal"};

SEXP named_list(std::initializer_list<const char*> names) {
  const Shield list(allocate(VECSXP, static_cast<R_xlen_t>(names.size())));
  const Shield labels(allocate(STRSXP, static_cast<R_xlen_t>(names.size())));
  R_xlen_t at = 0;
  for (const char* name : names) SET_STRING_ELT(labels, at++, text_element(name));
  Rf_setAttrib(list, R_NamesSymbol, labels);
  return list;
}

// A text for people: what R cannot hold is shown as "?".
SEXP shown(std::string_view utf8) {
  std::string clean(utf8);
  for (char& letter : clean) {
    if (letter == '\0') letter = '?';
  }
  return text(clean);
}

SEXP details_of(const Error& error) {
  const auto count = static_cast<R_xlen_t>(error.details().size());
  const Shield list(allocate(VECSXP, count));
  const Shield names(allocate(STRSXP, count));
  R_xlen_t at = 0;
  for (const auto& [name, value] : error.details()) {
    SET_STRING_ELT(names, at, text_element(name));
    SET_VECTOR_ELT(list, at++, shown(value));
  }
  Rf_setAttrib(list, R_NamesSymbol, names);
  return list;
}

SEXP condition_of(const Error& error, int causes) {
  const Shield condition(named_list({"message", "call", "hint", "details", "parent"}));
  SET_VECTOR_ELT(condition, 0, shown(error.what()));
  SET_VECTOR_ELT(condition, 2, shown(error.hint()));
  SET_VECTOR_ELT(condition, 3, details_of(error));
  if (error.cause() != nullptr && causes > 0) SET_VECTOR_ELT(condition, 4, condition_of(*error.cause(), causes - 1));
  const Shield classes(allocate(STRSXP, 4));
  SET_STRING_ELT(classes, 0, text_element(std::string("mortise_") + codes[status_of(error.code())]));
  SET_STRING_ELT(classes, 1, text_element("mortise_error"));
  SET_STRING_ELT(classes, 2, text_element("error"));
  SET_STRING_ELT(classes, 3, text_element("condition"));
  Rf_setAttrib(condition, R_ClassSymbol, classes);
  return condition;
}

}  // namespace

SEXP unwind_token() {
  static SEXP token = [] {
    SEXP made = R_MakeUnwindCont();
    R_PreserveObject(made);
    return made;
  }();
  return token;
}

SEXP text_element(std::string_view utf8) {
  if (utf8.size() > INT_MAX) {
    throw Error(Code::unsupported, "a text of " + std::to_string(utf8.size()) + " bytes; R holds at most 2147483647",
                "send it as bytes, or in parts");
  }
  if (utf8.find('\0') != std::string_view::npos) {
    throw Error(Code::invalid, "a text with a zero character in it, which R cannot hold here", "send it as bytes");
  }
  return safely([&] { return Rf_mkCharLenCE(utf8.data(), static_cast<int>(utf8.size()), CE_UTF8); });
}

SEXP text(std::string_view utf8) {
  const Shield element(text_element(utf8));
  return safely([&] { return Rf_ScalarString(element); });
}

std::string_view utf8_of(SEXP element) {
  const char* utf8 = CHAR(element);
  const cetype_t encoding = Rf_getCharCE(element);
  if (encoding == CE_LATIN1) {
    safely([&] {
      utf8 = Rf_translateCharUTF8(element);
      return R_NilValue;
    });
  }
  const std::string_view all(utf8, std::strlen(utf8));
  if (encoding == CE_BYTES || !data::is_utf8(all)) {
    throw Error(Code::plugin, "a text that is not UTF-8",
                "convert it with iconv(x, from, \"UTF-8\"), or send raw bytes");
  }
  return all;
}

SEXP call_package(const char* function, std::initializer_list<SEXP> arguments) {
  return safely([&] {
    SEXP list = R_NilValue;
    int protects = 0;
    for (auto argument = std::rbegin(arguments); argument != std::rend(arguments); ++argument, ++protects) {
      list = PROTECT(Rf_cons(*argument, list));
    }
    SEXP call = PROTECT(Rf_lcons(Rf_install(function), list));
    SEXP home = PROTECT(R_FindNamespace(PROTECT(Rf_mkString("mortise"))));
    SEXP result = Rf_eval(call, home);
    UNPROTECT(protects + 3);
    return result;
  });
}

SEXP condition_of(const Error& error) { return condition_of(error, max_error_causes); }

}  // namespace mortise::r
