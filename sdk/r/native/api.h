// R's C interface, made safe for C++.
//
// R reports an error by longjmp, C++ by an exception, and neither may cross the other's frames. So what may fail in R runs in
// `safely`, which turns R's jump into an exception (Unwind), and every function that R calls is an `entry`, which turns
// exceptions back: Unwind goes on jumping, an Error becomes an R condition with its code, hint, details and cause.
//
// A SEXP lives while something that R knows holds it: a Shield does, in the order of a stack.
#pragma once

#ifndef R_NO_REMAP
#define R_NO_REMAP
#endif
#ifndef STRICT_R_HEADERS
#define STRICT_R_HEADERS
#endif
#include <Rinternals.h>

#include <csetjmp>
#include <string>
#include <string_view>
#include <type_traits>

#include "mortise/error.hpp"

namespace mortise::r {

// R is on its way out of these frames; only `entry` catches it.
struct Unwind {
  SEXP token;
};

SEXP unwind_token();

template <typename Body>
SEXP safely(Body&& body) {
  using Stored = std::remove_reference_t<Body>;
  SEXP token = unwind_token();
  std::jmp_buf jump;
  if (setjmp(jump) != 0) throw Unwind{token};
  SEXP result = R_UnwindProtect([](void* call) -> SEXP { return (*static_cast<Stored*>(call))(); }, &body,
                                [](void* to, Rboolean jumps) {
                                  if (jumps != FALSE) std::longjmp(*static_cast<std::jmp_buf*>(to), 1);
                                },
                                &jump, token);
  SETCAR(token, R_NilValue);
  return result;
}

class Shield {
 public:
  explicit Shield(SEXP object) : object_(PROTECT(object)) {}
  ~Shield() { UNPROTECT(1); }
  Shield(const Shield&) = delete;
  Shield& operator=(const Shield&) = delete;
  operator SEXP() const noexcept { return object_; }  // NOLINT(google-explicit-constructor): it stands for its object

 private:
  SEXP object_;
};

inline SEXP allocate(SEXPTYPE type, R_xlen_t length) {
  return safely([&] { return Rf_allocVector(type, length); });
}

// UTF-8 in, UTF-8 out.
SEXP text(std::string_view utf8);          // one text as a character vector. Throws Error{invalid} for a zero character
SEXP text_element(std::string_view utf8);  // as an element
// Points into R; valid while the element lives, or until the call of R's that runs now returns. Throws for bytes that are no text.
std::string_view utf8_of(SEXP element);

// Calls a function of the package `mortise` with up to three arguments.
SEXP call_package(const char* function, std::initializer_list<SEXP> arguments);

// The condition that stands for an error: list(message, call, hint, details, cause) of class mortise_<code>.
SEXP condition_of(const Error& error);

// Every function that R calls.
template <typename Body>
SEXP entry(Body&& body) {
  SEXP token = nullptr;
  SEXP condition = R_NilValue;
  try {
    try {
      return body();
    } catch (const Error& error) {
      condition = condition_of(error);
    } catch (const std::exception& error) {
      condition = condition_of(Error(Code::internal, error.what()));
    }
  } catch (const Unwind& unwind) {
    token = unwind.token;
  }
  if (token != nullptr) R_ContinueUnwind(token);  // no C++ frame with anything to destroy is left
  PROTECT(condition);
  Rf_eval(PROTECT(Rf_lang2(Rf_install("stop"), condition)), R_BaseEnv);
  UNPROTECT(2);
  return R_NilValue;
}

}  // namespace mortise::r
