#include "data/tensor.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>

namespace mortise::data {
namespace {

TEST_CASE("every dtype has a name, a size, and is found by its name") {
  for (std::uint32_t number = MORTISE_DTYPE_BOOL; number <= MORTISE_DTYPE_FP64; ++number) {
    const auto dtype = static_cast<Dtype>(number);
    CHECK(dtype_named(name_of(dtype)) == dtype);
    CHECK(element_size(dtype) >= 1);
  }
  CHECK(element_size(Dtype::fp16) == 2);
  CHECK(!dtype_named("FP8"));
  CHECK(element_size(static_cast<Dtype>(99)) == 0);
}

TEST_CASE("the size of a tensor is refused rather than wrapped around") {
  using Shape = std::vector<std::int64_t>;
  CHECK(tensor_size(Dtype::fp32, Shape{2, 3}) == 24);
  CHECK(tensor_size(Dtype::fp32, Shape{}) == 4);
  CHECK(tensor_size(Dtype::fp32, Shape{5, 0, 7}) == 0);
  CHECK_THROWS_AS(static_cast<void>(tensor_size(Dtype::uint8, Shape{-1})), Error);
  CHECK_THROWS_AS(static_cast<void>(tensor_size(Dtype::uint8, Shape{std::int64_t{1} << 32, std::int64_t{1} << 32})),
                  Error);
  CHECK_THROWS_AS(static_cast<void>(tensor_size(Dtype::fp64, Shape{std::numeric_limits<std::int64_t>::max()})), Error);
  CHECK_THROWS_AS(static_cast<void>(tensor_size(Dtype::fp64, Shape{0, std::numeric_limits<std::int64_t>::max(), 2})),
                  Error);
  CHECK_THROWS_AS(static_cast<void>(tensor_size(Dtype::uint8, Shape(33, 1))), Error);
  CHECK(tensor_size(Dtype::uint8, Shape(32, 1)) == 1);
  CHECK_THROWS_AS(static_cast<void>(tensor_size(static_cast<Dtype>(13), Shape{1})), Error);
}

TEST_CASE("a tensor keeps its buffer alive without copying it, and gives it up at last") {
  auto owner = std::make_shared<std::array<double, 3>>(std::array<double, 3>{1, 2, 3});
  const std::weak_ptr<void> watch = owner;
  const void* address = owner->data();
  Value tensor = make_tensor(Dtype::fp64, {3}, Buffer{std::as_bytes(std::span(*owner)), owner});
  owner.reset();
  CHECK(tensor.as_tensor().data == address);
  Value second = tensor;
  tensor = Value();
  CHECK(!watch.expired());
  Buffer buffer = tensor_buffer(second);
  second = Value();
  CHECK(buffer.as<double>()[2] == 3);
  buffer = {};
  CHECK(watch.expired());
}

TEST_CASE("a buffer that is not aligned is copied once, a buffer of the wrong size is refused") {
  alignas(8) std::array<std::byte, 24> memory{};
  const Value tensor = make_tensor(Dtype::fp64, {2}, Buffer{Bytes(memory).subspan(4, 16), nullptr});
  CHECK(reinterpret_cast<std::uintptr_t>(tensor.as_tensor().data) % 8 == 0);
  CHECK_THROWS_AS(static_cast<void>(make_tensor(Dtype::fp64, {2}, Buffer{Bytes(memory).first(15), nullptr})), Error);
  CHECK_THROWS_AS(static_cast<void>(make_tensor(Dtype::fp64, {2}, Buffer{Bytes(memory).first(24), nullptr})), Error);
}

TEST_CASE("a foreign tensor that breaks a rule is refused before it is read") {
  const std::int64_t shape[] = {2};
  const double data[] = {1, 2};
  mortise_tensor good{sizeof(mortise_tensor), MORTISE_DTYPE_FP64, 1, shape, data, nullptr, nullptr, nullptr};
  CHECK(tensor_bytes(good).size() == 16);
  mortise_tensor bad = good;
  bad.size = 8;
  CHECK_THROWS_AS(static_cast<void>(tensor_bytes(bad)), Error);
  bad = good;
  bad.shape = nullptr;
  CHECK_THROWS_AS(static_cast<void>(tensor_bytes(bad)), Error);
  bad = good;
  bad.data = nullptr;
  CHECK_THROWS_AS(static_cast<void>(tensor_bytes(bad)), Error);
  bad = good;
  bad.rank = 33;
  CHECK_THROWS_AS(static_cast<void>(tensor_bytes(bad)), Error);
  bad = good;
  bad.dtype = 0;
  CHECK_THROWS_AS(static_cast<void>(tensor_bytes(bad)), Error);
  bad = good;
  bad.data = reinterpret_cast<const char*>(data) + 1;
  CHECK_THROWS_AS(static_cast<void>(tensor_bytes(bad)), Error);
}

TEST_CASE("half precision numbers are read exactly") {
  CHECK(half_to_double(0x3C00) == 1.0);
  CHECK(half_to_double(0xC000) == -2.0);
  CHECK(half_to_double(0x0001) == std::ldexp(1.0, -24));
  CHECK(half_to_double(0x7BFF) == 65504.0);
  CHECK(half_to_double(0xFC00) == -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(half_to_double(0x7E00)));
  CHECK(std::signbit(half_to_double(0x8000)));
}

TEST_CASE("elements of every dtype become numbers") {
  const auto one = [](Dtype dtype, auto element) {
    const auto elements = std::array{element};
    return tensor_to_lists(make_tensor(dtype, {1}, std::span<const decltype(element)>(elements)).as_tensor())[0];
  };
  CHECK(one(Dtype::boolean, std::uint8_t{1}) == Value(true));
  CHECK(one(Dtype::int8, std::int8_t{-5}) == Value(-5));
  CHECK(one(Dtype::uint64, std::uint64_t{7}) == Value(7));
  CHECK(one(Dtype::uint64, ~std::uint64_t{0}) == Value(18446744073709551616.0));
  CHECK(one(Dtype::fp32, 0.5F) == Value(0.5));
  CHECK(one(Dtype::fp16, std::uint16_t{0x3C00}) == Value(1.0));
}

}  // namespace
}  // namespace mortise::data
