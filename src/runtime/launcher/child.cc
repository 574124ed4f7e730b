#include "runtime/launcher/child.h"

#include <unistd.h>

#include <vector>

namespace mortise::runtime::launcher {
namespace {

void run_program(const Order& order) noexcept {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  arguments.reserve(order.arguments.size() + 1);
  environment.reserve(order.environment.size() + 1);
  for (const std::string& one : order.arguments) arguments.push_back(const_cast<char*>(one.c_str()));
  for (const std::string& one : order.environment) environment.push_back(const_cast<char*>(one.c_str()));
  arguments.push_back(nullptr);
  environment.push_back(nullptr);
  ::execve(arguments[0], arguments.data(), environment.data());
}

}  // namespace

void become_worker(const Order& order, const sandbox::Plan& plan, const zygote::BirthDescriptors& descriptors) noexcept {
  const sandbox::Steps step = zygote::be_born(plan, order.folder, descriptors, zygote::Signals::reset);
  run_program(order);
  step("run its program", false);
  ::_exit(127);
}

}  // namespace mortise::runtime::launcher
