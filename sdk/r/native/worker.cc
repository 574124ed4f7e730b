// What R calls: the conversation with the host, task by task. R/worker.R has the loop.
#include "worker.h"

#include <R_ext/Rdynload.h>
#include <R_ext/eventloop.h>

#include <chrono>
#include <csignal>
#include <memory>

#include "decode.h"
#include "encode.h"
#include "functions.h"
#include "mortise/error_value.hpp"
#include "mortise/output.hpp"
#include "views.h"

extern "C" int R_interrupts_pending;  // R declares it for itself alone

namespace mortise::r {
namespace {

Conversation& open_conversation() {
  Conversation& here = conversation();
  if (here.worker == nullptr)
    throw Error(Code::conflict, "there is no host to talk to", "the host starts workers; tests use run_step()");
  return here;
}

const mortise_call& open_call() {
  const Conversation& here = conversation();
  if (here.call == nullptr) throw Error(Code::conflict, "no call is open: there is nobody to ask");
  return *here.call;
}

mortise_string counted(std::string_view text) { return {text.data(), text.size()}; }

// Runs between the steps of R's evaluator: a call that should stop is interrupted, as by Ctrl-C at a terminal, once.
void look_for_cancel() {
  Conversation& here = conversation();
  if (here.call == nullptr || here.interrupted || here.call->host->cancelled(here.call->context) == 0) return;
  here.interrupted = true;
  R_interrupts_pending = 1;
}

// What is handed to the library as the result: the value, and the R objects that it points into.
struct Result {
  Value value;
  std::unique_ptr<Held> held;
};

// Everything of the call goes, so that no shared memory is held by what R would collect only later.
void end_call() noexcept {
  Conversation& here = conversation();
  const bool shared = here.arrivals.shared();
  here.arrivals.forget();
  here.call = nullptr;
  if (shared) R_gc();
  release_regions();
}

void release_result(mortise_output* output) {
  delete static_cast<Result*>(output->private_data);
  output->release = nullptr;
  end_call();
}

void answer(mortise_status status, std::unique_ptr<Result> result) {
  Conversation& here = open_conversation();
  R_interrupts_pending = 0;
  mortise_output output{};
  output.value = *result->value.c();
  output.value.reserved = 0;
  output.private_data = result.release();
  output.release = release_result;
  if (mortise_worker_reply(here.worker, status, &output) != MORTISE_OK)
    return;  // the host is gone; the next task is the end
}

Value encoded(SEXP object, std::string_view root, Held& held) {
  Place place;
  place.key = root;
  return Encoder(conversation().arrivals, held).encode(object, place);
}

std::string_view only_text(SEXP vector) {
  return TYPEOF(vector) == STRSXP && Rf_xlength(vector) > 0 ? utf8_of(STRING_ELT(vector, 0)) : std::string_view{};
}

SEXP open() {
  return entry([] {
    Conversation& here = conversation();
    const mortise_worker_options options{sizeof options, 3, 0, counted("mortise-r " MORTISE_VERSION), counted("r")};
    detail::Received error;
    const mortise_status status = mortise_worker_open(&options, &here.worker, error.c());
    if (status != MORTISE_OK) throw error_from(code_of(status), error.value(), "the host did not greet");
    R_PolledEvents = look_for_cancel;
    R_wait_usec = 10'000;  // so long Sys.sleep() lets nobody look
    const mortise_worker_hello& hello = *mortise_worker_greeting(here.worker);
    Value about = Value::map();
    about["id"] = detail::text_of(hello.id);
    about["path"] = detail::text_of(hello.path);
    about["entry"] = detail::text_of(hello.entry);
    return decode(about, here.arrivals);
  });
}

// NULL at the end, else c(kind, operation).
SEXP next() {
  return entry([]() -> SEXP {
    Conversation& here = open_conversation();
    mortise_task task{};
    task.size = sizeof task;
    detail::Received error;
    const mortise_status status = mortise_worker_next(here.worker, &task, error.c());
    if (status != MORTISE_OK) throw error_from(code_of(status), error.value(), "the host broke the protocol");
    if (task.kind == MORTISE_TASK_END) return R_NilValue;
    here.call = task.call;
    here.interrupted = false;
    SEXP kinds = allocate(INTSXP, 2);
    INTEGER(kinds)[0] = static_cast<int>(task.kind);
    INTEGER(kinds)[1] = static_cast<int>(task.call->operation);
    return kinds;
  });
}

SEXP input() {
  return entry([] { return decode(Value::view(open_call().input), conversation().arrivals); });
}

SEXP method() {
  return entry([] { return text(detail::text_of(open_call().method)); });
}

SEXP reply(SEXP object, SEXP root) {
  return entry([&] {
    auto result = std::make_unique<Result>();
    result->held = std::make_unique<Held>();
    result->held->keep(object);
    result->value = encoded(object, only_text(root), *result->held);
    answer(MORTISE_OK, std::move(result));
    return R_NilValue;
  });
}

SEXP refuse(SEXP code, SEXP error) {
  return entry([&] {
    auto result = std::make_unique<Result>();
    result->held = std::make_unique<Held>();
    result->value = encoded(error, "the error", *result->held);
    answer(Rf_asInteger(code), std::move(result));
    return R_NilValue;
  });
}

SEXP log(SEXP level, SEXP message, SEXP fields) {
  return entry([&] {
    const mortise_call& call = open_call();
    Held held;
    const Value told = encoded(fields, "fields", held);
    call.host->log(call.context, static_cast<std::uint32_t>(Rf_asInteger(level)), counted(only_text(message)),
                   told.c());
    return R_NilValue;
  });
}

SEXP progress(SEXP fraction, SEXP note) {
  return entry([&] {
    const mortise_call& call = open_call();
    call.host->progress(call.context, Rf_asReal(fraction), counted(only_text(note)));
    return R_NilValue;
  });
}

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// "", "cancelled" or "timeout".
SEXP cancelled() {
  return entry([] {
    const mortise_call& call = open_call();
    if (call.host->cancelled(call.context) == 0) return text("");
    return text(call.deadline_ns != 0 && now_ns() >= call.deadline_ns ? "timeout" : "cancelled");
  });
}

// Seconds, or NULL.
SEXP remaining() {
  return entry([]() -> SEXP {
    const mortise_call& call = open_call();
    if (call.deadline_ns == 0) return R_NilValue;
    return Rf_ScalarReal(std::max(0.0, static_cast<double>(call.deadline_ns - now_ns()) / 1e9));
  });
}

// list(value), or NULL when there is no such key.
SEXP context(SEXP key) {
  return entry([&]() -> SEXP {
    const mortise_call& call = open_call();
    detail::Received out;
    const mortise_status status = call.host->context_get(call.context, counted(only_text(key)), out.c());
    if (status == MORTISE_NOT_FOUND) return R_NilValue;
    if (status != MORTISE_OK) throw error_from(code_of(status), out.value(), "the context could not be read");
    const Shield value(decode(out.value(), conversation().arrivals));
    SEXP found = allocate(VECSXP, 1);
    SET_VECTOR_ELT(found, 0, value);
    return found;
  });
}

SEXP service(SEXP name, SEXP method_name, SEXP object) {
  return entry([&] {
    const mortise_call& call = open_call();
    Held held;
    const Value told = encoded(object, "input", held);
    detail::Received out;
    const mortise_status status =
        call.host->service(call.context, counted(only_text(name)), counted(only_text(method_name)), told.c(), out.c());
    if (status != MORTISE_OK) throw error_from(code_of(status), out.value(), "the service failed");
    return decode(out.value(), conversation().arrivals);
  });
}

// Doubles in memory of the host's.
SEXP empty(SEXP count) {
  return entry([&] {
    const double wanted = Rf_asReal(count);
    if (!(wanted >= 0 && wanted < 4503599627370496.0))
      throw Error(Code::invalid, "a count of elements is a number from 0 on");
    if (conversation().call == nullptr) return allocate(REALSXP, static_cast<R_xlen_t>(wanted));
    const mortise_call& call = open_call();
    mortise_buffer buffer{};
    const auto length = static_cast<std::int64_t>(wanted);
    const mortise_status status =
        call.host->allocate(call.context, static_cast<std::uint64_t>(length) * sizeof(double), &buffer);
    if (status != MORTISE_OK)
      throw Error(code_of(status), "the host has no memory for " + std::to_string(length) + " numbers");
    return make_region(static_cast<double*>(buffer.data), length);
  });
}

// As it would arrive at the other side: for tests without a host.
SEXP crossed(SEXP object, SEXP root) {
  return entry([&] {
    Held held;
    Arrivals none;
    const Value value = encoded(object, only_text(root), held);
    return decode(value, none);
  });
}

template <typename Function>
R_CallMethodDef routine(const char* name, Function function, int arguments) {
  return {name, reinterpret_cast<DL_FUNC>(reinterpret_cast<void (*)()>(function)), arguments};
}

}  // namespace

Conversation& conversation() {
  static Conversation one;
  return one;
}

void count_copied(std::size_t bytes) noexcept {
  if (conversation().worker != nullptr && conversation().call != nullptr)
    mortise_worker_count_copied(conversation().worker, bytes);
}

data::Block memory_for(std::size_t size) {
  const mortise_call* call = conversation().call;
  if (size <= (64 << 10) || call == nullptr) return data::allocate_block(size);
  mortise_buffer buffer{};
  const mortise_status status = call->host->allocate(call->context, size, &buffer);
  if (status != MORTISE_OK)
    throw Error(code_of(status), "the host has no memory for " + std::to_string(size) + " bytes of the result");
  count_copied(size);
  return {{static_cast<std::byte*>(buffer.data), buffer.size}, nullptr};
}

}  // namespace mortise::r

extern "C" MORTISE_EXPORT void R_init_mortise(DllInfo* library) {
  using namespace mortise::r;
  static const R_CallMethodDef routines[] = {routine("C_open", open, 0),
                                             routine("C_next", next, 0),
                                             routine("C_input", input, 0),
                                             routine("C_method", method, 0),
                                             routine("C_reply", reply, 2),
                                             routine("C_refuse", refuse, 2),
                                             routine("C_log", log, 3),
                                             routine("C_progress", progress, 2),
                                             routine("C_cancelled", cancelled, 0),
                                             routine("C_remaining", remaining, 0),
                                             routine("C_context", context, 1),
                                             routine("C_service", service, 3),
                                             routine("C_empty", empty, 1),
                                             routine("C_crossed", crossed, 2),
                                             routine("C_kind", kind_of, 1),
                                             routine("C_schema", schema_of, 1),
                                             routine("C_tensor_parts", tensor_parts, 1),
                                             routine("C_tensor", tensor_of, 3),
                                             routine("C_to_int64", to_int64, 1),
                                             routine("C_int64_text", int64_text, 1),
                                             routine("C_int64_real", int64_real, 1),
                                             routine("C_int64_op", int64_op, 3),
                                             routine("C_zygote_begin", zygote_begin, 0),
                                             routine("C_zygote_next", zygote_next, 0),
                                             routine("C_zygote_be_born", zygote_be_born, 0),
                                             {nullptr, nullptr, 0}};
  R_registerRoutines(library, nullptr, routines, nullptr, nullptr);
  R_useDynamicSymbols(library, FALSE);
  R_forceSymbols(library, TRUE);
  register_views(library);
}
